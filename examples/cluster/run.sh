#!/usr/bin/env bash
# Three nodes on this machine, a pipeline that all of them run, and one that is killed meanwhile. At the end nothing is missing.
#
#   examples/cluster/run.sh [FOLDER]      works in FOLDER, or in one that is removed at the end
#
# CLUSTER_HOST is the address of all three; without it, 127.0.0.1.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
host=${CLUSTER_HOST:-127.0.0.1}
orders=60000

if ! eventflux=$(command -v eventflux); then
    cargo build --release -p eventflux-cli --manifest-path "$here/../../Cargo.toml"
    eventflux=${CARGO_TARGET_DIR:-$here/../../target}/release/eventflux
fi

folder=${1:-$(mktemp -d)}
nodes=()
clean_up() {
    local node
    # Bash would tell of each that is killed.
    exec 2>/dev/null
    for node in "${nodes[@]}"; do
        kill -KILL "$node" 2>/dev/null || true
    done
    wait
    [ -n "${1:-}" ] || rm -rf "$folder"
}
trap 'clean_up "$@"' EXIT
cd "$folder"

start() {
    sed "s/127\.0\.0\.1/$host/g" "$here/node$1.yaml" >"node$1.yaml"
    "$eventflux" node --config "node$1.yaml" 2>"node$1.log" &
    nodes[$1]=$!
}

# until_ok WHAT COMMAND…: tries for a minute, and shows what the nodes said if it does not come about.
until_ok() {
    local what=$1 end=$((SECONDS + ${PATIENCE:-60}))
    shift
    until "$@"; do
        if [ $SECONDS -ge $end ]; then
            tail -n 20 node*.log >&2
            echo "$what takes too long" >&2
            exit 1
        fi
        sleep 0.1
    done
}

are_up() { [ "$("$eventflux" cluster nodes --url "http://$host:9471" 2>/dev/null | grep -c ' up ')" = "$1" ]; }
has_rows() { [ -s totals.csv ]; }
is_finished() { "$eventflux" pipeline list --url "http://$host:9471" | grep -q 'finished'; }

for node in 1 2 3; do
    start "$node"
done
until_ok "forming a cluster" are_up 3
echo "three nodes are there"

"$eventflux" pipeline submit "$here/orders.sql" --url "http://$host:9473"

until_ok "the first total" has_rows
kill -KILL "${nodes[2]}"
wait "${nodes[2]}" 2>/dev/null || true
until_ok "missing node-2" are_up 2
echo "node-2 is killed; the others go on"

until_ok "the end" is_finished
counted=$(awk -F, '$2 + 0 { last[$1] = $2 } END { for (customer in last) sum += last[customer]; print sum }' totals.csv)
echo "$orders orders went in, $counted are counted"
[ "$counted" = "$orders" ]
