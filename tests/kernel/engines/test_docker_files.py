"""Files of containers in the namespaces engine: folders, volumes, copies."""

from __future__ import annotations

from netlab.lab import Lab
from tests.kernel.conftest import sh


def test_files_are_shared_and_copied(lab: Lab) -> None:
    """-v of folders, files, volumes, read-only, into read-only folders of the machine; docker cp."""
    sh(lab, "mkdir -p /tmp/d/sub; echo one >/tmp/d/f; echo conf >/tmp/conf")
    sh(
        lab,
        "docker run -d --name a -v /tmp/d:/usr/share/odd/x:ro -v /tmp/conf:/etc/app/conf "
        "-v data:/data --tmpfs /fast x sleep 1000",
    )
    assert sh(lab, "docker exec a cat /usr/share/odd/x/f /etc/app/conf") == "one\nconf\n"
    assert "Read-only" in lab.script("docker exec a touch /usr/share/odd/x/g").stderr
    sh(
        lab,
        "docker exec a sh -c 'echo kept >/data/file; echo there >/tmp/there'; docker "
        "cp a:/tmp/there /tmp/here; docker cp /tmp/d a:/tmp/",
    )
    assert (
        sh(lab, "cat /tmp/here; docker exec a cat /tmp/d/f; docker run --rm -v data:/d x cat /d/file")
        == "there\none\nkept\n"
    )
    assert sh(lab, "docker cp a:/tmp/there - | tar -tf -") == "there\n"
    lab.reset()
    assert sh(lab, "docker volume ls -q") == ""


def test_folders_that_an_image_has_and_the_machine_has_not_can_be_mounted_on(lab: Lab) -> None:
    """httpd's pages, a working folder below /usr: and the container's own programs stay in sight."""
    sh(lab, "mkdir /tmp/site; echo mine >/tmp/site/index.html")
    sh(lab, "docker run -d --name web -p 8080:80 -v /tmp/site:/usr/local/apache2/htdocs httpd")
    assert sh(lab, "curl -s -m2 localhost:8080") == "mine\n"
    assert sh(lab, "docker exec web sh -c 'command -v redis-cli; pwd'").split() == [
        "/usr/local/sbin/redis-cli",
        "/usr/local/apache2",
    ]
    assert (
        sh(lab, "docker run --rm -w /usr/new/app alpine ash -c 'touch here; pwd; ls'")
        == "/usr/new/app\nhere\n"
    )
    assert lab.script("ls /usr/new").returncode != 0
