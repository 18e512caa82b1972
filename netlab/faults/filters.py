"""Faults of firewalls, address translation and queues."""

from __future__ import annotations

from netlab.faults.fault import IMAGE, OTHER, Command, Fault, Symptom, on
from netlab.i18n import N_

TO_HOST = Symptom(destination="172.17.0.1")
DOCKERS_RULES = on(
    "host",
    "iptables -A FORWARD -j DOCKER-USER",
    "iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
    "iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "iptables -A FORWARD -o docker0 -j DOCKER",
    "iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
    "iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT",
)
ESTABLISHED = "FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
HALF = "FORWARD -i docker0 -m statistic --mode random --probability 0.5 -j DROP"
SERVER = "import socket\nserver = socket.create_server(('', 80))\nwhile True: server.accept()[0].close()"
# nf_conntrack_max cannot be written in a user namespace, but the table can be filled: with connections that
# the kernel may not push out for new ones. What finds no room at the end is refused, and that is the point.
FILL = """
import subprocess
room = int(open('/proc/sys/net/netfilter/nf_conntrack_max').read()) + 16
line = '-A -p tcp -s 10.%d.%d.%d -d 10.9.9.9 --sport 1024 --dport 80 -t 3600 --state ESTABLISHED'
line += ' -u SEEN_REPLY,ASSURED\\n'
text = ''.join(line % (n >> 16, n >> 8 & 255, n & 255) for n in range(room))
subprocess.run(['conntrack', '-R', '/dev/stdin'], input=text, text=True, capture_output=True)
"""
WEB = (
    *on("host", f"docker run -d --name web -p 8080:80 {IMAGE} sleep 36000"),
    Command("host", (*"setsid -f nsenter -t @pid:web -n @python -IS -c".split(), SERVER)),
)
DNAT = (
    "iptables -t nat -R DOCKER 2 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:"
)
OUTWARDS = "-s 172.17.0.0/16 ! -o docker0"
TO_INTERNET = "PREROUTING -i docker0 -d 39.106.233.176/32"
NFT_CHAIN = ("{", "type", "filter", "hook", "forward", "priority", "-10", ";", "}")

RULES = (
    Fault(
        "forward-policy-drop",
        N_("Somebody's own firewall script ran after Docker had started. Containers are cut off."),
        on("host", "iptables -F FORWARD", "iptables -P FORWARD DROP"),
        "firewall-drop",
        "host docker0",
        DOCKERS_RULES,
    ),
    Fault(
        "docker-user-drop",
        N_("The security people added something for containers last night, in the chain made for them."),
        on("host", "iptables -I DOCKER-USER -i docker0 -o eth0 -j DROP"),
        "firewall-drop",
        "host docker0",
        on("host", "iptables -D DOCKER-USER -i docker0 -o eth0 -j DROP"),
    ),
    Fault(
        "answers-not-let-in",
        N_("Requests of containers leave the house, answers come to the lab host's door, and no further."),
        on("host", f"iptables -D {ESTABLISHED}"),
        "firewall-drop",
        "host eth0",
        on("host", f"iptables -I FORWARD 3{ESTABLISHED.removeprefix('FORWARD')}"),
    ),
    Fault(
        "raw-drop",
        N_("39.106.233.176 is gone, and no rule that iptables -L shows has counted a single packet."),
        on("host", "iptables -t raw -A PREROUTING -i eth0 -s 39.106.233.176 -j DROP"),
        "firewall-drop",
        "host eth0",
        on("host", "iptables -t raw -D PREROUTING -i eth0 -s 39.106.233.176 -j DROP"),
    ),
    Fault(
        "nft-drop",
        N_("iptables-save looks as it always did, and still nothing of the containers gets through."),
        on("host", "nft add table inet guard")
        + (Command("host", ("nft", "add", "chain", "inet", "guard", "gate", *NFT_CHAIN)),)
        + on("host", "nft add rule inet guard gate ip saddr 172.17.0.0/16 counter drop"),
        "firewall-drop",
        "host docker0",
        on("host", "nft delete table inet guard"),
    ),
    Fault(
        "ebtables-drop",
        N_("if-test is cut off from all others; iptables and nft list ruleset of family ip show nothing."),
        on("host", "ebtables -A INPUT -i @veth -j DROP"),
        "firewall-drop",
        "host @veth",
        on("host", "ebtables -D INPUT -i @veth -j DROP"),
    ),
    Fault(
        "ebtables-between-containers",
        N_("if-test reaches the internet, but its colleague other does not answer it."),
        on("host", "ebtables -A FORWARD -i @veth -o @veth:other -j DROP"),
        "firewall-drop",
        "host @veth",
        on("host", "ebtables -D FORWARD -i @veth -o @veth:other -j DROP"),
        setup=OTHER,
        symptom=Symptom(destination="172.17.0.3"),
    ),
    Fault(
        "host-input-drop",
        N_("Containers reach the internet, but not the lab host itself at 172.17.0.1."),
        on("host", "iptables -A INPUT -i docker0 -j DROP"),
        "firewall-drop",
        "host docker0",
        on("host", "iptables -D INPUT -i docker0 -j DROP"),
        symptom=TO_HOST,
    ),
    Fault(
        "far-input-drop",
        N_("39.106.233.176 does not answer, not even the lab host. Its owner says the machine is up."),
        on("internet", "iptables -A INPUT -i uplink -p icmp -j DROP"),
        "firewall-drop",
        "internet uplink",
        on("internet", "iptables -D INPUT -i uplink -p icmp -j DROP"),
    ),
    Fault(
        "container-output-drop",
        N_("Pings in if-test fail at once, yet it has an address, a cable and a gateway."),
        on("host", "nsenter -t @pid:if-test -n iptables -A OUTPUT -p icmp -j DROP"),
        "firewall-drop",
        "if-test",
        on("host", "nsenter -t @pid:if-test -n iptables -D OUTPUT -p icmp -j DROP"),
    ),
    Fault(
        "web-input-drop",
        N_("if-test can ping the web server's container at 172.17.0.3, but its port 80 hangs."),
        on("host", "nsenter -t @pid:web -n iptables -A INPUT -p tcp --dport 80 -j DROP"),
        "firewall-drop",
        "web eth0",
        on("host", "nsenter -t @pid:web -n iptables -D INPUT -p tcp --dport 80 -j DROP"),
        setup=WEB,
        symptom=Symptom(destination="172.17.0.3", proto="tcp", port=80),
    ),
)

