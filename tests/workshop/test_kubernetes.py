"""What KubeSpawner makes of the values for Kubernetes, at a stand-in for the API server. No cluster is asked.

The values are held to the part of the chart's schema that they use; the table is our own reading of it.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from kubernetes_asyncio.config import kube_config
from kubespawner import KubeSpawner
from kubespawner.clients import load_config
from traitlets.config import Config

from netlab.keeper.address import HOME
from netlab.linux.limits import Limits
from tests.workshop.cluster import ADDRESS, Cluster, mistakes

FOLDER = HOME / "netlab/workshop/kubernetes"
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
NOWHERE = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: me, user: {}}]
"""
SECONDS = 20

# A table is closed, as it is in the chart's schema: it takes the keys that stand here and no other.
TEXT, NUMBER, WHOLE, SIZE, ANY = (str,), (int, float), (int,), (int, float, str), (object,)
RULES = dict.fromkeys(("cloudMetadataServer", "dnsPortsPrivateIPs", "nonPrivateIPs", "privateIPs"), (bool,))
SCHEMA: dict[str, Any] = {
    "hub": {"config": ANY, "extraConfig": ANY, "extraFiles": ANY, "services": ANY},
    "singleuser": {
        "image": {"name": TEXT, "tag": TEXT, "pullPolicy": TEXT, "pullSecrets": (list,)},
        "cmd": (list, str),
        "uid": WHOLE,
        "fsGid": WHOLE,
        "startTimeout": WHOLE,
        "defaultUrl": TEXT,
        "cpu": {"guarantee": NUMBER, "limit": NUMBER},
        "memory": {"guarantee": SIZE, "limit": SIZE},
        "extraEnv": (dict, list),
        "storage": {"type": TEXT, "capacity": TEXT, "homeMountPath": TEXT, "dynamic": ANY},
        "extraPodConfig": (dict,),
        "networkPolicy": {
            "enabled": (bool,),
            "egressAllowRules": RULES,
            "egress": (list,),
            "ingress": (list,),
        },
        "cloudMetadata": {"blockWithIptables": (bool,), "ip": TEXT},
    },
}


def strangers(values: Any, schema: Any = SCHEMA, place: str = "") -> Iterator[str]:
    """What of the values the chart would refuse."""
    if isinstance(schema, tuple):
        is_number = isinstance(values, bool) and bool not in schema and object not in schema
        if is_number or not isinstance(values, schema):
            yield f"{place}: {values!r}"
        return
    for key, value in values.items():
        if key not in schema:
            yield f"{place}.{key}"
        else:
            yield from strangers(value, schema[key], f"{place}.{key}")


def test_the_chart_takes_the_values() -> None:
    """Every key is one that the chart has, with a value of its type."""
    assert list(strangers(VALUES)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [("memory.limits", "1G"), ("uid", "1000"), ("cpu.limit", "1"), ("fsGid", True), ("networkpolicy", {})],
)
def test_a_slip_in_the_values_is_found(place: str, value: Any) -> None:
    """A key that is misspelt, a number in quotes."""
    wrong = copy.deepcopy(VALUES)
    *path, last = place.split(".")
    at = wrong["singleuser"]
    for key in path:
        at = at[key]
    at[last] = value
    assert [found.split(":")[0] for found in strangers(wrong)] == [f".singleuser.{place}"]


def test_the_hubs_own_settings_exist() -> None:
    """Each class and each setting under hub.config is one of JupyterHub's or KubeSpawner's."""
    chosen = VALUES["hub"]["config"]["JupyterHub"]["authenticator_class"]
    (door,) = entry_points(group="jupyterhub.authenticators", name=chosen)
    classes = {each.__name__: each for each in (JupyterHub, Authenticator, KubeSpawner, door.load())}
    for name, settings in VALUES["hub"]["config"].items():
        known = classes[name].class_traits(config=True)
        assert settings.keys() <= known.keys(), name
        if issubclass(classes[name], Authenticator):
            classes[name](config=Config({name: settings}))


