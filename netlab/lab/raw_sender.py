"""Run on a node, by itself: sends the IPv4 packet that comes in as hexadecimal, as it is.

The destination is in the packet's own header, bytes 16 to 19; IPPROTO_RAW takes it as it is (raw(7)).
"""

import socket
import sys


def main() -> None:
    """Send it; what the kernel says to it is the exit status."""
    packet = bytes.fromhex(sys.stdin.read())
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            raw.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
    except OSError as error:
        sys.exit(error.errno)


if __name__ == "__main__":
    main()
