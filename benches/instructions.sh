#!/usr/bin/env bash
# Instruction counts of the codec and of circuits, and how they changed since the last run here.
#
#   benches/instructions.sh [ARGUMENT...]      arguments go to gungraun, such as a filter
#
# Skips, loudly and without failing, where valgrind or the runner are missing.
set -euo pipefail

cd "$(dirname "$0")/.."
version=$(sed -n '/^name = "gungraun-runner"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
skip() {
    echo "instruction counts SKIPPED: $1" >&2
    exit 0
}
command -v valgrind >/dev/null || skip "no valgrind here"
runner=${GUNGRAUN_RUNNER:-$(command -v gungraun-runner || true)}
install="cargo install gungraun-runner --version $version --locked"
[ -x "$runner" ] || skip "no gungraun-runner; get it by: $install"
case $("$runner" --version) in
    *"$version"*) ;;
    *) skip "$runner is not of version $version; get it by: $install" ;;
esac
# Its path is compiled in. Valgrind finds the measured functions by their symbols.
export GUNGRAUN_RUNNER=$runner
cargo bench --locked --features instruction-counts --bench instructions -- "$@"
