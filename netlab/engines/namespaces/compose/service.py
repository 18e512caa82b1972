"""One service of a compose file. What it does not know it refuses, with the line."""

from __future__ import annotations

import os
import re
import shlex

from netlab.engines.namespaces.compose.project import Membership, Service
from netlab.engines.namespaces.compose.source import Source
from netlab.engines.namespaces.compose.yaml import Node

SERVICE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}", re.ASCII)
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
# Fields that are an option of `docker run` as they stand: a text, and lists of such.
TEXTS = {"hostname": "--hostname", "user": "--user", "working_dir": "--workdir", "restart": "--restart"}
TEXTS |= {"mac_address": "--mac-address", "stop_signal": "--stop-signal", "platform": "--platform"}
LISTS = {"cap_add": "--cap-add", "cap_drop": "--cap-drop", "dns": "--dns", "dns_search": "--dns-search"}
LISTS |= {"expose": "--expose", "tmpfs": "--tmpfs"}
TABLES = {"environment": "--env", "labels": "--label", "sysctls": "--sysctl", "extra_hosts": "--add-host"}
FLAGS = {"tty": "--tty", "stdin_open": "--interactive", "privileged": "--privileged", "init": "--init"}
OTHERS = "image command entrypoint container_name ports networks network_mode env_file depends_on "
OTHERS += "volumes links"
OTHERS_KNOWN = {*OTHERS.split(), "scale", "deploy", "healthcheck", "pull_policy", "logging", "profiles"}


