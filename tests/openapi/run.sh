#!/bin/sh
# Holds the control API against its own OpenAPI document, with tools that others use.
#
#   tests/openapi/run.sh
#
# HOLM_BIN names the program to test; without it `holm` is built in release mode first. The tools
# are installed from PyPI below tests/openapi/; a package that cannot be installed is a failure,
# never a reason to skip.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/program.sh"

find_program

venv="$here/.venv"
wanted="$here/requirements.txt"
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$venv/installed.txt"
fi
"$venv/bin/python" "$here/suite.py" "$holm"
