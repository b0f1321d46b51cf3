#!/usr/bin/env bash
# What a cluster of three processes costs and how fast it recovers, over loopback: each figure beside its target.
#
#   benches/cluster.sh [--runs N] [--rows N] [--before BINARY] [PART…]
#
# Parts: failover, barrier, transport, shuffle, single; without any, all. --before is an older binary, beside which single-node runs are
# measured. EVENTFLUX_BENCH_BINARY and EVENTFLUX_BENCH_TRANSPORT name programs that are built already.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/target.sh
. "$root/tests/support/target.sh"
cd "$root"
binary=${EVENTFLUX_BENCH_BINARY:-}
if [ -z "$binary" ]; then
    cargo build --release --locked -p eventflux-cli
    binary=$CARGO_TARGET_DIR/release/eventflux
fi
transport=${EVENTFLUX_BENCH_TRANSPORT:-}
if [ -z "$transport" ]; then
    transport=$(cargo bench --locked --no-run --message-format=json -p eventflux-distributed --bench transport |
        python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "transport":
        print(message["executable"])')
fi
place=$(mktemp -d -t eventflux-cluster.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 "$root/benches/cluster.py" "$binary" "$transport" "$place" "$@"
