#!/bin/sh
# Looks at the load tool's HTML report in a real browser, headless Chromium.
#
#   tests/browser/run.sh
#
# HOLM_BIN names the program to test; without it `holm` is built in release mode first. CHROMIUM
# names the browser; without it one is looked for and, on Debian and as root, installed. No browser
# is a failure, never a reason to skip.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/program.sh"

find_browser() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then
            command -v "$name"
            return
        fi
    done
}

browser=$(find_browser)
if [ -z "$browser" ] && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null
    browser=$(find_browser)
fi
if [ -z "$browser" ]; then
    echo "tests/browser: please install chromium" >&2
    exit 1
fi

find_program

"${PYTHON:-python3}" "$here/suite.py" "$holm" "$browser"
