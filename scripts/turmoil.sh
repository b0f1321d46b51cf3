#!/usr/bin/env bash
# Runs real nodes, with Raft, gRPC and files, on a simulated network and clock: a process per seed. Hosts are killed and cut off,
# messages are held, lost and late. Prints the seeds that fail; such a seed runs again with `--first SEED --seeds 1`.
#
#   scripts/turmoil.sh [--seeds 200] [--first 0] [--binary FILE]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

seeds=200 first=0 binary=
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case "$1" in
    --seeds) seeds=$2 ;;
    --first) first=$2 ;;
    --binary) binary=$2 ;;
    *) usage ;;
    esac
    shift 2
done
for number in "$seeds" "$first"; do
    case "$number" in '' | *[!0-9]*) usage ;; esac
done

if [ -z "$binary" ]; then
    cd "$root/sim"
    # The versions that the rest is built with.
    cp ../Cargo.lock Cargo.lock
    cargo build --quiet
    binary=${CARGO_TARGET_DIR:-$root/sim/target}/debug/eventflux-sim
fi

# A seed that hangs has failed, too.
run() {
    timeout 600 "$binary" --seed "$1" 2>&1 || {
        status=$?
        [ $status -ne 124 ] || echo "seed $1: not done after ten minutes"
        return $status
    }
}

failed=()
for ((seed = first; seed < first + seeds; seed++)); do
    if ! said=$(run "$seed"); then
        failed+=("$seed")
        said="$said"$'\n'"  seed $seed failed"
    fi
    printf '%s\n' "$said"
    # A seed is a run: the first one is run again to see that it still is.
    if [ "$seed" = "$first" ] && [ "$(run "$seed" || true)" != "$said" ] && [ ${#failed[@]} -eq 0 ]; then
        echo "  seed $seed came to something else when it was run again"
        failed+=("$seed")
    fi
done
echo "$seeds seeds, ${#failed[@]} failed: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
