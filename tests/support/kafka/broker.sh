#!/usr/bin/env bash
# Runs a single-node Kafka broker (KRaft) in the foreground until it is killed.
#
#   broker.sh DIR PORT [HOST]
#
# HOST is where it listens and what it tells clients, 127.0.0.1 unless given.
#
# DIR keeps the data: run again with the same DIR and PORT, the broker goes on where it was, also after `kill -9`.
# EVENTFLUX_TEST_KAFKA_JARS names the folder of its jars; EVENTFLUX_TEST_JAVA the `java` to use (default: of the PATH).
set -euo pipefail

dir=${1:?"usage: broker.sh DIR PORT [HOST]"}
port=${2:?"usage: broker.sh DIR PORT [HOST]"}
host=${3:-127.0.0.1}
jars=${EVENTFLUX_TEST_KAFKA_JARS:?"must name the folder of the Kafka jars"}
java=${EVENTFLUX_TEST_JAVA:-java}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Ready sooner, small, and one thread less of everything: what a test needs, not what production wants.
jvm=("$java" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$jars/*")

controller_port=$(python3 "$here/free_port.py" "$port")
mkdir -p "$dir"
cat >"$dir/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://$host:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://$host:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/data
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
EOF

if [ ! -e "$dir/data/meta.properties" ]; then
    # The id is "eventflux-test-1" in the encoding Kafka wants.
    "${jvm[@]}" kafka.tools.StorageTool format --cluster-id ZXZlbnRmbHV4LXRlc3QtMQ \
        --config "$dir/server.properties" >"$dir/format.log" 2>&1 || {
        cat "$dir/format.log" >&2
        exit 1
    }
fi

exec "${jvm[@]}" kafka.Kafka "$dir/server.properties"