def traits() -> dict[str, Any]:
    """As the chart sets the spawner: what stands under singleuser goes to the traits of the same meaning."""
    single = VALUES["singleuser"]
    home = {"name": "volume-{user_server}", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
    return {
        "namespace": "workshop",
        "image": f"{single['image']['name']}:{single['image']['tag']}",
        "cmd": single["cmd"],
        "uid": single["uid"],
        "fs_gid": single["fsGid"],
        "start_timeout": single["startTimeout"],
        "mem_limit": single["memory"]["limit"],
        "mem_guarantee": single["memory"]["guarantee"],
        "cpu_limit": single["cpu"]["limit"],
        "cpu_guarantee": single["cpu"]["guarantee"],
        "environment": single["extraEnv"],
        "extra_pod_config": single["extraPodConfig"],
        "storage_pvc_ensure": True,
        "storage_capacity": single["storage"]["capacity"],
        "storage_access_modes": ["ReadWriteOnce"],
        "volumes": [home],
        "volume_mounts": [{"name": home["name"], "mountPath": single["storage"]["homeMountPath"]}],
        **VALUES["hub"]["config"]["KubeSpawner"],
    }


class Learner:
    """One learner's KubeSpawner at a stand-in cluster."""

    def __init__(self, cluster: Cluster, name: str, **others: Any) -> None:
        user = SimpleNamespace(name=name, id=1, url=f"/user/{name}/", escaped_name=name)
        words = Config(KubeSpawner={**traits(), "k8s_api_host": cluster.url, **others})
        load_config.cache_clear()  # the cluster of another test is gone
        self.spawner = KubeSpawner(config=words, user=user, _mock=True)
        self.spawner.api_token = "a-token"
        self.cluster = cluster

    @property
    def pod(self) -> dict[str, Any]:
        (pod,) = self.cluster.objects["pods"].values()
        return dict(pod)


def at_a_cluster(story: Any, **words: Any) -> Any:
    """Run that coroutine function of a cluster, in a loop of its own: a browser's tests leave theirs."""

    async def told() -> Any:
        cluster = Cluster(**words)
        try:
            return await asyncio.wait_for(story(cluster), SECONDS)
        finally:
            await KubeSpawner._stop_all_reflectors()
            cluster.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(told())).result()


@pytest.fixture(scope="module", autouse=True)
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """KubeSpawner wants a configuration before it is told the address."""
    file = tmp_path_factory.mktemp("kube") / "config"
    file.write_text(NOWHERE)
    kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(file)


@pytest.fixture(scope="module")
def made(nowhere: None) -> dict[str, Any]:
    """What was at the cluster when a learner's server had been started."""

    async def story(cluster: Cluster) -> dict[str, Any]:
        learner = Learner(cluster, "ada")
        url = await learner.spawner.start()
        claims = list(cluster.objects["persistentvolumeclaims"].values())
        return {"url": url, "pod": learner.pod, "claims": claims, "refused": cluster.refused}

    return dict(at_a_cluster(story))


def test_a_server_is_started(made: dict[str, Any]) -> None:
    """The API's types have every field that is sent; the Hub gets the pod's address."""
    assert made["refused"] == [] and made["url"] == f"http://{ADDRESS}:8888"


def test_the_stand_in_refuses_what_the_api_does_not_know(made: dict[str, Any]) -> None:
    """A field that is misspelt, a text for a number, deep in a pod."""
    pod = copy.deepcopy(made["pod"])
    assert list(mistakes({"spec": pod["spec"]}, "V1Pod")) == []
    pod["spec"]["containers"][0]["securityContext"] |= {"procMounts": "Unmasked", "runAsUser": "1000"}
    assert [found.split(":")[0] for found in mistakes({"spec": pod["spec"]}, "V1Pod")] == [
        ".spec.containers[0].securityContext.runAsUser",
        ".spec.containers[0].securityContext.procMounts",
    ]


