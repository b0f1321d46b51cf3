#!/usr/bin/env bash
# What checkpoints cost: the same query without them and with one every second, then a restart with the state it left.
#
#   benches/checkpoint.sh [EVENTS] [KEYS]       default 20 000 000 events over 1 000 000 keys; three runs each, medians
#
# The query keeps a total per key. 1 % of the keys get nearly all events (zipf), as in real streams, so that an epoch dirties a
# small part of the state.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/eventflux-target}
events=${1:-20000000}
keys=${2:-1000000}
cd "$root"
cargo build --release --locked -p eventflux-cli
place=$(mktemp -d -t eventflux-checkpoint.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 "$root/benches/checkpoint.py" "$CARGO_TARGET_DIR/release/eventflux" "$place" "$events" "$keys"
