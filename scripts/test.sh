#!/usr/bin/env bash
# Runs every test: installs what they need, starts a Kafka broker, a Redis and a server of S3, and leaves nothing running.
#
#   scripts/test.sh                     all tests
#   scripts/test.sh ARGUMENTS…          the same surroundings, `cargo test ARGUMENTS…`
#
# Reads
#   EVENTFLUX_TEST_KAFKA=host:port      use this broker, start none
#   EVENTFLUX_TEST_REDIS=host:port      use this Redis, start none
#   EVENTFLUX_TEST_S3=host:port         use this server of the protocol of S3, start none
#   EVENTFLUX_TEST_TOOLS=folder         where installed tools are kept (default ~/.cache/eventflux-test)
#   CARGO_TARGET_DIR=folder             (default ~/.cache/eventflux-target)
# and gives the tests what tests/support/README.md lists. A need that cannot be met fails the run; no test is left out.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${EVENTFLUX_TEST_TOOLS:-$HOME/.cache/eventflux-test}
# shellcheck source=tests/support/tools.sh
. "$root/tests/support/tools.sh"

broker="" ready="" redis="" s3="" tests=""
logs=$(mktemp -d -t eventflux-test.XXXXXX)

# Every child leads a process group of its own, so that what it started ends with it.
clean_up() {
    local status=$? child
    trap - EXIT INT TERM HUP
    set +e
    for child in $tests $ready $s3 $redis $broker; do
        kill -KILL -- "-$child" 2>/dev/null && wait "$child" 2>/dev/null
    done
    rm -rf "$logs/broker" "$logs/install.log" "$logs/redis"
    if [ "$status" != 0 ] && [ -s "$logs/broker.log" ]; then
        say "the log of the Kafka broker is $logs/broker.log"
    else
        rm -rf "$logs"
    fi
    exit "$status"
}

start_broker() {
    need_java
    need_kafka_jars
    export EVENTFLUX_TEST_JAVA=$java EVENTFLUX_TEST_KAFKA_JARS=$kafka_jars
    local port
    port=$(python3 "$root/tests/support/kafka/free_port.py")
    say "starting a Kafka broker on 127.0.0.1:$port"
    "$root/tests/support/kafka/broker.sh" "$logs/broker" "$port" >"$logs/broker.log" 2>&1 </dev/null &
    broker=$!
    wait_for_broker "127.0.0.1:$port"
}

wait_for_broker() {
    python3 "$root/tests/support/kafka/ready.py" "$1" 120 &
    ready=$!
    # shellcheck disable=SC2086  # there may be no broker of ours
    if ! wait -n $broker "$ready" || ! kill -0 $broker $$ 2>/dev/null; then
        [ -z "$broker" ] || tail -n 20 "$logs/broker.log" >&2
        fail "the Kafka broker at $1 is not ready"
    fi
    ready=
    export EVENTFLUX_TEST_KAFKA=$1
}

start_redis() {
    local port log=$logs/redis/log
    port=$(python3 "$root/tests/support/kafka/free_port.py")
    say "starting a Redis on 127.0.0.1:$port"
    mkdir "$logs/redis"
    "$redis_server" --bind 127.0.0.1 --port "$port" --dir "$logs/redis" --save '' --appendonly yes \
        >"$log" 2>&1 </dev/null &
    redis=$!
    # Ends when the server says so, or with the server.
    if ! grep -qm1 'eady to accept connections' < <(timeout 60 tail -n +1 -f --pid="$redis" "$log" 2>/dev/null); then
        tail -n 20 "$log" >&2
        fail "the Redis at 127.0.0.1:$port is not ready"
    fi
    export EVENTFLUX_TEST_REDIS=127.0.0.1:$port
}

start_s3() {
    local port log=$logs/s3.log
    port=$(python3 "$root/tests/support/kafka/free_port.py")
    say "starting a server of S3 on 127.0.0.1:$port"
    "$s3_python" "$root/tests/support/s3/server.py" "$port" >"$log" 2>&1 </dev/null &
    s3=$!
    # Ends when the server says so, or with the server.
    if ! grep -qm1 '^ready$' < <(timeout 60 tail -n +1 -f --pid="$s3" "$log" 2>/dev/null); then
        tail -n 20 "$log" >&2
        fail "the server of S3 at 127.0.0.1:$port is not ready"
    fi
    export EVENTFLUX_TEST_S3=127.0.0.1:$port
}

run_tests() {
    # Every failure is worth seeing, not only the first crate's.
    [ $# -gt 0 ] || set -- --workspace --no-fail-fast
    say "cargo test $*"
    cd "$root"
    cargo test "$@" </dev/null &
    tests=$!
    local status=0
    wait "$tests" || status=$?
    tests=
    return "$status"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
set -m

mkdir -p "$tools"
command -v cargo >/dev/null || fail "cargo is not in the PATH: install the Rust toolchain first"
# shellcheck source=tests/support/target.sh
. "$root/tests/support/target.sh"
for command in cc c++ make; do
    need_command "$command" build-essential "librdkafka is compiled from source"
done
want_command tc iproute2 "nodes of a cluster are joined by a router with packet filters"
need_python
export EVENTFLUX_TEST_PYTHON=$python
need_redis
export EVENTFLUX_TEST_REDIS_SERVER=$redis_server
[ -n "${EVENTFLUX_TEST_REDIS:-}" ] || start_redis
if [ -z "${EVENTFLUX_TEST_S3:-}" ]; then
    need_s3
    start_s3
fi
if [ -n "${EVENTFLUX_TEST_KAFKA:-}" ]; then
    wait_for_broker "$EVENTFLUX_TEST_KAFKA"
else
    start_broker
fi
run_tests "$@"
