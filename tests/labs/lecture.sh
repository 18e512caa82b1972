# The lecture's commands as printed. Endless commands are given an end (-c, timeout), nothing else is changed.
docker stop if-test; docker rm if-test

# A container on Docker's network: the host is answered, the container is not.
docker run -d --name if-test centos:8.1.1911 sleep 36000
docker exec -it if-test ip addr
ping -c 2 -W 1 39.106.233.176
docker exec if-test ping -c 2 -W 1 39.106.233.176

# The same container without a network.
docker stop if-test; docker rm if-test
docker run -d --name if-test --network none centos:8.1.1911 sleep 36000
docker exec -it if-test ip addr
pid=$(ps -ef | grep "sleep 36000" | grep -v grep | awk '{print $2}')
mkdir -p /var/run/netns
ln -s /proc/$pid/ns/net /var/run/netns/$pid

# A cable into it.
ip link add name veth_host type veth peer name veth_container
ip link set veth_container netns $pid
ip netns exec $pid ip link set veth_container name eth0
ip netns exec $pid ip addr add 172.17.1.2/16 dev eth0
ip netns exec $pid ip link set eth0 up
ip netns exec $pid ip route add default via 172.17.0.1
ip link set veth_host up

# The host's end with an address: on a stock Docker host this ping is lost (two equal routes).
ip addr add 172.17.1.1/16 dev veth_host
docker exec if-test ping -c 2 -W 1 172.17.1.1
ip addr delete 172.17.1.1/16 dev veth_host

# Onto the bridge.
ip link set veth_host master docker0
docker exec if-test ping -c 2 -W 1 172.17.0.1
iptables -P FORWARD ACCEPT
iptables -L -t nat
docker exec if-test ping -c 2 -W 1 39.106.233.176

# Where does it die?
for i in $(seq 9); do docker exec if-test ping -c 1 -W 1 39.106.233.176 > /dev/null; done &
timeout 10 ip netns exec $pid tcpdump -i eth0 host 39.106.233.176 -nn | sed 's/^/container eth0: /' &
timeout 10 tcpdump -i veth_host host 39.106.233.176 -nn | sed 's/^/veth_host: /' &
timeout 10 tcpdump -i docker0 host 39.106.233.176 -nn | sed 's/^/docker0: /' &
timeout 10 tcpdump -i eth0 host 39.106.233.176 -nn | sed 's/^/host eth0: /' &
wait

# The fix.
cat /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv4/ip_forward
docker exec if-test ping -c 2 -W 1 39.106.233.176
echo 0 > /proc/sys/net/ipv4/ip_forward