TRANSLATIONS = (
    Fault(
        "masquerade-missing",
        N_("Requests of containers reach 39.106.233.176, says its owner, but no answer arrives here."),
        on("host", "iptables -t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"),
        "no-way-back",
        "internet uplink",
        on("host", "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"),
    ),
    Fault(
        "wrong-dnat",
        N_("Our web server in a container runs, but nobody outside can open port 8080."),
        on("host", f"{DNAT}8888"),
        "wrong-dnat",
        "web eth0",
        on("host", f"{DNAT}80"),
        setup=WEB + on("host", "iptables -I DOCKER-USER -o docker0 -d 172.17.0.3 -j ACCEPT"),
        symptom=Symptom("internet", "192.0.2.10", "tcp", 8080),
    ),
)

TRANSLATED = (
    Fault(
        "snat-to-nobody",
        N_("The lab host was to appear under a second address; since then no container gets an answer."),
        on("host", f"iptables -t nat -R POSTROUTING 1 {OUTWARDS} -j SNAT --to-source 192.0.2.77"),
        "wrong-snat",
        "internet uplink",
        on("host", f"iptables -t nat -R POSTROUTING 1 {OUTWARDS} -j MASQUERADE"),
    ),
    Fault(
        "dnat-elsewhere",
        N_("Calls of containers to 39.106.233.176 were to go to a stand-in while it was repaired."),
        on("host", f"iptables -t nat -I {TO_INTERNET} -j DNAT --to-destination 203.0.113.5"),
        "wrong-dnat",
        "internet uplink",
        on("host", f"iptables -t nat -D {TO_INTERNET} -j DNAT --to-destination 203.0.113.5"),
    ),
    Fault(
        "dnat-to-nobody",
        N_("39.106.233.176 has a cache in the house now. It was switched off on Friday."),
        on("host", f"iptables -t nat -I {TO_INTERNET} -j DNAT --to-destination 172.17.0.77"),
        "wrong-dnat",
        "host @veth",
        on("host", f"iptables -t nat -D {TO_INTERNET} -j DNAT --to-destination 172.17.0.77"),
    ),
    Fault(
        "dnat-to-gone-container",
        N_("The web server was started afresh and works; from outside nobody can open port 8080."),
        on("host", DNAT.replace("172.17.0.3", "172.17.0.9") + "80"),
        "wrong-dnat",
        "host eth0",
        on("host", f"{DNAT}80"),
        setup=WEB + on("host", "iptables -I DOCKER-USER -o docker0 -d 172.17.0.3 -j ACCEPT"),
        symptom=Symptom("internet", "192.0.2.10", "tcp", 8080),
    ),
    Fault(
        "accepted-too-early",
        N_("A rule for the new VPN was put first, and containers get no answers from outside any more."),
        on("host", "iptables -t nat -I POSTROUTING -s 172.17.0.0/16 -j ACCEPT"),
        "no-way-back",
        "internet uplink",
        on("host", "iptables -t nat -D POSTROUTING -s 172.17.0.0/16 -j ACCEPT"),
    ),
    Fault(
        "not-tracked",
        N_("To save memory on the lab host something was switched off for containers. They are cut off."),
        on("host", "iptables -t raw -A PREROUTING -i docker0 -j NOTRACK"),
        "no-way-back",
        "internet uplink",
        on("host", "iptables -t raw -D PREROUTING -i docker0 -j NOTRACK"),
    ),
)

LOSSES = (
    Fault(
        "random-loss",
        N_("Every other ping of if-test or so is lost. Some say it is the cable."),
        on("host", f"iptables -I {HALF}"),
        "random-loss",
        "host docker0",
        on("host", f"iptables -D {HALF}"),
        symptom=Symptom(partial=True),
    ),
    Fault(
        "slow-queue",
        N_("The first packet of anything large comes through, then it stalls."),
        on("host", "tc qdisc add dev eth0 root tbf rate 1kbit burst 1600 limit 1600"),
        "queue-full",
        "host docker0",
        on("host", "tc qdisc del dev eth0 root"),
        symptom=Symptom(size=1000, partial=True),
    ),
    Fault(
        "conntrack-full",
        N_("Old connections of the lab host go on, new ones get nowhere. It serves very many clients."),
        on("host", "conntrack -F") + (Command("host", ("@python", "-IS", "-c", FILL)),),
        "conntrack-full",
        "host",
        on("host", "conntrack -F"),
        symptom=Symptom(source="host"),
        heavy=True,
    ),
)

FILTERS = RULES + TRANSLATIONS + TRANSLATED + LOSSES
