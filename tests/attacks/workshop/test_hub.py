"""A running workshop: what one gets from the Hub and the board by asking the wrong way."""

from __future__ import annotations

import os
import urllib.error
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.workshop.hub.guesses import FREE
from tests.workshop.client import Answer, Client
from tests.workshop.house import CODE, House, until

EXCHANGE, COLLECT = "/services/board/api/exchange", "/services/board/api/collect"
RUBBISH = {
    "deep list": "[" * 200_000,
    "deep table": '{"events":' * 25_000,  # and no longer than the board reads
    "deep picture": '{"picture":' + '{"a":' * 200 + "1" + "}" * 201,
    "many": '{"events": [' + "{}," * 80_000 + "{}]}",
    "a huge number": '{"after": 1' + "0" * 30 + "}",
    "a longer one": '{"after": ' + "9" * 9000 + "}",
    "no number": '{"held": NaN}',
    "a word for it": '{"held": "nan"}',
    "endless": '{"held": 1e999}',
    "half a pair of surrogates": '{"outcome": {"number": 1, "said": "\\ud800"}}',
    "another kind": '{"outcome": {"number": {}, "said": []}}',
    "truth": '{"after": true}',
    "below nought": '{"after": -1}',
    "no events": '{"events": ["x"]}',
    "unknown": '{"learner": "ada"}',
    "no UTF-8": b"\xff\xfe{}",
}


@pytest.fixture(scope="module")
def ada(attacked: House) -> Client:
    return attacked.learner("ada").enter()


@pytest.fixture
def token(ada: Client) -> str:
    """As her server has one."""
    words = {"scopes": ["custom:netlab:report!user=ada"]}
    answer = ada.post("/hub/api/users/ada/tokens", words, X_XSRFToken=ada.xsrf("/hub/"))
    assert answer.status == 201, answer.text
    return str(answer.json()["token"])


def sent(client: Client, place: str, body: bytes, **headers: str) -> Answer | None:
    """The answer; None when the connection was closed before all was said."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return client._fetch("POST", place, body, named)
    except (urllib.error.URLError, ConnectionError):
        return None


TRAPS = """
import json, os, shutil
book = json.load(open('01-the-problem.ipynb'))
book['cells'].append({**book['cells'][0], 'source': '\\x1b[2J mine'})
json.dump(book, open('01-the-problem.ipynb', 'w'))
names = sorted(name for name in os.listdir('.') if name.endswith('.ipynb') and name[:2] > '01')
for name in names[:4]:
    os.unlink(name)
os.symlink('/etc/shadow', names[0])
os.mkfifo(names[1])
with open(names[2], 'w') as huge:
    os.truncate(huge.fileno(), 1 << 25)
open('other', 'w').write('{}')
os.link('other', names[3])
shutil.rmtree('zh')
os.symlink('/etc', 'zh')
"""


def guessed(url: str, count: int) -> list[int]:
    """What becomes of so many guesses at Ada's password, each of which says that it is from elsewhere."""
    codes = []
    for number in range(count):
        stranger = Client(url, "ada", f"guess-{number}")
        elsewhere = f"203.0.113.{number}"
        stranger._opener.addheaders = [("X-Forwarded-For", elsewhere), ("X-Real-IP", elsewhere)]
        codes.append(stranger.log_in().status)
    return codes


def is_alive(house: House) -> bool:
    """Hub and board answer, as the same processes, and neither log holds a traceback."""
    logs = "".join((house.state / f"log/{part}.log").read_text() for part in ("hub", "board"))
    return "Traceback" not in logs and bool(house.board(house.instructor()))


@pytest.mark.parametrize("how", RUBBISH)
def test_no_report_is_told_so(attacked: House, ada: Client, token: str, how: str) -> None:
    """Whatever a learner's server sends to the board: 400, no traceback, and the board goes on."""
    body = RUBBISH[how]
    raw = body if isinstance(body, bytes) else body.encode()
    answer = sent(ada, EXCHANGE, raw, Authorization=f"token {token}")
    assert answer and answer.status == 400, answer
    assert is_alive(attacked)


