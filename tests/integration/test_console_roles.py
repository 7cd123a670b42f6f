"""What a viewer sees of every page, and signing in at an identity provider."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from graph_schema.access import OpenIdConnect, Role
from graph_schema.errors import StoreUnavailable
from serving.console.oidc import SECRET_VARIABLE
from tests.integration.console_visit import KEYS, Served, Visit, declared, served
from tests.integration.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.integration.running import running

PAGES = (
    "queue",
    "decided?only=all",
    "changes",
    "audit",
    "values",
    "health",
    "search?q=morel",
    "search?q=test@test.com",
)
OF_A_PERSON = ("", "/timeline", "/records", "/how", "/graph", "/graph.json", "?as_of=2026-03-02T23:59:00Z")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("roles"), declared()) as found:
        word = {"kind": "same", "a": ["user_id:u-4001"], "b": ["user_id:u-4377"], "why": "Jeanne Morel wrote"}
        httpx.post(f"{found.url}/v1/judgements", json=word, headers=found.as_admin()).raise_for_status()
        yield found


def secrets_of(found: Served) -> set[str]:
    """Every value that any source ever sent of anybody, longer than what could stand anywhere by chance."""
    said: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and len(value) > 3:
            said.add(value)

    with found.engine.store.read() as tx:
        for event in tx.all_events():
            message = found.engine.intake.again(event)
            said |= {each for held in message.held for each in (held.value, held.shown) if len(each) > 3}
        persons = [person.person_id for person in tx.all_persons()]
    for one in persons:
        exported = httpx.get(f"{found.url}/v1/persons/{one}", headers=found.as_admin()).json()
        walk([each["value"] for each in exported["attributes"].values()])
        walk([record["record_id"] for record in exported["records"]])
        walk([reward["code"] for reward in exported["rewards"]])
    return said | {"Jeanne Morel wrote"}


def viewed(found: Served, visit: Visit) -> Iterator[tuple[str, str]]:
    """Every page of the console, as one visitor is answered."""
    with found.engine.store.read() as tx:
        persons = [person.person_id for person in tx.all_persons()]
    cases = [one["case_id"] for one in _api(found, "/v1/cases")["cases"]]
    for page in PAGES:
        yield page, visit.get(f"/console/{page}")
    for _ in range(50):
        if "being counted" not in visit.get("/console/values"):
            break
        time.sleep(0.1)
    yield "values", visit.page
    yield "health", visit.get("/console/health")
    for case in cases:
        yield case, visit.get(f"/console/cases/{case}")
    for person in persons[:12]:
        for part in OF_A_PERSON:
            yield part, visit.get(f"/console/persons/{person}{part}")


def _api(found: Served, path: str) -> Any:
    return httpx.get(found.url + path, headers=found.as_admin()).json()


def test_a_viewer_is_shown_no_value_on_any_page(keyed: Served) -> None:
    secrets, visit = secrets_of(keyed), keyed.visit(KEYS["viewer"])
    assert {"Jeanne", "jeanne.morel@example.com", "u-4001", "+33644182031", "SPRING-77"} <= secrets
    seen = 0
    for page, text in viewed(keyed, visit):
        assert visit.status == 200, (page, visit.status)
        shown = [one for one in secrets if one in text]
        assert shown == [], (page, shown)
        assert 'name="kind" value="same"' not in text, page
        seen += 1
    assert seen > 80
    steward = keyed.visit(KEYS["steward"])
    assert "Jeanne" in steward.get("/console/search?q=morel")


def test_errors_name_no_value_either(keyed: Served) -> None:
    secrets, visit = secrets_of(keyed), keyed.visit(KEYS["viewer"])
    wrong = (
        "/console/persons/jeanne.morel@example.com",
        "/console/persons/email:jeanne.morel@example.com/export",
        "/console/pair?a=user_id:u-4001&b=email:nobody@example.com",
        "/console/pair?a=email:contact@roux-et-fils.example.com&b=user_id:u-4001",
        "/console/persons/user_id:u-4001?as_of=Jeanne",
        "/console/persons/user_id:u-4001/timeline?after=Jeanne",
        "/console/cases/case_unique_Jeanne",
        "/console/audit?before=Jeanne",
        "/console/Jeanne",
    )
    for path in wrong:
        text = visit.get(path)
        assert visit.status >= 400, path
        assert [one for one in secrets if one in text] == [], (path, text)


def test_a_viewer_changes_nothing(keyed: Served) -> None:
    visit = keyed.visit(KEYS["viewer"])
    csrf = re.search(r'name="csrf" value="([^"]+)"', visit.get("/console/queue"))[1]  # type: ignore[index]
    person = keyed.person_id("user_id:u-4010")
    with keyed.engine.store.read() as tx:
        before = tx.last_change()
    for path, fields in (
        ("next", {}),
        ("judge", {"kind": "same", "a": "x", "b": "y", "seen": "z"}),
        ("undo", {"judgement": "jud_x"}),
        (f"persons/{person}/split", {"record": "web/1", "seen": "z"}),
        (f"persons/{person}/export", {}),
        (f"persons/{person}/erase", {"again": person}),
    ):
        visit.post(f"/console/{path}", csrf=csrf, **fields)
        assert visit.status == 403, path
    for path in (f"persons/{person}/export", f"persons/{person}/erase", f"persons/{person}/split?record=x"):
        visit.get(f"/console/{path}")
        assert visit.status == 403, path
    with keyed.engine.store.read() as tx:
        assert tx.last_change() == before


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    made = IdentityProvider()
    with running(made.app) as url:
        made.issuer = url
        yield made


@pytest.fixture
def joined(tmp_path: Path, provider: IdentityProvider) -> Iterator[Served]:
    with served(tmp_path, declared(accounts(provider, boss="admin"))) as found:
        yield found


def accounts(provider: IdentityProvider, boss: Role) -> OpenIdConnect:
    roles: dict[str, Role] = {"crm": "steward", "boss": boss, "all": "viewer"}
    return OpenIdConnect(issuer=provider.issuer, client_id=CLIENT, claim="groups", roles=roles)


def test_an_account_signs_in_with_the_role_that_may_most(joined: Served, provider: IdentityProvider) -> None:
    for groups, role in ((["all", "crm"], "steward"), ("boss", "admin"), (["all", "other"], "viewer")):
        provider.claims = {"groups": groups, "preferred_username": "lena"}
        visit = joined.visit()
        assert "company" in visit.get("/console/sign-in")
        visit.get("/console/sign-in/provider")
        assert (visit.status, visit.path) == (200, "/console/queue")
        assert re.search(rf"lena</span> <span class=\"tag\">{role}<", visit.page)
    with joined.engine.store.read() as tx:
        assert [(one.by, one.role) for one in tx.audit(None, 2)] == [("lena", "viewer"), ("lena", "admin")]


def test_an_account_without_a_role_is_not_let_in(joined: Served, provider: IdentityProvider) -> None:
    for claims in ({"groups": ["other"]}, {}, {"groups": [{"crm": 1}]}):
        provider.claims = claims
        visit = joined.visit()
        visit.get("/console/sign-in/provider")
        assert (visit.status, "none of the roles" in visit.page) == (403, True)


def test_what_the_provider_says_must_hold(joined: Served, provider: IdentityProvider) -> None:
    provider.claims = {"groups": ["boss"]}
    forged = RSAKey.generate_key(2048, parameters={"kid": "k1"})
    wrong: tuple[dict[str, Any], ...] = (
        {"nonce": "x"},
        {"aud": "somebody else"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000},
        {"key": forged},
    )
    for lies in wrong:
        provider.lies = lies
        visit = joined.visit()
        visit.get("/console/sign-in/provider")
        assert visit.status == 502, lies
        visit.get("/console/queue")
        assert visit.path == "/console/sign-in", lies


def test_an_answer_that_nobody_asked_for_is_refused(joined: Served, provider: IdentityProvider) -> None:
    visit = joined.visit()
    visit.get("/console/signed-in?code=x&state=y")
    assert (visit.status, "not begun here" in visit.page) == (403, True)
    provider.lies = {"state": "x"}
    visit.get("/console/sign-in/provider")
    assert (visit.status, "not begun here" in visit.page) == (403, True)


def test_a_key_that_is_no_longer_declared_ends_its_sessions(joined: Served) -> None:
    visit = joined.visit("key-of-noa")
    assert visit.path == "/console/queue"
    access = joined.engine.rules.access
    assert "noa" in access.key
    held = {key: who for key, who in _keys(joined).items() if who.name != "noa"}
    _keys(joined).clear()
    _keys(joined).update(held)
    visit.get("/console/queue")
    assert visit.path == "/console/sign-in"


def test_an_account_is_in_only_as_long_as_the_rules_say_the_same_of_it(
    joined: Served, provider: IdentityProvider, tmp_path: Path
) -> None:
    """With ONEFOLD_SESSION_KEY a session outlives a restart; here it is the same process."""
    provider.claims = {"groups": ["boss"]}
    visit = joined.visit()
    visit.get("/console/sign-in/provider")
    for number, (access, where) in enumerate(
        (
            (declared(accounts(provider, boss="admin")), "/console/queue"),
            (declared(accounts(provider, boss="viewer")), "/console/sign-in"),
            (declared(), "/console/sign-in"),
        )
    ):
        (tmp_path / str(number)).mkdir()
        with served(tmp_path / str(number), access) as restarted:
            again = restarted.visit()
            again.client.cookies = visit.client.cookies
            again.get("/console/queue")
            assert (number, again.path) == (number, where)


def test_nobody_is_let_in_who_is_not_in_the_audit_log(keyed: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full() -> None:
        raise StoreUnavailable("there is no room")

    visit = keyed.visit()
    visit.get("/console/sign-in")
    with monkeypatch.context() as patched:
        patched.setattr(keyed.engine.store, "write", is_full)
        visit.send("/console/sign-in", key=KEYS["admin"])
        assert visit.status == 503
    visit.get("/console/queue")
    assert visit.path == "/console/sign-in"
    visit.send("/console/sign-in", key=KEYS["admin"])
    assert (visit.status, visit.path) == (200, "/console/queue")


def _keys(found: Served) -> dict[str, Any]:
    return found.access.keys