class ServiceReader:
    """The services of a file; `networks` and `volumes` are the names that it has."""

    def __init__(self, file: Source, networks: set[str], volumes: set[str]) -> None:
        self._file, self._networks, self._volumes = file, networks, volumes

    def read(self, name: str, node: Node, line: int) -> Service:
        """The one that begins in that line. BadCompose."""
        file = self._file
        if not SERVICE.fullmatch(name):
            raise file.fail(line, f"invalid service name {name!r}")
        known = {*TEXTS, *LISTS, *TABLES, *FLAGS, *OTHERS_KNOWN}
        fields = file.only(node, f"services.{name}", known)
        if "image" not in fields:
            raise file.fail(line, f"services.{name}: there is no image, and nothing is built in the lab")
        mode = file.text(fields["network_mode"], "network_mode") if "network_mode" in fields else ""
        memberships = () if mode else self._memberships(name, fields.get("networks"))
        return Service(
            name,
            file.text(fields["image"], "image"),
            line,
            command=self._words(fields.get("command"), "command") or (),
            entrypoint=self._words(fields.get("entrypoint"), "entrypoint"),
            options=tuple(self._options(name, fields)),
            networks=memberships,
            network_mode=mode,
            needs=self._needs(fields),
            volumes=tuple(self._mount(each) for each in fields["volumes"].items or [])
            if "volumes" in fields
            else (),
            container_name=file.text(fields["container_name"], "container_name")
            if "container_name" in fields
            else "",
            scale=self._scale(name, fields),
            health=self._health(name, fields["healthcheck"]) if "healthcheck" in fields else (),
            links=tuple(file.texts(fields["links"], "links")) if "links" in fields else (),
            profiles=tuple(file.texts(fields["profiles"], "profiles")) if "profiles" in fields else (),
        )

    def _options(self, name: str, fields: dict[str, Node]) -> list[str]:
        file, words = self._file, list[str]()
        for table, read in ((TEXTS, file.texts), (LISTS, file.texts), (TABLES, file.pairs)):
            for key, flag in table.items():
                if key in fields:
                    found = (
                        file.pairs(fields[key], key, ":") if key == "extra_hosts" else read(fields[key], key)
                    )
                    words += [word for value in found for word in (flag, value)]
        for key, flag in FLAGS.items():
            if key in fields and file.is_true(fields[key], key):
                words.append(flag)
        for each in fields["ports"].items or [] if "ports" in fields else []:
            words += ["--publish", self._port(each)]
        for path in file.texts(fields["env_file"], "env_file") if "env_file" in fields else []:
            words += ["--env-file", str(file.beside(path))]
        return words

    def _port(self, node: Node) -> str:
        if node.fields is None:
            return self._file.text(node, "ports")
        fields = self._file.only(
            node, "ports", {"target", "published", "protocol", "host_ip", "mode", "name"}
        )
        word = {key: self._file.text(value, key) for key, value in fields.items()}
        ip = f"{word['host_ip']}:" if word.get("host_ip") else ""
        outside = f"{word['published']}:" if word.get("published") else ":" if ip else ""
        return f"{ip}{outside}{word.get('target', '')}/{word.get('protocol') or 'tcp'}"

    def _words(self, node: Node | None, what: str) -> tuple[str, ...] | None:
        if node is None or (node.is_empty and not node.is_quoted):
            return None
        if node.items is not None:
            return tuple(self._file.texts(node, what))
        try:
            return tuple(shlex.split(self._file.text(node, what)))
        except ValueError as error:
            raise self._file.fail(node.line, f"{what}: {error}") from error

    def _memberships(self, name: str, node: Node | None) -> tuple[Membership, ...]:
        if node is None or node.is_empty:
            return (Membership("default", (name,)),)
        found = []
        entries = node.fields or {self._file.text(item, "networks"): item for item in node.items or []}
        for key, each in entries.items():
            if key not in self._networks and key != "default":
                raise self._file.fail(each.line, f'service "{name}" refers to undefined network {key}')
            fields = (
                self._file.only(each, f"networks.{key}", {"aliases", "ipv4_address", "priority"})
                if node.fields
                else {}
            )
            aliases = self._file.texts(fields["aliases"], "aliases") if "aliases" in fields else []
            address = (
                self._file.text(fields["ipv4_address"], "ipv4_address") if "ipv4_address" in fields else ""
            )
            found.append(Membership(key, (name, *aliases), address))
        return tuple(found)

    def _needs(self, fields: dict[str, Node]) -> tuple[tuple[str, str], ...]:
        node, found = fields.get("depends_on"), []
        if node is not None and node.fields is not None:
            for name, each in node.fields.items():
                entry = self._file.only(each, f"depends_on.{name}", {"condition", "restart", "required"})
                condition = (
                    self._file.text(entry["condition"], "condition")
                    if "condition" in entry
                    else CONDITIONS[0]
                )
                if condition not in CONDITIONS:
                    raise self._file.fail(each.line, f"condition must be one of {', '.join(CONDITIONS)}")
                found.append((name, condition))
        elif node is not None:
            found = [(name, CONDITIONS[0]) for name in self._file.texts(node, "depends_on")]
        for link in self._file.texts(fields["links"], "links") if "links" in fields else []:
            found.append((link.partition(":")[0], CONDITIONS[0]))
        return tuple(found)

    def _mount(self, node: Node) -> str:
        file = self._file
        if node.fields is not None:
            fields = file.only(node, "volumes", {"type", "source", "target", "read_only"})
            word = {key: file.text(value, key) for key, value in fields.items()}
            mode = ":ro" if "read_only" in fields and file.is_true(fields["read_only"], "read_only") else ""
            text = f"{word.get('source', '')}:{word.get('target', '')}{mode}".removeprefix(":")
        else:
            text = file.text(node, "volumes")
        source, colon, rest = text.partition(":")
        if colon and source.startswith((".", "/", "~")):
            return f"{os.path.normpath(file.beside(source))}:{rest}"
        if colon and source not in self._volumes:
            raise file.fail(node.line, f"refers to undefined volume {source}: name it under volumes:")
        return text

    def _scale(self, name: str, fields: dict[str, Node]) -> int:
        if "deploy" in fields:
            deploy = self._file.only(
                fields["deploy"], f"services.{name}.deploy", {"replicas", "mode", "restart_policy"}
            )
            if "replicas" in deploy:
                return self._file.number(deploy["replicas"], "replicas")
        return self._file.number(fields["scale"], "scale") if "scale" in fields else 1

    def _health(self, name: str, node: Node) -> tuple[str, ...]:
        known = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}
        fields = self._file.only(node, f"services.{name}.healthcheck", known)
        if ("disable" in fields and self._file.is_true(fields["disable"], "disable")) or "test" not in fields:
            return ()
        words = self._file.texts(fields["test"], "test")
        if fields["test"].items is None or words[:1] == ["CMD-SHELL"]:
            words = ["/bin/sh", "-c", words[-1]]
        elif words[:1] == ["NONE"]:
            return ()
        elif words[:1] == ["CMD"]:
            words = words[1:]
        else:
            raise self._file.fail(fields["test"].line, "test must begin with CMD, CMD-SHELL or NONE")
        interval = self._file.text(fields["interval"], "interval") if "interval" in fields else "30s"
        tries = self._file.number(fields["retries"], "retries") if "retries" in fields else 3
        return (interval, str(tries), *words)
