"""A stand-in for a Kubernetes API server: what KubeSpawner asks of it, and a kubelet that starts nothing.

What is sent to it is held to the types of the API as kubernetes_asyncio has them, field by field; a real one
would drop an unknown field silently, this one refuses it. Pods, claims and events are kept in memory and can
be watched.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kubernetes_asyncio.client import models
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application, HTTPError, RequestHandler

TYPES = {"pods": "V1Pod", "persistentvolumeclaims": "V1PersistentVolumeClaim"}
PLAIN = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "quantity": (str, int, float),
    "datetime": str,
    "object": object,
}
QUANTITIES = ("V1ResourceRequirements", "V1VolumeResourceRequirements")
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123, as the API wants names
ADDRESS = "10.0.0.7"


def mistakes(value: Any, kind: str, place: str = "") -> Iterator[str]:
    """What of that value is not as the API's type has it: unknown fields, wrong types."""
    if value is None:
        return
    if found := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        for number, each in enumerate(value):
            yield from mistakes(each, found[1], f"{place}[{number}]")
    elif found := re.fullmatch(r"dict[(\[]str, (.+)[)\]]", kind):
        for key, each in value.items():
            yield from mistakes(each, found[1], f"{place}.{key}")
    elif kind in PLAIN:
        is_slip = isinstance(value, bool) and kind in ("int", "float", "quantity")
        if is_slip or not isinstance(value, PLAIN[kind]):
            yield f"{place}: {value!r} is no {kind}"
    else:
        yield from _of_model(value, kind, place)


def _of_model(value: dict[str, Any], kind: str, place: str) -> Iterator[str]:
    model = getattr(models, kind)
    types = {model.attribute_map[name]: type_ for name, type_ in model.openapi_types.items()}
    if kind in QUANTITIES:
        types |= dict.fromkeys(("limits", "requests"), "dict(str, quantity)")
    for key, each in value.items():
        if key in types:
            yield from mistakes(each, types[key], f"{place}.{key}")
        else:
            yield f"{place}.{key}: unknown"


class Cluster:
    """Its objects by kind and name, and everything that was asked."""

    def __init__(self, *, starts: bool = True) -> None:
        self.starts = starts  # whether pods come up
        self.objects: dict[str, dict[str, Any]] = {"pods": {}, "persistentvolumeclaims": {}, "events": {}}
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.version = 0
        self.watchers: list[tuple[str, asyncio.Queue[dict[str, Any]]]] = []
        place = r"/api/v1/namespaces/([^/]+)/(pods|persistentvolumeclaims|events)"
        words = {"cluster": self}
        self.server = HTTPServer(Application([(place, Many, words), (place + "/([^/]+)", One, words)]))
        sock, self.port = bind_unused_port()
        self.server.add_socket(sock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        for _kind, queue in self.watchers:
            queue.put_nowait({})
        self.server.stop()

    def tell(self, kind: str, what: str, thing: dict[str, Any]) -> None:
        """Take that state down, and tell those who watch."""
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        known = self.objects[kind]
        if what == "DELETED":
            known.pop(thing["metadata"]["name"], None)
        else:
            known[thing["metadata"]["name"]] = thing
        for watched, queue in self.watchers:
            if watched == kind:
                queue.put_nowait(json.loads(json.dumps({"type": what, "object": thing})))

    def started(self, pod: dict[str, Any]) -> None:
        """What scheduler and kubelet do."""
        name = pod["metadata"]["name"]
        pod["status"] = {"phase": "Pending"}
        self.tell("pods", "ADDED", pod)
        if not self.starts:
            self.event(name, "FailedScheduling", "0/3 nodes are available: 3 Insufficient memory.")
            return
        self.event(name, "Scheduled", f"Successfully assigned {name} to node-1")
        same = {"ready": True, "state": {"running": {}}, "restartCount": 0, "imageID": "sha256:0"}
        each = [{**same, "name": c["name"], "image": c["image"]} for c in pod["spec"]["containers"]]
        pod["status"] = {"phase": "Running", "podIP": ADDRESS, "containerStatuses": each}
        self.tell("pods", "MODIFIED", pod)

    def event(self, pod: str, reason: str, message: str) -> None:
        uid = f"event-{self.version}"
        self.tell(
            "events",
            "ADDED",
            {
                "metadata": {"name": uid, "uid": uid, "namespace": "workshop"},
                "involvedObject": {"kind": "Pod", "name": pod},
                "reason": reason,
                "type": "Warning" if reason.startswith("Failed") else "Normal",
                "message": message,
                "lastTimestamp": datetime.now(UTC).isoformat(),
                "eventTime": None,
            },
        )


class _Handler(RequestHandler):
    def initialize(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def prepare(self) -> None:
        self.cluster.asked.append(f"{self.request.method} {self.request.path}")

    def write_error(self, status_code: int, **words: Any) -> None:
        reason = self._reason
        self.finish({"kind": "Status", "status": "Failure", "code": status_code, "message": reason})


class Many(_Handler):
    async def get(self, namespace: str, kind: str) -> None:
        if self.get_argument("watch", "").lower() != "true":
            items = list(self.cluster.objects[kind].values())
            self.finish({"items": items, "metadata": {"resourceVersion": str(self.cluster.version)}})
            return
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.cluster.watchers.append((kind, queue))
        try:
            while said := await queue.get():
                self.write(json.dumps(said) + "\n")
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            self.cluster.watchers.remove((kind, queue))

    def post(self, namespace: str, kind: str) -> None:
        thing = json.loads(self.request.body)
        name = str(thing["metadata"]["name"])
        wrong = list(mistakes(thing, TYPES[kind], kind))
        if not NAME.fullmatch(name) or len(name) > 253:
            wrong.append(f"{name!r} is no name")
        if wrong:
            self.cluster.refused += wrong
            raise HTTPError(422, reason="; ".join(wrong))
        if name in self.cluster.objects[kind]:
            raise HTTPError(409, reason="AlreadyExists")
        thing["metadata"] |= {"uid": f"uid-{self.cluster.version}", "namespace": namespace}
        if kind == "pods":
            self.cluster.started(thing)
        else:
            self.cluster.tell(kind, "ADDED", thing)
        self.set_status(201)
        self.finish(thing)


class One(_Handler):
    def get(self, namespace: str, kind: str, name: str) -> None:
        self.finish(self._found(kind, name))

    def delete(self, namespace: str, kind: str, name: str) -> None:
        thing = self._found(kind, name)
        self.cluster.tell(kind, "DELETED", thing)
        self.finish(thing)

    def _found(self, kind: str, name: str) -> dict[str, Any]:
        thing = self.cluster.objects[kind].get(name)
        if thing is None:
            raise HTTPError(404, reason="NotFound")
        return dict(thing)
