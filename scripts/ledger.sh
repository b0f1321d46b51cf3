#!/usr/bin/env bash
# The long form of the ledger test: a process that is killed again and again. It prints its seed; the same seed makes the same
# transfers and aims at the same moments.
#
#   scripts/ledger.sh [KILLS] [SEED]
set -euo pipefail
cd "$(dirname "$0")/.."
export EVENTFLUX_LEDGER_KILLS="${1:-200}"
export EVENTFLUX_LEDGER_SEED="${2:-$RANDOM$RANDOM}"
echo "kills $EVENTFLUX_LEDGER_KILLS, seed $EVENTFLUX_LEDGER_SEED"
cargo test -p eventflux-cli --test cli ledger -- --nocapture
