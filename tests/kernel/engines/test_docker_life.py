"""What becomes of containers in the namespaces engine: streams, restarts, networks, ports, files, compose."""

from __future__ import annotations

import json

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


def test_what_a_container_prints_is_kept_also_in_the_foreground(lab: Lab) -> None:
    """docker logs, of both streams, with --tail, --since and -f; and a large output comes whole."""
    done = lab.script("docker run --name a x sh -c 'echo out; echo err >&2; printf end; exit 3'")
    assert (done.stdout, done.returncode) == ("out\nend", 3) and "err" in done.stderr
    logs = lab.script("docker logs a")
    assert logs.stdout == "out\nend" and logs.stderr == "err\n"
    assert lab.script("docker logs --tail 1 --since 1h a").stdout == "end"
    assert sh(lab, "docker logs --until 1h a") == ""
    sh(lab, "docker run -d --name b x sh -c 'echo first; sleep 0.5; echo last'")
    assert sh(lab, "docker logs -f b") == "first\nlast\n"
    many = lab.script("docker run --rm x seq 200000").stdout
    assert many.splitlines() == [str(number) for number in range(1, 200001)]


def test_input_goes_through_and_ends(lab: Lab) -> None:
    """-i: what is piped in, more than a pipe holds, and then its end."""
    done = lab.script("seq 100000 | docker run --rm -i x wc -l")
    assert done.stdout.strip() == "100000"


def test_a_shell_in_the_background_can_be_attached_to_and_left(lab: Lab) -> None:
    """-dit, attach, Ctrl-P Ctrl-Q; the shell goes on, and ends when somebody types exit."""
    sh(lab, "docker run -dit --name a alpine sh")
    keys = "(echo 'echo 4$((1+1))'; sleep 0.3; printf '\\020\\021'; sleep 0.3)"
    seen = sh(lab, f"{keys} | script -qec 'docker attach a' /dev/null")
    assert "42" in seen and "read escape sequence" in seen
    assert sh(lab, "docker inspect -f '{{.State.Running}} {{.Config.Tty}}' a") == "true true\n"
    sh(lab, "(echo exit; sleep 0.3) | script -qec 'docker attach a' /dev/null")
    assert sh(lab, "docker wait a") == "0\n" and "42" in sh(lab, "docker logs a")


def test_a_container_that_ends_at_once_is_said_in_one_line(lab: Lab) -> None:
    """Its shell had nobody to talk to; what has something to do is not spoken of."""
    done = lab.script("docker run -d --name a alpine")
    assert done.returncode == 0 and "a has ended already" in done.stderr
    assert "ended" not in lab.script("docker run -d alpine true").stderr


def test_restart_policies_are_kept(lab: Lab) -> None:
    """always, on-failure with its number of tries; docker stop ends it, and restart goes on."""
    sh(
        lab,
        "docker run -d --name a --restart always x sleep 1000; kill -9 "
        "$(docker inspect -f '{{.State.Pid}}' a)",
    )
    ask = "docker inspect -f '{{.State.Status}} {{.RestartCount}}' a"
    assert eventually(lambda: sh(lab, ask) == "running 1\n")
    sh(lab, "docker stop a")
    assert sh(lab, ask).startswith("exited")
    sh(lab, "docker run -d --name b --restart on-failure:2 x sh -c 'echo again; exit 3'")
    assert eventually(lambda: sh(lab, "docker logs b") == "again\n" * 3)
    assert eventually(
        lambda: (
            "exited 3 2"
            in sh(lab, "docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' b")
        )
    )


def test_a_health_check_tells_how_a_container_is(lab: Lab) -> None:
    """healthy once its command succeeds, unhealthy after so many tries."""
    sh(
        lab,
        "docker run -d --name a --health-cmd 'test -f /tmp/well' --health-interval "
        "50ms --health-retries 2 x sleep 999",
    )
    ask = "docker inspect -f '{{.State.Health.Status}}' a"
    assert eventually(lambda: sh(lab, ask) == "unhealthy\n")
    sh(lab, "docker exec a touch /tmp/well")
    assert eventually(lambda: sh(lab, ask) == "healthy\n")
    assert "(healthy)" in sh(lab, "docker ps")


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