def test_a_pod_can_make_labs_and_gains_nothing(made: dict[str, Any]) -> None:
    """The profiles that refuse namespaces are off; there is no root, no capability, no way to more rights."""
    spec = made["pod"]["spec"]
    security = spec["containers"][0]["securityContext"]
    assert security["seccompProfile"] == security["appArmorProfile"] == {"type": "Unconfined"}
    assert security["procMount"] == "Unmasked" and spec["hostUsers"] is False
    assert security["runAsUser"] == 1000 and security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False and not security.get("privileged")
    assert spec["automountServiceAccountToken"] is False and spec["securityContext"]["fsGroup"] == 1000
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & {k for k, v in spec.items() if v}


def test_a_pod_has_bounds_and_so_has_its_lab(made: dict[str, Any]) -> None:
    """The kubelet's for the whole, the lab's own for what is in it; its command is the image's."""
    container = made["pod"]["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"cpu": 1.0, "memory": 640 << 20}
    assert container["resources"]["requests"] == {"cpu": 0.05, "memory": 200 << 20}
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    limits = json.loads(environment["NETLAB_LIMITS"])
    assert Limits(**limits) and limits.keys() <= {field.name for field in fields(Limits)}
    assert environment["JUPYTERHUB_USER"] == "ada" and environment["JUPYTERHUB_API_TOKEN"] == "a-token"
    assert json.dumps(container["args"]) in (FOLDER / "Dockerfile").read_text()


def test_the_volume_is_where_the_image_expects_it(made: dict[str, Any]) -> None:
    """Lessons are written to the volume and taken from the image's own copy."""
    (claim,) = made["claims"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "1Gi"}
    (volume,) = made["pod"]["spec"]["volumes"]
    assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
    (mount,) = made["pod"]["spec"]["containers"][0]["volumeMounts"]
    assert mount == {"name": volume["name"], "mountPath": "/opt/netlab/labs"}
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert "WORKDIR /opt/netlab\n" in dockerfile and "COPY labs /srv/labs\n" in dockerfile


def test_a_server_ends_and_its_volume_stays() -> None:
    """Stopped and started again a learner has the same claim; a pod that goes by itself is noticed."""

    async def story(cluster: Cluster) -> None:
        learner = Learner(cluster, "ada")
        await learner.spawner.start()
        assert await learner.spawner.poll() is None
        await learner.spawner.stop()
        assert cluster.objects["pods"] == {} and len(cluster.objects["persistentvolumeclaims"]) == 1
        assert await learner.spawner.poll() == 1
        await learner.spawner.start()
        assert len(cluster.objects["persistentvolumeclaims"]) == 1
        cluster.tell("pods", "DELETED", learner.pod)
        while await learner.spawner.poll() is None:
            await asyncio.sleep(0.01)

    at_a_cluster(story)


def test_names_of_any_letters_become_names_of_pods() -> None:
    """Two learners never share a pod or a volume, however alike their names are made."""

    async def story(cluster: Cluster) -> None:
        names = ("张三", "李四", "Ada", "ada.", "a-very-long-name-of-a-learner-32")
        for name in names:
            await Learner(cluster, name).spawner.start()
        assert cluster.refused == []
        assert len(cluster.objects["pods"]) == len(cluster.objects["persistentvolumeclaims"]) == len(names)

    at_a_cluster(story)


def test_a_pod_that_finds_no_place_is_told() -> None:
    """The Hub's wait ends at the time that the values give, and the cluster's own words are there to read."""

    async def story(cluster: Cluster) -> None:
        learner = Learner(cluster, "ada", start_timeout=1)
        with pytest.raises(TimeoutError, match="did not start in 1 seconds"):
            await learner.spawner.start()
        assert any("Insufficient memory" in event["message"] for event in learner.spawner.events)

    at_a_cluster(story, starts=False)
