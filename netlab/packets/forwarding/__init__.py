"""What a host would do with a packet: routing, iptables, the next hop."""
