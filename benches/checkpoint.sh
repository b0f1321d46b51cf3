#!/usr/bin/env bash
# What checkpoints cost, how long loops stand still for them, and how fast state comes back: each figure beside its target.
#
#   benches/checkpoint.sh [KEYS]       default 1 000 000 keys, about 100 MB of state; ten times as many for the restore
#
# Needs 3 GB of memory and 2 GB in the directory for temporary files (TMPDIR), which is the disk that is measured.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/target.sh
. "$root/tests/support/target.sh"
cd "$root"
cargo build --release --locked -p eventflux-cli
bench=$(cargo bench --locked --no-run --message-format=json -p eventflux-core --bench checkpoint |
    python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "checkpoint":
        print(message["executable"])')
place=$(mktemp -d -t eventflux-checkpoint.XXXXXX)
trap 'rm -rf "$place"' EXIT
python3 "$root/benches/checkpoint.py" "$CARGO_TARGET_DIR/release/eventflux" "$bench" "$place" "${1:-1000000}"
