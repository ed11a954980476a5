#!/usr/bin/env bash
# Builds every fuzz target and runs each for some seconds.
#
#   fuzz/smoke.sh [SECONDS [TARGET...]]
#
# It does what `cargo fuzz run --sanitizer none` does, but needs neither cargo-fuzz nor a nightly
# compiler: coverage instrumentation is plain code generation flags, and without unsafe code there
# is little for a memory sanitizer to find. For long runs take cargo-fuzz (CONTRIBUTING.md).
set -euo pipefail

cd "$(dirname "$0")"
seconds=${1:-5}
shift || true
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
    for file in fuzz_targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

export RUSTFLAGS="--cfg fuzzing \
 -Cpasses=sancov-module \
 -Cllvm-args=-sanitizer-coverage-level=4 \
 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
 -Cllvm-args=-sanitizer-coverage-pc-table \
 -Cllvm-args=-sanitizer-coverage-trace-compares \
 -Ccodegen-units=16"
# With a target named, build scripts and procedural macros stay without these flags.
host=$(rustc -vV | sed -n 's/^host: //p')
# Not the variable that the crate above may use: these artefacts must not overwrite its own.
unset CARGO_TARGET_DIR
cargo build --release --target "$host"

passed=0
failed=0
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    if output=$("target/$host/release/$target" "corpus/$target" \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=16384 \
        -artifact_prefix="artifacts/$target/" 2>&1); then
        echo "ok $target: $(sed -n 's/^Done \([0-9]* runs\).*/\1/p' <<<"$output")"
        passed=$((passed + 1))
    else
        echo "$output" | tail -40
        echo "not ok $target"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
