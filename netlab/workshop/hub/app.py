"""The Hub's settings, and the Hub: python -m netlab.workshop.hub.app OPTIONS (JSON), from the supervisor."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from traitlets.config import Config

from netlab.i18n import gettext, language
from netlab.workshop import sizing
from netlab.workshop.cgroups import Bounds
from netlab.workshop.hub.accounts import Accounts, read_roll
from netlab.workshop.hub.authenticator import ClassAuthenticator
from netlab.workshop.hub.guesses import Guesses
from netlab.workshop.hub.spawner import SECONDS_TO_START, LearnerSpawner
from netlab.workshop.state import INSTRUCTOR, State

BOARD = "board"
PAGES = Path(__file__).with_name("pages")  # in place of the Hub's own of the same names
REPORTS = "custom:netlab:report"  # what a learner's server may do at the board
SECONDS_IN_LINE, SECONDS_TO_STOP, SECONDS_TO_NOTICE = 900, 10, 5


@dataclass(frozen=True, slots=True)
class Options:
    """What the instructor chose at the start."""

    listen: str
    port: int
    certificate: str = ""
    key: str = ""
    roll: str = ""  # file of the prepared list
    lessons: str = ""  # which are open at first, with commas; "": all
    memory: int = 0  # MiB for each learner; 0: as netlab.workshop.cgroups has it
    cpus: float = 0.0
    learners: int = 0  # who may sign up; 0: as netlab.workshop.sizing has it

    def text(self) -> str:
        return json.dumps(asdict(self))

    @property
    def url(self) -> str:
        """Where the workshop is reached."""
        host = f"[{self.listen}]" if ":" in self.listen else self.listen
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def bounds(self) -> Bounds:
        """What a learner's processes may use."""
        usual = Bounds()
        return Bounds(memory=self.memory << 20 or usual.memory, cpus=self.cpus or usual.cpus)


def accounts(state: State, options: Options) -> Accounts:
    """Who may come in; BadInput."""
    settings = state.settings()
    listed = read_roll(Path(options.roll)) if options.roll else None
    most = options.learners or sizing.usual()
    return Accounts(state / "learners.sqlite", settings.code, settings.password, listed, most)


def config(state: State, options: Options) -> Config:
    """The Hub's settings. All but the learners' door is on the loopback."""
    ours, known = state.settings(), accounts(state, options)
    secure = {"secure": True} if options.certificate else {}
    board = f"http://127.0.0.1:{ours.board_port}"
    return Config(
        JupyterHub={
            **_pages(secure),
            "bind_url": options.url,
            "hub_bind_url": f"http://127.0.0.1:{ours.hub_port}",
            "db_url": f"sqlite:///{state / 'hub.sqlite'}",
            "cookie_secret": bytes.fromhex(ours.cookie_secret),
            "authenticator_class": ClassAuthenticator,
            "spawner_class": LearnerSpawner,
            "services": [_service(board, ours.board_token)],
            "custom_scopes": {REPORTS: {"description": "Report how far a learner is, to the board."}},
            "load_roles": _roles(),
            "concurrent_spawn_limit": 0,  # LearnerSpawner has them wait
            "log_level": "WARN",
        },
        Authenticator={
            "admin_users": {INSTRUCTOR},
            "allow_all": True,  # whom ClassAuthenticator lets in
            "any_allow_config": True,
        },
        ClassAuthenticator={"accounts": known, "guesses": Guesses(state / "guesses.sqlite")},
        LearnerSpawner={"accounts": known, "bounds": options.bounds, "default_url": "/lab"},
        Spawner=_spawner(board),
        LocalProcessSpawner={"interrupt_timeout": SECONDS_TO_STOP, "term_timeout": SECONDS_TO_STOP},
        ConfigurableHTTPProxy={
            "should_start": False,  # the supervisor does, so that the Hub may fall without the learners
            "auth_token": ours.proxy_token,
            "api_url": f"http://127.0.0.1:{ours.proxy_port}",
        },
    )


def _spawner(board: str) -> dict[str, Any]:
    """How learners' servers are started, and what they are told of the board."""
    return {
        "ip": "127.0.0.1",
        "poll_interval": SECONDS_TO_NOTICE,
        "start_timeout": SECONDS_IN_LINE + SECONDS_TO_START,
        "http_timeout": SECONDS_TO_START,
        "env_keep": ["LANG", "LC_ALL", "NETLAB_LANG"],
        "environment": {"NETLAB_BOARD": f"{board}/services/{BOARD}/"},
    }


def _pages(secure: Mapping[str, bool]) -> dict[str, Any]:
    """What the Hub shows, in which language, and how its cookies are set."""
    return {
        "default_url": first_page,
        "template_paths": [str(PAGES)],
        "template_vars": {"say": lambda _user: gettext, "spoken": language()},
        # The Hub puts more into each of the two.
        "tornado_settings": {"cookie_options": {**secure}, "xsrf_cookie_kwargs": {**secure}},
    }


def _service(url: str, token: str) -> dict[str, Any]:
    """The board, which the supervisor starts."""
    return {
        "name": BOARD,
        "url": url,
        "api_token": token,
        "oauth_client_id": f"service-{BOARD}",
        "oauth_no_confirm": True,
        "display": False,
    }


def first_page(handler: Any) -> str:
    """Where one comes who asked for no page: the instructor to the board, a learner to his lab."""
    user = handler.current_user
    return f"/services/{BOARD}/" if user and user.name == INSTRUCTOR else "/hub/spawn"


def _roles() -> list[dict[str, Any]]:
    """A learner reaches his own server and nothing else; the board is the instructor's."""
    return [
        {"name": "user", "scopes": ["self", f"{REPORTS}!user"]},
        {"name": "server", "scopes": ["users:activity!user", "access:servers!server", f"{REPORTS}!user"]},
        {"name": "board", "scopes": ["proxy"], "services": [BOARD]},
    ]


def main() -> None:
    """Run the Hub, until the supervisor ends it."""
    from netlab.workshop.hub.bounded_requests import BoundedHub

    options = Options(**json.loads(sys.argv[1]))
    BoundedHub.instance(config=config(State.of_environment(), options))
    BoundedHub.launch_instance([])


if __name__ == "__main__":
    main()
