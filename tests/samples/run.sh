#!/bin/sh
# Runs the code of README.md and docs/ as it stands there, and the programs in examples/.
#
#   tests/samples/run.sh [PART_OF_A_NAME...]
#
# Without names all blocks run; a name is as in the output, say `README.md:43`. HOLM_BIN names the
# program to test; without it `holm` is built in release mode first. A package that cannot be
# installed is a failure, never a reason to skip. What is done with each block is in rules.py.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/program.sh"
. "$root/tests/clients/install.sh"

find_program
install_hippolyzer
python3 "$here/suite.py" "$holm" "$hippolyzer_python" "$@"
