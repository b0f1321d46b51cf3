# Makes the namespaces that it runs in a router with so many nodes around it, then becomes a command:
#
#   unshare --net --mount … sh -ec "$(cat namespaces.sh)" namespaces.sh NODES COMMAND…
#
# Node n has the address 10.77.0.n in the namespace `node-n`; the router, with whatever else runs here, has 10.77.0.254. Nothing
# of this is seen outside, and all of it is gone with the last process in here.
nodes=$1
shift

# The names of namespaces are kept below /run.
mount -t tmpfs tmpfs /run
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
# A packet is not to vanish because the way back is cut.
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter

for node in $(seq "$nodes"); do
    ip netns add "node-$node"
    ip link add "node-$node" type veth peer name eth0 netns "node-$node"
    ip address add 10.77.0.254 peer "10.77.0.$node" dev "node-$node"
    ip link set "node-$node" up
    ip -n "node-$node" address add "10.77.0.$node" peer 10.77.0.254 dev eth0
    ip -n "node-$node" link set lo up
    ip -n "node-$node" link set eth0 up
    ip -n "node-$node" route add default via 10.77.0.254
done

# What will be needed later is tried now: where it cannot be had, there are other networks.
ip rule add from 10.77.0.1 to 10.77.0.254 blackhole pref 100
ip rule del pref 100
tc qdisc add dev node-1 root tbf rate 1mbit burst 2kb latency 1s
tc qdisc del dev node-1 root

exec "$@"
