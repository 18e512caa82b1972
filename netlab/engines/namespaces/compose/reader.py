"""A compose file, read into a Project. What it does not know it refuses, with the line and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from netlab.engines.namespaces.compose import yaml
from netlab.engines.namespaces.compose.project import NetworkPlan, Project, Service
from netlab.engines.namespaces.compose.service import ServiceReader
from netlab.engines.namespaces.compose.source import MOST, Source
from netlab.engines.namespaces.compose.yaml import BadYaml, Node

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
TOP = ("version", "name", "services", "networks", "volumes")
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)


class Reader(Source):
    """One file, as a project."""

    def __init__(self, path: Path, environment: Mapping[str, str], name: str = "") -> None:
        super().__init__(path, environment)
        self._asked_name = name

    def read(self, content: str) -> Project:
        """What it says. BadCompose."""
        try:
            root = yaml.parse(content)
        except BadYaml as error:
            raise self.fail(error.line, str(error)) from error
        fields = self.fields(root, "the file")
        for key in fields:
            if key not in TOP and not key.startswith("x-"):
                raise self.fail(
                    root.lines_of[key], f"{key}: not in the lab's compose; there are {', '.join(TOP)}"
                )
        name = self._name(fields)
        networks = self._networks(fields.get("networks"), name)
        volumes = self._volumes(fields.get("volumes"), name)
        if "services" not in fields:
            raise self.fail(1, "services: there are none")
        table = self.fields(fields["services"], "services")
        if len(table) > MOST:
            raise self.fail(fields["services"].line, f"more than {MOST} services")
        reader = ServiceReader(self, set(networks), set(volumes))
        services = tuple(
            reader.read(key, node, fields["services"].lines_of[key]) for key, node in table.items()
        )
        self._check_needs(services)
        if any(not s.networks and not s.network_mode for s in services) or "default" not in networks:
            networks.setdefault("default", NetworkPlan("default", f"{name}_default"))
        used = {each.network for s in services for each in s.networks}
        return Project(name, services, tuple(n for key, n in networks.items() if key in used), volumes)

    def _name(self, fields: dict[str, Node]) -> str:
        name = self._asked_name or (self.text(fields["name"], "name") if "name" in fields else "")
        name = (
            name or re.sub(r"[^a-z0-9_-]", "", self.path.resolve().parent.name.lower()).lstrip("_-") or "lab"
        )
        if not PROJECT.fullmatch(name):
            raise self.fail(
                1, f"invalid project name {name!r}: small letters, digits, dashes and underscores"
            )
        return name

    def _check_needs(self, services: tuple[Service, ...]) -> None:
        known = {service.name for service in services}
        for service in services:
            for other, _condition in service.needs:
                if other not in known:
                    raise self.fail(
                        service.line, f'service "{service.name}" depends on undefined service "{other}"'
                    )

    # -- networks and volumes

    def _networks(self, node: Node | None, project: str) -> dict[str, NetworkPlan]:
        return {
            key: self._network(key, each, project)
            for key, each in (self.fields(node, "networks") if node else {}).items()
        }

    def _network(self, key: str, node: Node, project: str) -> NetworkPlan:
        known = {
            "driver",
            "driver_opts",
            "internal",
            "ipam",
            "external",
            "name",
            "enable_ipv6",
            "labels",
            "attachable",
        }
        fields = self.only(node, f"networks.{key}", known)
        full = self.text(fields["name"], "name") if "name" in fields else f"{project}_{key}"
        if "external" in fields and (
            fields["external"].fields or self.is_true(fields["external"], "external")
        ):
            return NetworkPlan(key, self.text(fields["name"], "name") if "name" in fields else key, (), True)
        words: list[str] = []
        if "driver" in fields:
            words += ["--driver", self.text(fields["driver"], "driver")]
        for option in self.pairs(fields["driver_opts"], "driver_opts") if "driver_opts" in fields else []:
            words += ["--opt", option]
        for flag, name in (("internal", "--internal"), ("enable_ipv6", "--ipv6")):
            if flag in fields and self.is_true(fields[flag], flag):
                words.append(name)
        if "ipam" in fields:
            ipam = self.only(fields["ipam"], f"networks.{key}.ipam", {"driver", "config"})
            for entry in (ipam["config"].items or []) if "config" in ipam else []:
                config = self.only(entry, f"networks.{key}.ipam.config", {"subnet", "gateway", "ip_range"})
                for field, value in config.items():
                    words += [f"--{field.replace('_', '-')}", self.text(value, field)]
        return NetworkPlan(key, full, tuple(words))

    def _volumes(self, node: Node | None, project: str) -> dict[str, str]:
        found = {}
        for key, each in (self.fields(node, "volumes") if node else {}).items():
            fields = self.only(each, f"volumes.{key}", {"driver", "external", "name", "labels"})
            is_external = "external" in fields and self.is_true(fields["external"], "external")
            name = (
                self.text(fields["name"], "name")
                if "name" in fields
                else key
                if is_external
                else f"{project}_{key}"
            )
            found[key] = name
        return found
