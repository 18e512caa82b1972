"""What links of each kind, and ports of a bridge, have to be told: the attributes of linux/if_link.h.

Names are those of ip-link(8) and bridge(8). What the kernel only shows (timers, identities) is not here.
"""

from __future__ import annotations

from netlab.linux.netlink import messages as rt
from netlab.linux.wiring.fields import Table, choice, ip4, ip6, mac, pair, switch, whole

BRIDGE: Table = {
    "forward_delay": whole(1, 4),
    "hello_time": whole(2, 4),
    "max_age": whole(3, 4),
    "ageing_time": whole(4, 4),
    "stp_state": whole(5, 4),
    "priority": whole(6, 2),
    "vlan_filtering": whole(7, 1),
    "vlan_protocol": whole(8, 2, "big"),
    "group_fwd_mask": whole(9, 2),
    "group_address": mac(20),
    "mcast_router": whole(22, 1),
    "mcast_snooping": switch(23),
    "mcast_query_use_ifaddr": switch(24),
    "mcast_querier": switch(25),
    "mcast_hash_max": whole(27, 4),
    "mcast_last_member_count": whole(28, 4),
    "mcast_startup_query_count": whole(29, 4),
    "mcast_last_member_interval": whole(30, 8),
    "mcast_membership_interval": whole(31, 8),
    "mcast_querier_interval": whole(32, 8),
    "mcast_query_interval": whole(33, 8),
    "mcast_query_response_interval": whole(34, 8),
    "mcast_startup_query_interval": whole(35, 8),
    "nf_call_iptables": switch(36),
    "nf_call_ip6tables": switch(37),
    "nf_call_arptables": switch(38),
    "vlan_default_pvid": whole(39, 2),
    "vlan_stats_enabled": switch(41),
    "mcast_stats_enabled": switch(42),
    "mcast_igmp_version": whole(43, 1),
    "mcast_mld_version": whole(44, 1),
    "vlan_stats_per_port": switch(45),
    "fdb_max_learned": whole(49, 4),
}
PORT: Table = {  # of a bridge
    "priority": whole(2, 2),
    "cost": whole(3, 4),
    "hairpin": switch(4),
    "guard": switch(5),
    "root_block": switch(6),
    "fastleave": switch(7),
    "learning": switch(8),
    "flood": switch(9),
    "proxy_arp": switch(10),
    "learning_sync": switch(11),
    "proxy_arp_wifi": switch(12),
    "mcast_router": whole(25, 1),
    "mcast_flood": switch(27),
    "mcast_to_unicast": switch(28),
    "vlan_tunnel": switch(29),
    "bcast_flood": switch(30),
    "group_fwd_mask": whole(31, 2),
    "neigh_suppress": switch(32),
    "isolated": switch(33),
    "locked": switch(39),
    "mab": switch(40),
    "mcast_max_groups": whole(42, 4),
    "neigh_vlan_suppress": switch(43),
}
PORT_STATE: Table = {"state": choice(rt.IFLA_BRPORT_STATE, 1, dict(enumerate(rt.PORT_STATES)))}
MACVLAN: Table = {
    "mode": choice(rt.IFLA_MACVLAN_MODE, 4, rt.MACVLAN_MODES),
    "flags": whole(2, 2),
    "bcqueuelen": whole(7, 4),
}
VXLAN: Table = {
    "id": whole(rt.IFLA_VXLAN_ID, 4),
    "group": ip4(rt.IFLA_VXLAN_GROUP),
    "group6": ip6(rt.IFLA_VXLAN_GROUP6),
    "local": ip4(4),
    "local6": ip6(17),
    "ttl": whole(5, 1),
    "tos": whole(6, 1),
    "learning": switch(rt.IFLA_VXLAN_LEARNING),
    "ageing": whole(8, 4),
    "limit": whole(9, 4),
    "port_range": pair(10, 2, "big"),
    "proxy": switch(11),
    "rsc": switch(12),
    "l2miss": switch(13),
    "l3miss": switch(14),
    "dstport": whole(rt.IFLA_VXLAN_PORT, 2, "big"),
    "udp_csum": switch(18),
    "udp_zero_csum6_tx": switch(19),
    "udp_zero_csum6_rx": switch(20),
    "external": switch(25),
    "df": whole(29, 1),
}
VLAN: Table = {"id": whole(1, 2), "protocol": whole(5, 2, "big"), "flags": pair(2, 4)}
KINDS: dict[str, Table] = {
    "bridge": BRIDGE,
    "macvlan": MACVLAN,
    "macvtap": MACVLAN,
    "vxlan": VXLAN,
    "vlan": VLAN,
    "ipvlan": {"mode": whole(1, 2), "flags": whole(2, 2)},
    "vrf": {"table": whole(1, 4)},
    "veth": {},
    "dummy": {},
    "ifb": {},
}
LOWER = {"macvlan", "macvtap", "vlan", "ipvlan", "vxlan"}  # kinds that stand on another link
CHANGEABLE = {"bridge"}  # of such a one all is changed in place; another is made anew
IFLA_VXLAN_LINK = 3
