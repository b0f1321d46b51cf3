#!/usr/bin/env bash
# The long form of the ledger tests: a process that is killed again and again, at any moment and within each step of a checkpoint,
# a commit and a restore; or three nodes to which things happen: kills, standstills, partitions, slow links, brokers and stores that
# restart. It prints its seed and what came of it; the same seed makes the same transfers and aims at the same moments.
#
#   scripts/ledger.sh [--mode kafka|file|both] [--kills 200] [--seed N]
#   scripts/ledger.sh --mode cluster [--runs 100] [--seed N]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

kills=200 runs=100 seed=$RANDOM$RANDOM mode=both
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case "$1" in
    --kills) kills=$2 ;;
    --runs) runs=$2 ;;
    --seed) seed=$2 ;;
    --mode) mode=$2 ;;
    *) usage ;;
    esac
    shift 2
done
for number in "$kills" "$runs" "$seed"; do
    case "$number" in '' | *[!0-9]*) usage ;; esac
done
case "$mode" in
kafka) tests=(ledger::kafka::a_ledger) ;;
file) tests=(ledger::file::a_ledger) ;;
cluster) tests=(ledger::cluster::a_ledger) ;;
both) tests=(ledger::kafka::a_ledger ledger::file::a_ledger) ;;
*) usage ;;
esac

echo "mode $mode, kills $kills, runs $runs, seed $seed"
export EVENTFLUX_LEDGER_KILLS=$kills EVENTFLUX_LEDGER_RUNS=$runs EVENTFLUX_LEDGER_SEED=$seed
# One after the other: each is to have the machine for itself.
exec "$root/scripts/test.sh" -p eventflux-cli --test cli -- --nocapture --test-threads 1 "${tests[@]}"
