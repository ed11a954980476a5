# For the scripts that test the built program; to be sourced with $root set to the checkout.

# Everything here talks to loopback; a proxy of the environment must not get in between.
export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}"
export no_proxy="$NO_PROXY"

# Sets $holm to the program that HOLM_BIN names, or to one that is built first in release mode.
find_program() {
    if [ -z "${HOLM_BIN:-}" ]; then
        (cd "$root" && cargo build --release --locked)
        HOLM_BIN="${CARGO_TARGET_DIR:-$root/target}/release/holm"
    fi
    if [ ! -x "$HOLM_BIN" ]; then
        echo "$0: $HOLM_BIN is not a program" >&2
        exit 1
    fi
    holm=$(cd "$(dirname "$HOLM_BIN")" && pwd)/$(basename "$HOLM_BIN")
    # The program itself reads variables of this prefix as settings.
    unset HOLM_BIN
}
