"""tshark as an oracle of the decoder, where it is installed: the bench, on CI as well."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

from netlab.model import Frame
from netlab.packets import pcapng
from netlab.packets.decode import decode
from tests.worlds import builders as b
from tests.worlds import fuzz

FIELDS = {
    "eth.src": "source_mac",
    "eth.dst": "destination_mac",
    "ip.src": "source",
    "ip.dst": "destination",
    "ip.ttl": "ttl",
    "ip.id": "ip_id",
    "ipv6.src": "source",
    "ipv6.dst": "destination",
    "ipv6.hlim": "ttl",
    "tcp.srcport": "source_port",
    "tcp.dstport": "destination_port",
    "tcp.seq_raw": "sequence",
    "tcp.ack_raw": "acknowledgement",
    "udp.srcport": "source_port",
    "udp.dstport": "destination_port",
    "icmp.type": "icmp_type",
    "icmp.code": "icmp_code",
    "arp.src.proto_ipv4": "source",
    "arp.dst.proto_ipv4": "destination",
}


def check(seed: int, count: int = 500) -> int:
    """Random well-formed frames: whatever field tshark finds in one's outermost packet, the decoder finds.

    AssertionError names the seed and the frame; how many fields were compared.
    """
    random, capture = Random(seed), b.ping(1)
    frames = [Frame(b.START + n, capture.points[0], "in", fuzz.frame(random), 0) for n in range(count)]
    frames = [replace(frame, length=len(frame.data)) for frame in frames]
    with tempfile.TemporaryDirectory() as folder:
        file = pcapng.write(replace(capture, frames=tuple(frames)), Path(folder, "random.pcapng"))
        words = ["tshark", "-n", "-r", str(file), "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
        words += ["-T", "fields", "-E", "occurrence=f"]
        words += [word for name in FIELDS for word in ("-e", name)]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100)
    lines = done.stdout.splitlines()
    assert len(lines) == count
    compared = 0
    for frame, line in zip(frames, lines, strict=True):
        packet = decode(frame.data)
        if packet.protocol == "other":
            continue
        # Of what is quoted or in a tunnel tshark tells as well: only the packet's own layers are compared.
        network = {0x0800: "ip", 0x86DD: "ipv6", 0x0806: "arp"}.get(packet.ethertype)
        layers = {"eth", network, packet.protocol}
        for (name, ours), text in zip(FIELDS.items(), line.split("\t"), strict=True):
            layer = name.partition(".")[0]
            if text and layer in layers:
                found = getattr(packet, ours)
                theirs = text if isinstance(found, str) else int(text, 0)
                assert found == theirs, f"seed {seed}: {name} {text}, not {found}: {frame.data.hex()}"
                compared += 1
    return compared


if __name__ == "__main__":
    for number in range(4):
        print(number, check(number))
