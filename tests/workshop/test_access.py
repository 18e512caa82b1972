"""Who may do what: every way in that is not one's own is closed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.workshop.client import Client
from tests.workshop.house import CODE, House

BOARD = "/services/board/"
ASKED = ("api/now", "api/picture?learner=ada", "export.csv", "")
CHANGED = ("api/order", "api/collect")
SPY = """
import os, socket
from pathlib import Path
print("STATE", os.path.exists("[state]"))
print("LOOK", [file for file in Path("/proc").glob("[0-9]*/cmdline") if "workshop" in file.read_text()])
print("ENV", [name for name in os.environ if "TOKEN" in name or "HUB" in name])
print("HOMES", os.listdir("/home"), os.path.exists("/srv/labs"))
with socket.socket() as sock:
    sock.settimeout(2)
    print("PORT", sock.connect_ex(("127.0.0.1", [port])))
"""


@pytest.fixture(scope="module")
def ada(house: House) -> Client:
    return house.learner("ada").enter()


@pytest.fixture(scope="module")
def bob(house: House) -> Client:
    return house.learner("bob").enter()


def test_the_code_lets_one_in_and_the_own_password_afterwards(house: House) -> None:
    """A learner signs up with the class code once; then his password opens, and no other."""
    first = Client(house.url, "carol", "carols-word", CODE).log_in()
    assert first.status == 200 and "carol" in first.text
    again = Client(house.url, "carol", "carols-word").log_in()
    assert again.status == 200 and "carol" in again.text


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("dave", "daves-word", ""),
        ("dave", "daves-word", "guessed"),
        ("dave", "short", CODE),
        ("instructor", "guessed-it", CODE),
        ("../etc", "daves-word", CODE),
        ("", "daves-word", CODE),
    ],
)
def test_nobody_comes_in_without_the_code(house: House, name: str, password: str, code: str) -> None:
    """No code, a wrong one, a password too short, the instructor's name, a name that is none."""
    answer = Client(house.url, name, password, code).log_in()
    assert answer.status in (400, 403)
    assert Client.get(Client(house.url, "x"), "/hub/home").url.startswith(f"{house.url}/hub/login")


def test_nobody_takes_another_ones_name(house: House, ada: Client) -> None:
    """Whoever knows the class code still needs Ada's password to be Ada."""
    assert Client(house.url, "ada", "not-adas-word", CODE).log_in().status == 403


@pytest.mark.parametrize("place", ["lab", "api/contents", "api/kernels", "netlab/announcements"])
def test_a_learner_does_not_reach_anothers_server(house: House, ada: Client, bob: Client, place: str) -> None:
    """Ada's pages, files and kernels are not Bob's."""
    own = bob.get(f"{bob.base}/{place}")
    other = bob.get(f"{ada.base}/{place}")
    assert own.status == 200
    assert other.status in (403, 404) and "ada" not in own.text
    assert house.instructor().get("/hub/home").status == 200


def test_a_learner_starts_no_kernel_and_stops_no_server_of_anothers(ada: Client, bob: Client) -> None:
    """What changes something is refused as well, with the token of one's own page."""
    token = bob.xsrf("/user/bob/")
    assert bob.post(f"{ada.base}/api/kernels", {"name": "netlab"}, X_XSRFToken=token).status == 403
    assert bob._fetch("DELETE", "/hub/api/users/ada/server", None, {}).status in (403, 404)
    assert ada.get(f"{ada.base}/api/status").status == 200


@pytest.mark.parametrize("place", ASKED)
def test_the_board_is_the_instructors(house: House, bob: Client, place: str) -> None:
    """A learner gets nothing of it; whoever is not logged in comes to the door."""
    assert bob.get(BOARD + place, X_XSRFToken=bob.xsrf(BOARD)).status == 403
    stranger = Client(house.url, "nobody").get(BOARD + place)
    assert stranger.status == 403 or "/hub/login" in stranger.url
    mine = house.instructor()
    assert mine.get(BOARD + place, X_XSRFToken=mine.xsrf(BOARD)).status == 200


@pytest.mark.parametrize("place", CHANGED)
def test_no_learner_and_no_stranger_gives_orders(house: House, bob: Client, place: str) -> None:
    """Orders and collections are refused, whatever token is sent along."""
    words = {"what": "reset", "learner": "", "words": ""}
    assert bob.post(BOARD + place, words, X_XSRFToken=bob.xsrf(BOARD)).status == 403
    assert bob.post(BOARD + place, words, Authorization=f"token {_token(bob)}").status == 403
    assert Client(house.url, "nobody").post(BOARD + place, words).status == 403


