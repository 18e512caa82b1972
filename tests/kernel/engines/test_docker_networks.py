"""Networks of docker in the namespaces engine: names, rules, ports, and namespaces by name."""

from __future__ import annotations

from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def test_an_images_own_program_answers_and_says_what_it_stands_for(lab: Lab) -> None:
    """From outside, from localhost by the proxy, and from another container by the host's address."""
    sh(lab, "echo 1 >/proc/sys/net/ipv4/ip_forward; docker run -d --name web -p 8080:80 nginx")
    for where, node in (
        ("192.0.2.10", "internet"),
        ("127.0.0.1", "host"),
        ("192.0.2.10", "host"),
        ("[::1]", "host"),
    ):
        fetch = f"for i in $(seq 50); do curl -gsf -m2 http://{where}:8080/ && exit; done; exit 1"
        done = lab.run(["bash", "-c", fetch], node=node)
        assert "stands for the image nginx" in done.stdout, (where, node, done.stderr)
    assert "stands for" in sh(lab, "docker run --rm alpine curl -s -m2 http://172.17.0.1:8080/")
    assert "/usr/bin/docker-proxy -proto tcp" in sh(lab, "ps -ef")
    taken = lab.script("docker run -d --name other -p 8080:80 nginx")
    assert taken.returncode == 125 and "address already in use" in taken.stderr
    sh(lab, "docker rm -f web other")
    assert "docker-proxy" not in sh(lab, "ps -ef") and "8080" not in sh(lab, "iptables-save")


def test_datagrams_come_to_a_published_port_by_the_proxy(lab: Lab) -> None:
    """And the answer comes back to who asked."""
    echo = (
        "import socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 53))\n"
        "while 1: d, a = s.recvfrom(99); s.sendto(d.upper(), a)"
    )
    sh(lab, f'docker run -d --name echo -p 127.0.0.1:5300:53/udp python python3 -c "{echo}"')
    ask = (
        "import socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.3)\n"
        "s.sendto(b'abc', ('127.0.0.1', 5300)); print(s.recv(9).decode())"
    )
    assert eventually(lambda: lab.run(["python3", "-c", ask]).stdout == "ABC\n")


def test_names_resolve_in_a_network_of_ones_own_and_nowhere_else(lab: Lab) -> None:
    """By 127.0.0.11: names, aliases, both ways; not on docker0, and at once where there is none."""
    sh(
        lab,
        "docker network create shop; docker run -d --name web --network "
        "shop --network-alias www x sleep 1000",
    )
    sh(lab, "docker run -d --name db --network shop x sleep 1000; docker run -d --name alone x sleep 1000")
    assert sh(lab, "docker exec db getent hosts web www web.shop WEB").split()[0::2] == ["172.18.0.2"] * 4
    assert "nameserver 127.0.0.11" in sh(lab, "docker exec db cat /etc/resolv.conf")
    assert "web.shop" in sh(lab, "docker exec db getent hosts 172.18.0.2")
    for line in (
        "docker exec alone getent hosts web",
        "docker exec db getent hosts alone",
        "docker exec db getent hosts x.org",
    ):
        assert lab.run(["bash", "-c", line], timeout=3).returncode == 2
    sh(lab, "docker network connect --alias late shop alone")
    assert sh(lab, "docker exec db getent hosts late").startswith("172.18.0.4")
    assert sh(lab, "docker exec alone getent hosts web").startswith("172.18.0.2")
    sh(lab, "docker network disconnect shop alone")
    assert lab.script("docker exec db getent hosts late").returncode == 2
    assert lab.script("docker exec db ping -c1 -W1 web").returncode == 0


def test_a_networks_rules_come_and_go_with_it(lab: Lab) -> None:
    """Isolation, and none of it left; an internal one leads nowhere, one without icc not even inside."""
    before = sh(lab, "iptables-save | grep -v '^[#:]'")
    sh(lab, "echo 1 >/proc/sys/net/ipv4/ip_forward; docker network create one; docker network create two")
    sh(
        lab,
        "docker network create --internal closed; docker network create -o "
        "com.docker.network.bridge.enable_icc=false still",
    )
    for name in ("one", "two", "closed", "still"):
        for number in (1, 2):
            sh(lab, f"docker run -d --name {name}{number} --network {name} x sleep 1000")
    address = {
        n: sh(
            lab,
            f"docker inspect -f '{{{{range .NetworkSettings.Networks}}}}{{{{.IPAddress}}}}{{{{end}}}}' {n}",
        ).strip()
        for n in ("one2", "two1", "still2", "closed2")
    }

    def reaches(name: str, where: str) -> bool:
        return lab.script(f"docker exec {name} ping -c1 -W0.5 {where}").returncode == 0

    assert reaches("one1", address["one2"]) and not reaches("one1", address["two1"])
    assert reaches("one1", "39.106.233.176") and not reaches("closed1", "39.106.233.176")
    assert reaches("closed1", address["closed2"]) and not reaches("still1", address["still2"])
    sh(lab, "docker rm -f $(docker ps -q); docker network prune -f")
    assert sh(lab, "iptables-save | grep -v '^[#:]'") == before
    assert "br-" not in sh(lab, "ip -br link")


def test_ports_follow_a_container_from_network_to_network(lab: Lab) -> None:
    """connect, disconnect: the rules and the proxy lead to where it is."""
    sh(
        lab,
        "docker network create shop; docker run -d --name web -p 8080:80 "
        "nginx; docker network connect shop web",
    )
    assert sh(lab, "docker exec web ip -br -4 addr").split()[-1] == "172.18.0.2/16"
    sh(lab, "docker network disconnect bridge web")
    assert "--to-destination 172.18.0.2:80" in sh(lab, "iptables -t nat -S")
    assert "stands for" in sh(lab, "curl -s -m2 localhost:8080")
    assert "default via 172.18.0.1" in sh(lab, "docker exec web ip route")


def test_the_network_namespace_has_dockers_name(lab: Lab) -> None:
    """SandboxKey, and what tutorials do with it: ip netns sees the container."""
    sh(lab, "docker run -d --name a x sleep 1000; rmdir /run/netns; ln -s /var/run/docker/netns /run/netns")
    key = sh(lab, "docker inspect -f '{{.NetworkSettings.SandboxKey}}' a").strip()
    assert key.startswith("/var/run/docker/netns/")
    assert "172.17.0.2" in sh(lab, f"nsenter --net={key} ip -br addr; ip netns exec $(basename {key}) true")
    sh(lab, "rm /run/netns; mkdir /run/netns; docker rm -f a")
    assert sh(lab, "ls /var/run/docker/netns") == ""


def test_a_network_of_another_container_is_shared(lab: Lab) -> None:
    """--network container:NAME: the same addresses, and localhost is the same."""
    sh(lab, "docker run -d --name web nginx")
    assert "stands for" in sh(
        lab, "docker run --rm --network container:web nicolaka/netshoot curl -s localhost"
    )
