"""Hand-ins of lesson 12 in which somebody lies about a name: programs, files, servers, rules."""

from __future__ import annotations

from tests.worlds.cheats import Cheat

SETTINGS = "docker exec {0} sh -c 'echo nameserver {1} > /etc/resolv.conf'\n"
PREDICT = "lab.predict('{0}', next(iter(lab.lesson.step('{0}').prediction.options)))"
SAYS = "#!/bin/sh\\necho 39.106.233.176 STREAM example.com\\n"
# The lesson's own server knows the answer, and would give it at any address.
LIAR = "sed 's/198.51.100.53/{0}/' /root/names.py > /root/liar.py\n{1} setsid python3 /root/liar.py > /dev/null 2>&1 < /dev/null &\nsleep 0.5\n"
INSIDE = "nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {0}) -n"
TAKEN = "iptables -t nat -A PREROUTING -p udp --dport 53 -j DNAT --to-destination 172.17.0.1:53\n"
TOGGLED = """%%bash
cat > /root/toggle.sh <<'END'
for i in $(seq 400); do
    iptables -D DOCKER-USER -s 172.17.0.3 -p udp --dport 53 -j DROP; sleep 0.05
    iptables -I DOCKER-USER -s 172.17.0.3 -p udp --dport 53 -j DROP; sleep 0.05
done
END
setsid bash /root/toggle.sh > /dev/null 2>&1 < /dev/null &
"""


def in_lesson_12(step: str, *cells: str, predict: bool = False) -> Cheat:
    """The cells, then that step's check."""
    said = (PREDICT.format(step),) if predict else ()
    return Cheat("12", (*said, *cells, f"lab.check('{step}')"), (step,))


NAMES = {
    "a getent and a ping that lie": in_lesson_12(
        "12.2",
        f"%%bash\nfor c in getent ping cat; do docker exec if-test sh -c "
        f"\"printf '{SAYS}' > /usr/local/sbin/$c; chmod +x /usr/local/sbin/$c\"; "
        f"printf '{SAYS}' > /root/$c; chmod +x /root/$c; mount --bind /root/$c $(readlink -f $(command -v $c)); done",
    ),
    "a library that is told to look elsewhere": in_lesson_12(
        "12.2",
        "!docker exec if-test sh -c 'echo hosts: files > /etc/nsswitch.conf; "
        "echo 39.106.233.176 example.com >> /etc/hosts; echo nameserver 127.0.0.1 > /etc/resolv.conf'",
    ),
    "a server of one's own on the lab host": in_lesson_12(
        "12.2", "%%bash\n" + LIAR.format("172.17.0.1", "") + SETTINGS.format("if-test", "172.17.0.1")
    ),
    "a server of one's own in the container": in_lesson_12(
        "12.2",
        "%%bash\n" + LIAR.format("127.0.0.1", INSIDE.format("if-test")) + SETTINGS.format("if-test", "127.0.0.1"),
    ),
    "a server of one's own, for all questions": in_lesson_12(
        "12.2",
        "%%bash\n" + LIAR.format("172.17.0.1", "") + SETTINGS.format("if-test", "198.51.100.53") + TAKEN,
    ),
    "the server's address on docker0": in_lesson_12(
        "12.3",
        "%%bash\nip addr add 198.51.100.53/32 dev docker0\n" + LIAR.format("198.51.100.53", ""),
        predict=True,
    ),
    "a rule that takes the question before it is dropped": in_lesson_12(
        "12.3", "%%bash\n" + LIAR.format("172.17.0.1", "") + TAKEN, predict=True
    ),
    "a copy to the server, and an answer of one's own": in_lesson_12(
        "12.3",
        "%%bash\n" + LIAR.format("172.17.0.1", "") + TAKEN
        + "iptables -t mangle -A PREROUTING -i docker0 -p udp --dport 53 -j TEE --gateway 198.51.100.53",
        predict=True,
    ),
    "the rule on and off": in_lesson_12("12.3", TOGGLED, *["lab.check('12.3')"] * 2, predict=True),
    "the short name in a file": in_lesson_12(
        "12.4",
        "lab.answer('12.4', 'answer')",
        "!docker exec if-test sh -c 'echo 39.106.233.176 example >> /etc/hosts; echo nameserver 198.51.100.53 > /etc/resolv.conf'",
    ),
    "somebody else at 127.0.0.11": in_lesson_12(
        "12.5",
        "%%bash\nfor c in db web; do docker run -d --name $c centos:8.1.1911 sleep 36001; done\n"
        "python3 - <<'END'\ntext = open('/root/names.py').read().replace('198.51.100.53', '127.0.0.11')\n"
        "text = text.replace('known = query', 'known = b\"\\\\2db\\\\0\" == query[12:end - 4].lower() or query')\n"
        "text = text.replace('socket.inet_aton(\"39', 'socket.inet_aton(\"172.17.0.4\" if b\"\\\\2db\\\\0\" in query.lower() else \"39')\n"
        "open('/root/docker.py', 'w').write(text)\nEND\n"
        + INSIDE.format("web") + " setsid python3 /root/docker.py > /dev/null 2>&1 < /dev/null &\nsleep 0.5\n"
        + SETTINGS.format("web", "127.0.0.11"),
        predict=True,
    ),
}  # fmt: skip