def test_a_page_of_somebody_else_cannot_order_in_the_instructors_name(house: House) -> None:
    """His cookies alone do not count: without the page's XSRF token nothing is done."""
    mine = house.instructor()
    words = {"what": "announce", "learner": "", "words": "forged"}
    assert mine.post(f"{BOARD}api/order", words).status == 403
    assert mine.post(f"{BOARD}api/order", words, X_XSRFToken="guessed").status == 403
    head = {"Origin": "https://elsewhere.example", "Sec_Fetch_Site": "cross-site"}
    assert mine.post(f"{BOARD}api/order", words, **head).status == 403
    assert mine.post(f"{BOARD}api/order", words, X_XSRFToken=mine.xsrf(BOARD)).status == 200


def test_a_page_of_somebody_else_cannot_use_a_learners_server(bob: Client) -> None:
    """The same for his own server: no kernel without the token."""
    assert bob.post(f"{bob.base}/api/kernels", {"name": "netlab"}).status == 403


@pytest.mark.parametrize("token", ["", "guessed", "0" * 64])
def test_reports_need_a_learners_token(house: House, token: str) -> None:
    """Without one, or with a wrong one, the board takes nothing."""
    head = {"Authorization": f"token {token}"} if token else {}
    answer = Client(house.url, "nobody").post(f"{BOARD}api/exchange", {"events": []}, **head)
    assert answer.status == 403


def test_a_report_counts_for_whom_the_token_belongs_to(house: House, bob: Client) -> None:
    """Whatever stands in it: Bob cannot pass a step for Ada."""
    event = {"id": "forged", "kind": "checked", "lesson": "01", "step": "01.1", "passed": True, "time": 1.0}
    head = {"Authorization": f"token {_token(bob)}"}
    words = {"events": [{**event, "learner": "ada", "name": "ada"}]}
    assert bob.post(f"{BOARD}api/exchange", words, **head).status == 200
    rows = house.board(house.instructor())
    assert rows["bob"]["steps"]["01.1"]["passed"] == 1.0
    assert not rows.get("ada", {"steps": {}})["steps"].get("01.1", {}).get("passed")


def test_a_cookie_does_not_report(house: House, bob: Client) -> None:
    """A page in Bob's browser cannot report in his name: only his server's own token counts."""
    assert bob.post(f"{BOARD}api/exchange", {"events": []}, X_XSRFToken=bob.xsrf(BOARD)).status == 403


def test_a_lab_shows_nothing_of_the_others(house: House, ada: Client, bob: Client) -> None:
    """From Bob's notebook there is no process, file or network of Ada's, of the Hub's or of the machine's."""
    kernel = bob.kernel()
    said = kernel.run(
        SPY.replace("[state]", str(house.state)).replace("[port]", str(house.settings["hub_port"]))
    )
    assert "STATE False" in said and "LOOK []" in said and "ENV []" in said and "HOMES [] False" in said
    assert "PORT 111" in said  # ECONNREFUSED: its loopback is another one
    kernel.close()


def test_learners_are_different_users_without_any_account(house: House, ada: Client, bob: Client) -> None:
    """Each server runs as a user of its own that owns nothing on the machine, and can gain nothing."""
    uids = []
    for name in ("ada", "bob"):
        status = Path(f"/proc/{house.learners(name)}/status").read_text()
        uids.append(next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:")))
        assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
        assert "\nGroups:\t \n" in status
    assert len(set(uids)) == 2 and all(int(uid) > 1_900_000_000 for uid in uids)
    assert subprocess.run(["getent", "passwd", *uids], capture_output=True).stdout == b""


def test_a_servers_files_are_the_lessons_alone(bob: Client) -> None:
    """The file interface does not lead out of the folder, nor to what is hidden."""
    for path in ("../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", ".progress.json", "../netlab/lab/lab.py"):
        assert bob.get(f"{bob.base}/api/contents/{path}").status in (400, 403, 404)
    assert bob.get(f"{bob.base}/api/contents/01-the-problem.ipynb").status == 200


def _token(client: Client) -> str:
    """One that a learner makes for himself, as his server has one: to report, and nothing else."""
    scopes = [f"custom:netlab:report!user={client.name}"]
    place = f"/hub/api/users/{client.name}/tokens"
    answer = client.post(place, {"scopes": scopes}, X_XSRFToken=client.xsrf("/hub/"))
    assert answer.status == 201, answer.text
    return str(answer.json()["token"])


@pytest.mark.parametrize("body", ["", "[]", "7", '{"events": 7}', '{"picture": 7}', '{"outcome": [1]}'])
def test_rubbish_is_no_report(house: House, bob: Client, body: str) -> None:
    """Whatever a server sends: it is told so, and the board goes on."""
    head = {"Authorization": f"token {_token(bob)}"}
    assert bob._fetch("POST", f"{BOARD}api/exchange", body.encode(), head).status == 400
    assert house.board(house.instructor())


def test_nothing_of_the_workshops_folder_is_anybodys(house: House) -> None:
    """Secrets, databases and disks are root's alone."""
    assert house.state.stat().st_mode & 0o777 == 0o700
    assert (house.state / "settings.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((house.state / "settings.json").read_text())["code"] == CODE
