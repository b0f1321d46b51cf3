#!/usr/bin/env bash
# The long form of the ledger tests: a process that is killed again and again, at any moment and within each step of a checkpoint,
# a commit and a restore; or three nodes to which things happen: kills, standstills, partitions, slow links, brokers and stores that
# restart. It prints its seed and what came of it; the same seed makes the same transfers and aims at the same moments.
#
#   scripts/ledger.sh [--mode kafka|file|both] [--kills 200] [--seed N]
#   scripts/ledger.sh --mode cluster [--runs 100] [--seed N] [--network namespaces|proxies]
#
# Nodes are joined by a router with packet filters, each in a network namespace of its own: what is cut vanishes, and nobody is told.
# That takes root or user namespaces, and iproute2. Proxies, which hold bytes back, are used where that cannot be had, or asked for;
# the output says which.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

kills=200 runs=100 seed=$RANDOM$RANDOM mode=both network=
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || usage
    case "$1" in
    --kills) kills=$2 ;;
    --runs) runs=$2 ;;
    --seed) seed=$2 ;;
    --mode) mode=$2 ;;
    --network) network=$2 ;;
    *) usage ;;
    esac
    shift 2
done
for number in "$kills" "$runs" "$seed"; do
    case "$number" in '' | *[!0-9]*) usage ;; esac
done
case "$network" in '' | namespaces | proxies) ;; *) usage ;; esac
case "$mode" in
kafka) tests=(ledger::kafka::a_ledger) ;;
file) tests=(ledger::file::a_ledger) ;;
cluster) tests=(ledger::cluster::a_ledger) ;;
both) tests=(ledger::kafka::a_ledger ledger::file::a_ledger) ;;
*) usage ;;
esac

echo "mode $mode, kills $kills, runs $runs, seed $seed"
export EVENTFLUX_LEDGER_KILLS=$kills EVENTFLUX_LEDGER_RUNS=$runs EVENTFLUX_LEDGER_SEED=$seed
[ -z "$network" ] || export EVENTFLUX_LEDGER_NETWORK=$network
# One after the other: each is to have the machine for itself.
exec "$root/scripts/test.sh" -p eventflux-cli --test cli -- --nocapture --test-threads 1 "${tests[@]}"
