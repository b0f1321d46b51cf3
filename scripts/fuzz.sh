#!/usr/bin/env bash
# Runs the fuzz targets one after the other, each for so many seconds, and prints what they did. What is found is kept in
# fuzz/artifacts/, and everything of interest in fuzz/corpus/. It builds them with cargo-fuzz, unless they are built already.
#
#   scripts/fuzz.sh [--seconds 600] [--binaries DIRECTORY] [TARGET...]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

seconds=600 binaries= targets=()
while [ $# -gt 0 ]; do
    case "$1" in
    --seconds | --binaries)
        [ $# -gt 1 ] || usage
        if [ "$1" = --seconds ]; then seconds=$2; else binaries=$2; fi
        shift 2
        ;;
    -*) usage ;;
    *)
        targets+=("$1")
        shift
        ;;
    esac
done
case "$seconds" in '' | *[!0-9]*) usage ;; esac
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(cd "$root/fuzz/fuzz_targets" && printf '%s\n' *.rs | sed 's/\.rs$//')
fi

cd "$root/fuzz"
if [ -z "$binaries" ]; then
    # The versions that the rest is built with.
    cp ../Cargo.lock Cargo.lock
    toolchain=$(dirname "$(rustup which --toolchain nightly cargo)")
    PATH=$toolchain:$PATH cargo fuzz build
    host=$(PATH=$toolchain:$PATH rustc -vV | sed -n 's/^host: //p')
    binaries=${CARGO_TARGET_DIR:-$root/fuzz/target}/$host/release
fi

failed=0
printf '%-10s %12s %8s %9s %8s  %s\n' target executions per_s coverage corpus result
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target" "seeds/$target"
    log=artifacts/$target/log
    result=nothing
    "$binaries/$target" "corpus/$target" "seeds/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix="artifacts/$target/" >"$log" 2>&1 || {
        failed=1
        result="found: $(sed -n 's/^Test unit written to //p' "$log" | tail -1)"
    }
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    last() { grep -o "$1: [^ ]*" "$log" | tail -1 | cut -d' ' -f2 || true; }
    printf '%-10s %12s %8s %9s %8s  %s\n' "$target" "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" \
        "$(last cov)" "$(last corp)" "$result"
done
exit $failed
