#!/usr/bin/env bash
# Compares the speed of this checkout with that of another commit, by ratio.
#
#   benches/compare.sh BASE [-r ROUNDS] [-b BENCH]... [FILTER]
#
#   BASE    any commit; it is checked out beside this one and removed at the end
#   ROUNDS  how often each side runs (default 5)
#   BENCH   codec, circuit, llsd, event_queue, region, lsl or endpoint (default: all but the last)
#   FILTER  part of a benchmark's name
#
# Both sides are built first and then run in turn, so that what else the machine does hits both.
# The last column says whether all rounds agree; where they do not, there is nothing to see but
# noise. The present checkout counts as it is, changes without a commit included. The artifacts of
# BASE stay in target/bench-base.
set -euo pipefail

usage() {
    sed -n '2,/^$/{/^#/!d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
}

base=
rounds=5
benches=()
filter=
while [ "$#" -gt 0 ]; do
    case $1 in
        -r) [ "$#" -gt 1 ] || usage; rounds=$2; shift ;;
        -b) [ "$#" -gt 1 ] || usage; benches+=("$2"); shift ;;
        -*) usage ;;
        *) if [ -z "$base" ]; then base=$1; elif [ -z "$filter" ]; then filter=$1; else usage; fi ;;
    esac
    shift
done
[ -n "$base" ] || usage
[[ $rounds =~ ^[1-9][0-9]*$ ]] || usage
[ "${#benches[@]}" -gt 0 ] || benches=(codec circuit llsd event_queue region lsl)

cd "$(dirname "$0")/.."
root=$PWD
base=$(git rev-parse --verify --quiet "$base^{commit}") || {
    echo "benches/compare.sh: no such commit" >&2
    exit 2
}
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/bench-compare
mkdir -p "$work"
exec 9>"$work/lock"
flock -n 9 || { echo "benches/compare.sh: another comparison runs" >&2; exit 1; }

clean() {
    cd "$root"
    git worktree remove --force "$work/source" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM
# What a run left that was killed.
git worktree remove --force "$work/source" 2>/dev/null || true
git worktree add --quiet --detach "$work/source" "$base"

shared=()
for bench in "${benches[@]}"; do
    if ! grep -qs '^criterion_main!' "benches/$bench.rs"; then
        echo "benches/compare.sh: no bench named $bench, or none that keeps its figures" >&2
        exit 2
    elif [ -f "$work/source/benches/$bench.rs" ]; then
        shared+=("$bench")
    else
        echo "$bench: not in ${base:0:10}, left out"
    fi
done
[ "${#shared[@]}" -gt 0 ] || { echo "nothing to compare"; exit 0; }

# Builds the benches of one directory into another; prints "name executable" for each. Two checkouts
# must not share a directory of artifacts, cargo would take those of one for the other's; that of
# BASE is kept, so that its dependencies are built once.
build() {
    local flags=()
    for bench in "${shared[@]}"; do flags+=(--bench "$bench"); done
    (cd "$1" && CARGO_TARGET_DIR=$2 cargo bench --no-run --locked "${flags[@]}" \
        --message-format=json-render-diagnostics) |
        grep '"kind":\["bench"\]' |
        sed -n 's/.*"target":{[^}]*"name":"\([^"]*\)".*"executable":"\([^"]*\)".*/\1 \2/p'
}
echo "building ${base:0:10}" >&2
build "$work/source" "$target/bench-base" >"$work/base.list"
echo "building this checkout" >&2
build . "$target" >"$work/here.list"

# One run of one side; each result becomes a file.
run() {
    local side=$1 round=$2 bench=$3 executable
    executable=$(sed -n "s/^$bench //p" "$work/$side.list")
    CRITERION_HOME=$work/results/$side/$round/$bench "$executable" --bench --noplot \
        --warm-up-time 0.3 --measurement-time 1 ${filter:+"$filter"} >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for bench in "${shared[@]}"; do
        if ((round % 2)); then order=(base here); else order=(here base); fi
        for side in "${order[@]}"; do run "$side" "$round" "$bench"; done
    done
done

# Lines "name side round nanoseconds" become one line per benchmark.
[ -d "$work/results" ] && cd "$work/results" || { echo "no benchmark matches"; exit 0; }
find . -path '*/new/estimates.json' | while IFS= read -r file; do
    IFS=/ read -r _ side round _ name <<<"${file%/new/estimates.json}"
    nanoseconds=$(sed -n \
        's/.*"median":{"confidence_interval":{[^}]*},"point_estimate":\([^,]*\),.*/\1/p' "$file")
    printf '%s\t%s\t%s\t%s\n' "$name" "$side" "$round" "$nanoseconds"
done | LC_ALL=C sort | LC_ALL=C awk -F '\t' -v base="${base:0:10}" '
    function median(values, count,    i, j, value) {
        for (i = 2; i <= count; i++) {
            value = values[i]
            for (j = i - 1; j > 0 && values[j] > value; j--) values[j + 1] = values[j]
            values[j + 1] = value
        }
        i = int((count + 1) / 2)
        return count % 2 ? values[i] : (values[i] + values[i + 1]) / 2
    }
    function time(ns) {
        if (ns < 1e3) return sprintf("%.1f ns", ns)
        if (ns < 1e6) return sprintf("%.2f us", ns / 1e3)
        return sprintf("%.2f ms", ns / 1e6)
    }
    { at[$1, $2, $3] = $4; if (!($1 in known)) { known[$1]; names[++total] = $1 }
      if ($3 > rounds) rounds = $3 }
    END {
        printf "%-64s %10s %10s %7s  %s\n", "", base, "here", "ratio", "by round"
        for (n = 1; n <= total; n++) {
            name = names[n]; count = 0; low = 1e9; high = 0
            for (round = 1; round <= rounds; round++) {
                if (!((name, "base", round) in at) || !((name, "here", round) in at)) continue
                b[++count] = at[name, "base", round]; h[count] = at[name, "here", round]
                ratio = h[count] / b[count]
                if (ratio < low) low = ratio
                if (ratio > high) high = ratio
            }
            if (!count) { printf "%-64s only on one side\n", name; continue }
            old = median(b, count); new = median(h, count)
            verdict = high < 1 ? "  faster" : low > 1 ? "  slower" : ""
            printf "%-64s %10s %10s %7.3f  %.2f-%.2f%s\n",
                name, time(old), time(new), new / old, low, high, verdict
        }
    }
'
