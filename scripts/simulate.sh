#!/bin/sh
# Simulates clusters on virtual time, one per seed, and prints the seeds that fail. A seed that failed runs again with
# `--first SEED --seeds 1`. Every 20th has 100 nodes and 10 000 key groups (`--large-every`).
set -eu
cd "$(dirname "$0")/.."
# Optimised, without building what it stands on anew.
exec cargo run --quiet --config profile.dev.package.eventflux-distributed.opt-level=2 -p eventflux-distributed --features simulation --example simulate -- "$@"
