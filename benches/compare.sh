#!/usr/bin/env bash
# What one event costs, beside DuckDB in the same run and other engines' published figures.
#
#   benches/compare.sh [ROWS]       default 2 000 000 rows; five runs each, medians
#
# Unit: core-µs per event = CPU seconds (user + system, whole process) per million events.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${EVENTFLUX_TEST_TOOLS:-$HOME/.cache/eventflux-test}
# shellcheck source=tests/support/target.sh
. "$root/tests/support/target.sh"
# shellcheck source=tests/support/tools.sh
. "$root/tests/support/tools.sh"

logs=$(mktemp -d -t eventflux-compare.XXXXXX)
trap 'rm -rf "$logs"' EXIT
mkdir -p "$tools"
need_python
cd "$root"
cargo build --release --locked -p eventflux-cli
in_process=$(cargo bench --locked --no-run --message-format=json -p eventflux --bench in_process |
    python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "in_process":
        print(message["executable"])')
"$python" "$root/benches/compare.py" "$CARGO_TARGET_DIR/release/eventflux" "$in_process" "${1:-2000000}"
