"""The pod that KubeSpawner makes of the values for Kubernetes. No cluster is asked."""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from typing import Any

import pytest
import yaml
from kubernetes_asyncio.client import ApiClient
from kubernetes_asyncio.config import kube_config
from kubespawner import KubeSpawner
from traitlets.config import Config

from netlab.keeper import HOME
from netlab.limits import Limits

FOLDER = HOME / "netlab/workshop/kubernetes"
NOWHERE = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: me, user: {}}]
"""
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As the chart sets the spawner: what stands under singleuser goes to the traits of the same meaning."""
    single = VALUES["singleuser"]
    traits = {
        "image": f"{single['image']['name']}:{single['image']['tag']}",
        "cmd": single["cmd"],
        "uid": single["uid"],
        "fs_gid": single["fsGid"],
        "mem_limit": single["memory"]["limit"],
        "cpu_limit": single["cpu"]["limit"],
        "environment": single["extraEnv"],
        "extra_pod_config": single["extraPodConfig"],
        **VALUES["hub"]["config"]["KubeSpawner"],
    }

    file = tmp_path_factory.mktemp("kube") / "config"
    file.write_text(NOWHERE)
    kube_config.KUBE_CONFIG_DEFAULT_LOCATION = str(file)

    async def made() -> dict[str, Any]:
        spawner = KubeSpawner(config=Config(KubeSpawner=traits), _mock=True)
        manifest = await spawner.get_pod_manifest()
        async with ApiClient() as client:
            return dict(client.sanitize_for_serialization(manifest))

    return asyncio.run(made())


def test_a_pod_can_make_labs_and_gains_nothing(pod: dict[str, Any]) -> None:
    """The profiles that refuse namespaces are off; there is no root, no capability, no way to more rights."""
    security = pod["spec"]["containers"][0]["securityContext"]
    assert security["seccompProfile"] == security["appArmorProfile"] == {"type": "Unconfined"}
    assert security["procMount"] == "Unmasked" and pod["spec"]["hostUsers"] is False
    assert security["runAsUser"] == 1000 and security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False and not security.get("privileged")


def test_a_pod_has_bounds_and_so_has_its_lab(pod: dict[str, Any]) -> None:
    """The kubelet's for the whole, the lab's own for what is in it; its command is the image's."""
    container = pod["spec"]["containers"][0]
    assert {"memory", "cpu"} <= container["resources"]["limits"].keys()
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    limits = json.loads(environment["NETLAB_LIMITS"])
    assert Limits(**limits) and limits.keys() <= {field.name for field in fields(Limits)}
    assert json.dumps(container["args"]) in (FOLDER / "Dockerfile").read_text()


def test_the_volume_is_where_the_image_expects_it() -> None:
    """Lessons are written to the volume and taken from the image's own copy."""
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert VALUES["singleuser"]["storage"]["homeMountPath"] == "/opt/netlab/labs"
    assert "WORKDIR /opt/netlab\n" in dockerfile and "COPY labs /srv/labs\n" in dockerfile
