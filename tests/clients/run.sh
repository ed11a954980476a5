#!/bin/sh
# Runs the suites of foreign client libraries against holm; any failure is an exit code other than 0.
#
#   tests/clients/run.sh            builds holm --release first
#   HOLM_BIN=path tests/clients/run.sh   takes that binary
#
# A package that cannot be installed is a failure, not a reason to skip.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# Everything here talks to loopback; a proxy of the environment must not get in between.
export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
export no_proxy="$NO_PROXY"

if [ -z "${HOLM_BIN:-}" ]; then
    (cd "$root" && cargo build --release --locked)
    HOLM_BIN="${CARGO_TARGET_DIR:-$root/target}/release/holm"
fi
if [ ! -x "$HOLM_BIN" ]; then
    echo "tests/clients: $HOLM_BIN is not a program" >&2
    exit 1
fi
HOLM_BIN=$(cd "$(dirname "$HOLM_BIN")" && pwd)/$(basename "$HOLM_BIN")

# The lock file decides; an installation of it is used again.
stamp="$here/node_modules/.package-lock.json"
if [ ! -f "$stamp" ] || [ "$here/package-lock.json" -nt "$stamp" ]; then
    (cd "$here" && npm ci --no-audit --no-fund)
fi

cd "$here"
exec node suite.mjs "$@" "$HOLM_BIN"
