#!/bin/sh
# Runs the suites of foreign client libraries against holm.
#
#   tests/clients/run.sh [node-metaverse] [hippolyzer] [script-host]
#
# Without names all of them run; the last is the Python example of docs/script-host.md. HOLM_BIN
# names the program to test; without it `holm` is built in release mode first. Any failure is an
# exit code other than 0, and a package that cannot be installed is a failure, never a reason to
# skip.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/program.sh"
. "$here/install.sh"

node_metaverse() {
    install_node_metaverse
    (cd "$here" && node suite.mjs "$holm")
}

hippolyzer() {
    install_hippolyzer
    "$hippolyzer_python" "$here/hippolyzer/suite.py" "$holm"
}

script_host() {
    "${PYTHON:-python3}" "$here/script_host.py" "$holm"
}

if [ "$#" -eq 0 ]; then
    set -- node-metaverse hippolyzer script-host
fi

find_program
# Whatever a client asks for, no storage job may depend on how often it runs.
export HOLM_STORAGE_REHEARSE=true

failed=
for suite in "$@"; do
    echo "# $suite"
    # A child shell of its own, so that `set -e` holds inside although its end is looked at here.
    case "$suite" in
        node-metaverse) run=node_metaverse ;;
        hippolyzer) run=hippolyzer ;;
        script-host) run=script_host ;;
        *)
            echo "tests/clients: no suite named $suite" >&2
            exit 2
            ;;
    esac
    set +e
    (set -e; "$run")
    code=$?
    set -e
    if [ "$code" -ne 0 ]; then
        failed="$failed $suite"
    fi
done
if [ -n "$failed" ]; then
    echo "tests/clients: failed:$failed" >&2
    exit 1
fi
