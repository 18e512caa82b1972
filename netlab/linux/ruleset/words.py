"""The words that a rule of iptables may be made of, all of them: what is not here is not handed to it.

Somebody else wrote the rule. iptables reads options of its own in a rule as well (`--modprobe=PROGRAM`),
takes any beginning of an option for the option, and loads a library for a match that it does not know; so
every word that begins with a dash is one of these, whole. iptables(8), iptables-extensions(8)
"""

from __future__ import annotations

TABLES = ("raw", "mangle", "nat", "filter", "security", "broute")
GENERAL = frozenset("! -s -d -p -i -o -f -m -j -g".split())
MATCHES = frozenset(
    """addrtype ah cgroup cluster comment connbytes connlabel connlimit connmark conntrack cpu dccp devgroup
    dscp dst ecn esp eui64 frag hashlimit hbh helper hl icmp icmp6 icmpv6 iprange ipv6header ipvs length limit
    mac mark multiport nfacct osf owner physdev pkttype policy quota rateest realm recent rpfilter rt sctp
    set socket srh state statistic string tcp tcpmss time tos ttl u32 udp udplite""".split()
)
TARGETS = frozenset(
    """ACCEPT DROP RETURN QUEUE AUDIT CHECKSUM CLASSIFY CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN HL HMARK
    LOG MARK MASQUERADE NETMAP NFLOG NFQUEUE NOTRACK RATEEST REDIRECT REJECT SECMARK SET SNAT SNPT SYNPROXY
    TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL""".split()
)
# Behind one of these stands a text, which may begin with a dash.
TEXTS = frozenset("--comment --log-prefix --nflog-prefix --string --hex-string --u32".split())
OPTIONS = frozenset(
    """--src-type --dst-type --limit-iface-in --limit-iface-out --ahspi --espspi --path --cgroup --comment
    --connbytes --connbytes-dir --connbytes-mode --label --set-label --connlimit-upto --connlimit-above
    --connlimit-mask --connlimit-saddr --connlimit-daddr --mark --ctstate --ctproto --ctorigsrc --ctorigdst
    --ctreplsrc --ctrepldst --ctorigsrcport --ctorigdstport --ctreplsrcport --ctrepldstport --ctstatus
    --ctexpire --ctdir --cpu --source-port --sport --destination-port --dport --dccp-types --dccp-option
    --src-group --dst-group --dscp --dscp-class --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect --fragid --fraglen
    --fragres --fragfirst --fragmore --fraglast --hashlimit --hashlimit-upto --hashlimit-above
    --hashlimit-burst --hashlimit-mode --hashlimit-srcmask --hashlimit-dstmask --hashlimit-name
    --hashlimit-htable-size --hashlimit-htable-max --hashlimit-htable-expire --hashlimit-htable-gcinterval
    --hashlimit-rate-match --hashlimit-rate-interval --helper --hl-eq --hl-lt --hl-gt --icmp-type
    --icmpv6-type --src-range --dst-range --soft --header --ipvs --vproto --vaddr --vport --vdir --vmethod
    --vportctl --length --limit --limit-burst --mac-source --source-ports --sports --destination-ports
    --dports --ports --genre --ttl --log --uid-owner --gid-owner --socket-exists --suppl-groups --physdev-in
    --physdev-out --physdev-is-in --physdev-is-out --physdev-is-bridged --pkt-type --dir --pol --strict
    --reqid --spi --proto --mode --tunnel-src --tunnel-dst --next --quota --realm --name --set --rsource
    --rdest --rcheck --update --remove --seconds --reap --hitcount --rttl --mask --loose --validmark
    --accept-local --invert --rt-type --rt-segsleft --rt-len --rt-0-res --rt-0-addrs --rt-0-not-strict
    --chunk-types --match-set --return-nomatch --update-counters --update-subcounters --packets-eq
    --packets-lt --packets-gt --bytes-eq --bytes-lt --bytes-gt --transparent --nowildcard
    --restore-skmark --state --probability --every --packet --algo --from --to --string --hex-string --icase
    --tcp-flags --syn --tcp-option --mss --datestart --datestop --timestart --timestop --monthdays --weekdays
    --contiguous --kerneltz --utc --localtz --tos --ttl-eq --ttl-lt --ttl-gt --u32 --type --checksum-fill
    --set-class --set-xmark --save-mark --restore-mark --nfmask --ctmask --set-mark --and-mark --or-mark
    --xor-mark --left-shift-mark --right-shift-mark --save --restore --notrack --ctevents --expevents --zone
    --zone-orig --zone-reply --timeout --to-destination --random --persistent --src-pfx --dst-pfx --set-dscp
    --set-dscp-class --ecn-tcp-remove --hl-set --hl-dec --hl-inc --log-level --log-prefix --log-tcp-sequence
    --log-tcp-options --log-ip-options --log-uid --log-macdecode --to-ports --random-fully --nflog-group
    --nflog-prefix --nflog-range --nflog-size --nflog-threshold --queue-num --queue-balance --queue-bypass
    --queue-cpu-fanout --reject-with --add-set --del-set --map-set --exist --map-mark --map-prio
    --map-queue --selctx --to-source --sack-perm --timestamp --wscale --ecn --set-mss --clamp-mss-to-pmtu
    --strip-options --gateway --set-tos --and-tos --or-tos --xor-tos --on-port --on-ip --tproxy-mark
    --ttl-set --ttl-dec --ttl-inc --ahres --ahlen --dst-len --dst-opts --hbh-len --hbh-opts""".split()
)


# The same of ebtables(8), which is another program with other words, and loads no matches by name.
BRIDGE_GENERAL = frozenset("! -s -d -p -i -o -j".split())
BRIDGE_TARGETS = frozenset("ACCEPT DROP CONTINUE RETURN arpreply dnat mark redirect snat log nflog".split())
BRIDGE_OPTIONS = frozenset(
    """--logical-in --logical-out --ip-src --ip-dst --ip-tos --ip-proto --ip-sport --ip-dport --ip-icmp-type
    --ip6-src --ip6-dst --ip6-tclass --ip6-proto --ip6-sport --ip6-dport --ip6-icmp-type --arp-op --arp-htype
    --arp-ptype --arp-ip-src --arp-ip-dst --arp-mac-src --arp-mac-dst --arp-gratuitous --mark --mark-set
    --mark-or --mark-and --mark-xor --mark-target --limit --limit-burst --pkttype-type --among-src --among-dst
    --vlan-id --vlan-prio --vlan-encap --stp-type --stp-flags --802_3-sap --802_3-type --to-dst --to-src
    --dnat-target --snat-target --snat-arp --redirect-target --arpreply-mac --arpreply-target --log-level
    --log-prefix --log-ip --log-arp --log-ip6 --nflog-group --nflog-prefix --nflog-range --nflog-threshold
    """.split()
)