def test_files_are_shared_and_copied(lab: Lab) -> None:
    """-v of folders, files, volumes, read-only, into read-only folders of the machine; docker cp."""
    sh(lab, "mkdir -p /tmp/d/sub; echo one >/tmp/d/f; echo conf >/tmp/conf")
    sh(
        lab,
        "docker run -d --name a -v /tmp/d:/usr/share/odd/x:ro -v /tmp/conf:/etc/app/conf "
        "-v data:/data --tmpfs /fast x sleep 1000",
    )
    assert sh(lab, "docker exec a cat /usr/share/odd/x/f /etc/app/conf") == "one\nconf\n"
    assert "Read-only" in lab.script("docker exec a touch /usr/share/odd/x/g").stderr
    sh(
        lab,
        "docker exec a sh -c 'echo kept >/data/file; echo there >/tmp/there'; docker "
        "cp a:/tmp/there /tmp/here; docker cp /tmp/d a:/tmp/",
    )
    assert (
        sh(lab, "cat /tmp/here; docker exec a cat /tmp/d/f; docker run --rm -v data:/d x cat /d/file")
        == "there\none\nkept\n"
    )
    assert sh(lab, "docker cp a:/tmp/there - | tar -tf -") == "there\n"
    lab.reset()
    assert sh(lab, "docker volume ls -q") == ""


def test_folders_that_an_image_has_and_the_machine_has_not_can_be_mounted_on(lab: Lab) -> None:
    """httpd's pages, a working folder below /usr: and the container's own programs stay in sight."""
    sh(lab, "mkdir /tmp/site; echo mine >/tmp/site/index.html")
    sh(lab, "docker run -d --name web -p 8080:80 -v /tmp/site:/usr/local/apache2/htdocs httpd")
    assert sh(lab, "curl -s -m2 localhost:8080") == "mine\n"
    assert sh(lab, "docker exec web sh -c 'command -v redis-cli; pwd'").split() == [
        "/usr/local/sbin/redis-cli",
        "/usr/local/apache2",
    ]
    assert (
        sh(lab, "docker run --rm -w /usr/new/app alpine ash -c 'touch here; pwd; ls'")
        == "/usr/new/app\nhere\n"
    )
    assert lab.script("ls /usr/new").returncode != 0


def test_pause_rename_top_stats_port_events_and_the_rest(lab: Lab) -> None:
    """Verbs that look and touch."""
    sh(lab, "docker run -d --name a -P nginx; docker rename a b; docker pause b")
    assert "(Paused)" in sh(lab, "docker ps") and lab.script("docker exec b true").returncode == 1
    sh(lab, "docker unpause b; docker exec b true")
    assert "nginx: master process" in sh(lab, "docker top b")
    assert sh(lab, "docker stats --no-stream --format '{{.Name}} {{.PIDs}}'").startswith("b 1")
    assert sh(lab, "docker port b 80").startswith("0.0.0.0:49153")
    said = sh(lab, "docker events --since 1m --until 0s --format '{{.Action}}'").split()
    assert {"create", "start", "rename", "pause", "unpause"} <= set(said)
    sh(lab, "docker stop b; docker start b; docker kill -s TERM b; docker wait b")
    assert [
        r["Names"]
        for r in map(json.loads, sh(lab, "docker ps -a --filter status=exited --format json").splitlines())
    ] == ["b"]
    assert sh(lab, "ls /var/run/docker/netns") == ""


COMPOSE = """
services:
  web:
    image: nginx
    ports: ["8080:80"]
    depends_on:
      db: {condition: service_healthy}
    networks: [front, back]
  db:
    image: redis
    networks:
      back: {aliases: [cache]}
    healthcheck: {test: [CMD, bash, -c, "echo </dev/tcp/127.0.0.1/6379"], interval: 100ms}
  job:
    image: alpine
    command: sleep 1000
    networks: [front]
    scale: 2
networks: {front: {}, back: {internal: true}}
"""


def test_a_compose_file_comes_up_and_goes_down(lab: Lab) -> None:
    """In the order of its needs; who is where reaches whom as the file says; down leaves nothing."""
    before = sh(lab, "iptables-save | grep -v '^[#:]'; ip -br link | awk '{print $1}'")
    sh(lab, f"mkdir -p /tmp/shop; cat >/tmp/shop/compose.yml <<'END'\n{COMPOSE}\nEND")
    up = lab.script("cd /tmp/shop; docker compose up -d")
    assert up.returncode == 0 and up.stderr.index("db-1  Healthy") < up.stderr.index("web-1  Started")
    compose = "cd /tmp/shop; docker compose"
    assert "stands for" in sh(lab, "curl -s -m2 localhost:8080")
    for service, name, there in (
        ("web", "cache", True),
        ("web", "job", True),
        ("job", "web", True),
        ("job", "db", False),
        ("db", "job", False),
    ):
        assert (lab.script(f"{compose} exec -T {service} ping -c1 -W1 {name}").returncode == 0) == there, (
            service,
            name,
        )
    assert len(sh(lab, f"{compose} ps -q").split()) == 4
    assert "Running" in lab.script(f"{compose} up -d").stderr
    assert "redis: ready" in sh(lab, f"{compose} logs db")
    assert lab.script(f"{compose} down").returncode == 0
    assert sh(lab, "iptables-save | grep -v '^[#:]'; ip -br link | awk '{print $1}'") == before
