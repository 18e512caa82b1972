"""What /etc/resolv.conf says: whom the C library asks for a name, and for which names. resolv.conf(5)

It is somebody else's file: what is written like no address is left out. Pure.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

MOST_SERVERS, MOST_NAMES, MOST_DOTS = 3, 6, 15
_DOTS = re.compile(r"ndots:(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class ResolvConf:
    """Its lines, as far as names go."""

    servers: tuple[str, ...] = ()  # addresses, in the order in which they are asked
    search: tuple[str, ...] = ()  # what is put behind a name
    ndots: int = 1  # a name with so many dots is first tried as it is

    @staticmethod
    def parse(text: str) -> ResolvConf:
        """From the file's text. The last `search` (or `domain`) line counts."""
        servers: list[str] = []
        search: tuple[str, ...] = ()
        ndots = 1
        for word, *rest in filter(None, (line.split() for line in text.splitlines())):
            if word == "nameserver" and rest:
                with suppress(ValueError):
                    servers.append(str(ip_address(rest[0])))
            elif word in ("search", "domain"):
                search = tuple(rest[:MOST_NAMES])
            elif word == "options":
                ndots = next((min(int(m[1]), MOST_DOTS) for o in rest if (m := _DOTS.fullmatch(o))), ndots)
        return ResolvConf(tuple(servers[:MOST_SERVERS]), search, ndots)

    def names(self, name: str) -> list[str]:
        """The names that are asked for, one after the other, for somebody who wants that one."""
        if name.endswith("."):
            return [name[:-1]]
        longer = [f"{name}.{domain.rstrip('.')}" for domain in self.search]
        return [name, *longer] if name.count(".") >= self.ndots else [*longer, name]
