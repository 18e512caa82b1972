"""One virtual machine for all tests of the tier, which follow one learner's day with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from tests.browser.conftest import QUIET
from tests.support.need import missing, need
from tests.support.patience import eventually
from tests.vm.hypervisor import Hypervisor
from tests.vm.machine import ROOT, Machine, box

TAKEN = 8888
PICTURES = ROOT / "build/vm"


@pytest.fixture(scope="session")
def hypervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hypervisor]:
    if os.geteuid() != 0:
        missing("Only root can run libvirtd in namespaces of its own.")
    for tool in ("vagrant", "libvirtd", "virsh", "mmdebstrap", "qemu-img"):
        need(tool)
    hypervisor = Hypervisor(tmp_path_factory.mktemp("hypervisor"))
    yield hypervisor
    hypervisor.end()


@pytest.fixture(scope="session")
def machine_of_vagrant(hypervisor: Hypervisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(hypervisor, tmp_path_factory.mktemp("vagrant"), box())
    yield machine
    with suppress(Exception):  # it is gone already if all went well
        machine.vagrant("destroy", "--force")


@pytest.fixture(scope="session")
def vm(machine_of_vagrant: Machine, hypervisor: Hypervisor) -> Iterator[Machine]:
    """The machine after the first `vagrant up`, on a computer where somebody else has the usual port."""
    words = hypervisor.words("python3", "-m", "http.server", "--bind", "127.0.0.1", str(TAKEN))
    other = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert eventually(lambda: TAKEN in hypervisor.listening(), 60)
    machine_of_vagrant.up("--provider", "libvirt")
    yield machine_of_vagrant
    other.terminate()
    other.wait(60)


@pytest.fixture
def page(
    playwright: Playwright, hypervisor: Hypervisor, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of a Chromium where the forwarded port is: on the loopback of the hypervisor's network."""
    chromium = need("chromium", "chromium-browser", "google-chrome")
    wrapper = tmp_path / "chromium"
    words = " ".join(f"'{word}'" for word in hypervisor.words(chromium))
    wrapper.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    wrapper.chmod(0o755)
    browser = playwright.chromium.launch(executable_path=wrapper, args=QUIET)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    yield page
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{request.node.originalname}.png")
    browser.close()