@pytest.mark.parametrize("place", [EXCHANGE, "/hub/api/users/ada/activity", "/hub/login"])
def test_a_hundred_megabytes_are_not_read(attacked: House, ada: Client, token: str, place: str) -> None:
    """Neither by the board nor by the Hub: the connection ends, and nobody's memory is full."""
    parts = [attacked.pid(part) for part in ("hub", "board")]
    before = [resident(pid) for pid in parts]
    answer = sent(ada, place, b"[" * (100 << 20), Authorization=f"token {token}")
    assert answer is None or 400 <= answer.status < 500 or answer.status == 503, answer
    assert all(now - then < 30 << 20 for now, then in zip(map(resident, parts), before, strict=True))
    assert is_alive(attacked)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("users/ada/tokens", "[" * 50_000),
        ("users/ada/tokens", '{"auth": 7}'),
        ("users/ada/tokens", '{"auth": {"username": {}, "password": []}}'),
        ("users/ada/tokens", '{"auth": {"username": "ada", "password": "\\ud800"}}'),
        ("users/ada/activity", "[7]"),
        ("users/ada/activity", '{"servers": 7}'),
        ("users/ada/activity", '{"last_activity": 7}'),
        ("users/ada/activity", '{"servers": {"": 7}}'),
        ("users/ada/server", "[" * 50_000),
        ("users/ada/server", "[1]"),
    ],
)
def test_rubbish_for_the_hub_is_told_so(attacked: House, ada: Client, place: str, body: str) -> None:
    """Its own interfaces: with a learner's token or without, no 500 and no traceback."""
    token = ada.post("/hub/api/users/ada/tokens", {}, X_XSRFToken=ada.xsrf("/hub/")).json()["token"]
    stranger = Client(attacked.url, "nobody")
    for head in ({"Authorization": f"token {token}"}, {}):
        answer = sent(stranger, f"/hub/api/{place}", body.encode(), **head)
        assert answer and answer.status < 500, f"{answer}"
    assert is_alive(attacked)


def test_guesses_that_lie_about_where_they_are_from_are_counted_all_the_same(
    attacked: House, ada: Client
) -> None:
    """Another X-Forwarded-For and X-Real-IP with each; then a stranger has to wait, and Ada's browser not."""
    codes = guessed(attacked.url, 6)
    assert codes.count(403) <= FREE and codes[-1] == 429, codes
    assert Client(attacked.url, "ada", ada.password).log_in().status == 429
    ada.get("/hub/logout")
    assert ada.log_in().status == 200


def test_a_user_of_the_machine_who_speaks_to_the_hub_without_its_proxy_is_one_source(
    attacked: House,
) -> None:
    """A learner's server could: the port is on the loopback. What it says of its address is not heard."""
    hub = f"http://127.0.0.1:{attacked.settings['hub_port']}"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # as somebody else, with what is imported already
        try:
            os.setresgid(61234, 61234, 61234)
            os.setresuid(61234, 61234, 61234)
            os.write(writing, bytes(code // 4 for code in guessed(hub, 6)))
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, "rb") as said:
        codes = [4 * code for code in said.read(100)]
    assert len(codes) == 6 and codes.count(403 // 4 * 4) <= FREE and codes[-1] == 429 // 4 * 4, codes


def test_the_instructors_password_is_guessed_as_slowly(attacked: House) -> None:
    """And the instructor, who has come in with a browser before, comes in meanwhile."""
    mine = attacked.instructor()
    codes = [Client(attacked.url, "instructor", f"guess-{n}").log_in().status for n in range(6)]
    assert codes.count(403) <= FREE and codes[-1] == 429
    mine.get("/hub/logout")
    assert mine.log_in().status == 200


def test_the_waiting_is_said_and_outlives_the_hub(attacked: House) -> None:
    """With how many seconds; a Hub that fell has forgotten nothing."""
    for number in range(6):
        answer = Client(attacked.url, "victim", f"guess-{number}", "no code").log_in()
    assert answer.status == 429 and "Wait " in answer.text
    attacked.kill("hub")
    until(lambda: Client(attacked.url, "x").get("/hub/login").status == 200, what="the Hub")
    codes = [Client(attacked.url, "victim", f"again-{n}", "no code").log_in().status for n in range(2)]
    assert codes[1] == 429, codes


@pytest.mark.parametrize("name", ["ınstructor", "аda", "ａｄａ", "a\u200dda", "ada\u0301"])
def test_a_forged_name_is_refused_at_the_door(attacked: House, ada: Client, name: str) -> None:
    """With the right code."""
    answer = Client(attacked.url, name, "long-enough", CODE).log_in()
    assert answer.status == 403
    assert name not in attacked.board(attacked.instructor())


def test_collecting_and_grading_follows_no_link_and_grades_as_nobody(attacked: House) -> None:
    """A learner, root in their lab, lays out links, a pipe and huge files; the one honest notebook is graded,
    by somebody who is not root, whatever it prints."""
    kernel = attacked.learner("trent").enter().kernel()
    try:
        kernel.run(TRAPS)
    finally:
        kernel.close()
    mine, uids = attacked.instructor(), set()
    head = {"X_XSRFToken": mine.xsrf("/services/board/")}
    assert mine.post(COLLECT, {"grade": True}, **head).status == 200

    def graded() -> str:
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if b"netlab.grade.worker" in (entry / "cmdline").read_bytes():
                    uids.add(entry.stat().st_uid)
        work = str(mine.get("/services/board/api/now", **head).json()["work"])
        return work if "Graded;" in work else ""

    said = until(graded, what="the grading")
    collected = [file.relative_to(file.parents[1]) for file in attacked.state.glob("collected/*/*/*.ipynb")]
    assert collected == [Path("trent/01-the-problem.ipynb")]
    assert uids and 0 not in uids and said.isprintable()
    assert attacked.board(mine)["trent"]["grades"]["01"][1] > 0
