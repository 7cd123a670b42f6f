"""A visit to the console without a browser: pages as text, forms as a page without a script sends them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from graph_schema.access import Access, AccessKey, OpenIdConnect, Role
from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from serving.access import Keyring, digest
from serving.app import make_app
from serving.demo import play
from serving.service import Settings
from stream.engine import Engine
from tests.integration.running import running

KEYS: dict[Role, str] = {"viewer": "key-of-vi", "steward": "key-of-mia", "admin": "key-of-ada"}
NAMES: dict[Role, str] = {"viewer": "vi", "steward": "mia", "admin": "ada"}


def declared(oidc: OpenIdConnect | None = None) -> Access:
    """Rules of access by which each role has a key, and a second steward, Noa, has one too."""
    found = {NAMES[role]: AccessKey(role=role, sha256=digest(key)) for role, key in KEYS.items()}
    found["noa"] = AccessKey(role="steward", sha256=digest("key-of-noa"))
    return Access(key=found, oidc=oidc)


class Served:
    """A server over the demo's cases."""

    def __init__(self, url: str, engine: Engine, access: Keyring) -> None:
        self.url = url
        self.engine = engine
        self.access = access

    def visit(self, key: str | None = None) -> "Visit":
        """A visitor, signed in with a key where one is given."""
        visit = Visit(self.url)
        if key is not None:
            visit.get("/console/sign-in")
            visit.send("/console/sign-in", key=key)
        return visit

    def person_id(self, reference: str) -> str:
        """The person who owns an identifier."""
        found = httpx.get(f"{self.url}/v1/persons", params={"identifier": reference}, headers=self.as_admin())
        return str(found.json()["person_id"])

    def waiting(self) -> int:
        """How many persons together have open cases, each counted once."""
        cases = httpx.get(f"{self.url}/v1/cases", headers=self.as_admin()).json()["cases"]
        return len({tuple(one["persons"]) for one in cases if len(one["persons"]) > 1})

    @staticmethod
    def as_admin() -> dict[str, str]:
        """The header of whoever may everything."""
        return {"Authorization": f"Bearer {KEYS['admin']}"}


@contextmanager
def served(folder: Path, access: Access | None = None) -> Iterator[Served]:
    """A server over the demo's cases, with keys or (without ``access``) open to the machine itself."""
    store = SqliteStore(folder / "console.db")
    rules = load_rules().model_copy(update={"access": access or Access()})
    engine = Engine(store, rules)
    play(engine, "demo_cases.yaml")
    try:
        app = make_app(engine, Settings(feed_seconds=0.05))
        with running(app) as url:
            yield Served(url, engine, app.state.service.keyring)
    finally:
        store.close()


class Visit:
    """One who looks at pages and sends their forms."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30, follow_redirects=True)
        self.page = ""
        self.status = 0
        self.path = ""

    def get(self, path: str) -> str:
        """Looks at a page."""
        return self._looked(self.client.get(path))

    def send(self, action: str, **fields: Any) -> str:
        """Sends the first form of this page that goes to ``action``, with some fields filled in."""
        form = next((one for one in forms(self.page) if one[0] == action), None)
        assert form is not None, f"no form to {action} in {self.path}: {[one[0] for one in forms(self.page)]}"
        return self.post(action, **{**form[1], **fields})

    def post(self, action: str, **fields: Any) -> str:
        """Sends something, whether a page has a form for it or not."""
        return self._looked(self.client.post(action, data=fields))

    def _looked(self, answer: httpx.Response) -> str:
        self.page, self.status = answer.text, answer.status_code
        self.path = answer.url.raw_path.decode()
        self.headers = answer.headers
        return self.page

    def heading(self) -> str:
        """What the page's first heading says."""
        found = re.search(r"<h[12][^>]*>(.*?)</h[12]>", self.page, re.DOTALL)
        return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """The forms of a page that post: where each goes, and its hidden fields."""
    reader = _Forms()
    reader.feed(page)
    return reader.found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form" and said.get("method") == "post":
            self.found.append((said.get("action") or "", {}))
        elif tag == "input" and said.get("type") == "hidden" and self.found:
            self.found[-1][1][said.get("name") or ""] = said.get("value") or ""
