"""Who is let in, what each role may, and that viewers are never told a value."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph_schema.access import Access, AccessKey, OpenIdConnect, Role
from graph_schema.errors import Invalid
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from serving.access import KEYS_VARIABLE, digest, keyring, new_key
from serving.app import make_app
from serving.service import Settings
from stream.engine import Engine
from tests.integration.command import Onefold
from tests.integration.running import running

KEYS: dict[Role, str] = {"viewer": "key-of-vi", "steward": "key-of-mia", "admin": "key-of-ada"}
NAMES: dict[Role, str] = {"viewer": "vi", "steward": "mia", "admin": "ada"}
SECRETS = (
    *("ana.quint@example.com", "Anabella", "Quintero", "+33612345678", "1988-05-17", "sub-1742", "c-7f3a1"),
    *("Rue Oberkampf", "75011", "u-88421", "o-52001", "VITA-1020", "NY-borough", "m-ana", "bo.quint"),
)
"""Everything that the store below holds of persons."""
ANA: list[dict[str, Any]] = [
    {
        "type": "identify",
        "userId": "u-88421",
        "anonymousId": "c-7f3a1",
        "traits": {
            "email": "ana.quint@example.com",
            "firstName": "Anabella",
            "lastName": "Quintero",
            "phone": "+33612345678",
            "birthday": "1988-05-17",
            "address": {"street": "Rue Oberkampf", "postalCode": 75011, "state": "NY-borough"},
        },
    },
    {"type": "identify", "context": {"recordId": "sub-1742"}, "traits": {"email": "ana.quint@example.com"}},
    {"type": "identify", "userId": "u-99", "traits": {"email": "ana.quint@example.com", "name": "bo.quint"}},
    {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-88421",
        "properties": {"order_id": "o-52001", "total": 20, "currency": "EUR"},
    },
    {
        "type": "track",
        "event": "Reward Issued",
        "userId": "u-88421",
        "properties": {"reward_code": "VITA-1020"},
    },
    {"type": "alias", "userId": "u-88421", "previousId": "u-old-ana"},
]


@dataclass
class Server:
    """A server of Ana and Bo, of whom an e-mail is contested."""

    client: httpx.Client
    engine: Engine
    person_id: str

    def get(self, path: str, role: Role | None, **more: Any) -> Any:
        headers = {} if role is None else {"Authorization": f"Bearer {KEYS[role]}"}
        return self.client.request(more.pop("method", "GET"), path, headers=headers, **more)


def served(rules_access: Access, loopback: bool = True) -> Iterator[Server]:
    rules = load_rules().model_copy(update={"access": rules_access})
    engine = Engine(MemoryStore(), rules)
    for number, said in enumerate(ANA):
        message = {"messageId": f"m-ana-{number}", "timestamp": f"2026-03-02T09:{number:02}:00Z", **said}
        engine.ingest([engine.intake.take(message, 0, "web", 0)])
    with engine.store.read() as tx:
        ids = {person.size: person.person_id for person in tx.all_persons()}
    with (
        running(make_app(engine, Settings(loopback=loopback))) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Server(client, engine, ids[max(ids)])


def keys() -> Access:
    return Access(key={NAMES[role]: AccessKey(role=role, sha256=digest(key)) for role, key in KEYS.items()})


@pytest.fixture
def server() -> Iterator[Server]:
    yield from served(keys())


def test_where_nothing_is_declared_the_machine_itself_may_everything() -> None:
    for local in served(Access()):
        assert local.get("/v1/persons?identifier=user_id:u-88421", None).json()["orders"]["count"] == 1
        assert local.get(f"/v1/persons/{local.person_id}", None, method="DELETE").status_code == 200


def test_beyond_the_machine_nobody_is_let_in_without_a_key() -> None:
    for far in served(Access(), loopback=False):
        refused = far.get("/v1/cases", None)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert refused.json()["type"] == "urn:onefold:problem:not-signed-in"
        assert far.get("/healthz", None).status_code == 200
        assert far.get("/v1/cases", "admin").status_code == 401


def test_each_role_may_what_those_below_it_may(server: Server) -> None:
    person = f"/v1/persons/{server.person_id}"
    word = {"kind": "different", "a": ["user_id:u-88421"], "b": ["user_id:u-99"]}
    asked: list[tuple[str, str, dict[str, Any], Role]] = [
        ("GET", person, {}, "viewer"),
        ("GET", "/v1/cases", {}, "viewer"),
        ("POST", "/v1/persons:batchGet", {"json": {"identifiers": []}}, "viewer"),
        ("GET", f"{person}/export", {}, "steward"),
        ("HEAD", f"{person}/export", {}, "steward"),
        ("POST", "/v1/judgements", {"json": word}, "steward"),
        ("POST", "/v1/rewards/VITA-1020/claim", {"json": {"channel": "web"}}, "steward"),
        ("GET", "/v1/persons/payment_token:a%2Fb/export", {}, "steward"),
        ("DELETE", "/v1/persons/payment_token:a%2Fb", {}, "admin"),
        ("DELETE", person, {}, "admin"),
    ]
    order: tuple[Role, ...] = ("viewer", "steward", "admin")
    for method, path, more, needed in asked:
        assert server.get(path, None, method=method, **more).status_code == 401
        for role in order:
            status = server.get(path, role, method=method, **more).status_code
            may = order.index(role) >= order.index(needed)
            assert (status not in (401, 403)) if may else (status == 403), (method, path, role, status)
    assert server.get("/v1/persons?identifier=user_id:u-88421", "admin").status_code == 410


def test_a_key_is_sent_as_a_bearer_or_as_the_user(server: Server) -> None:
    assert server.client.get("/v1/cases", auth=(KEYS["viewer"], "")).status_code == 200
    for wrong in ("Bearer nobody", "Basic %%%", "Basic", "Token x", ""):
        assert server.client.get("/v1/cases", headers={"Authorization": wrong}).status_code == 401


def test_write_keys_stay_what_they_are(server: Server) -> None:
    sent = server.client.post("/v1/identify", auth=("web", ""), json={"userId": "u-5"})
    assert sent.json() == {"success": True}
    assert server.client.get("/v1/cases", auth=("web", "")).status_code == 401


def test_who_judged_is_who_signed_in_and_is_in_the_audit_log(server: Server) -> None:
    word = {"kind": "different", "a": ["user_id:u-88421"], "b": ["user_id:u-99"], "by": "the king"}
    said = server.get("/v1/judgements", "steward", method="POST", json={**word, "why": "brothers"}).json()
    assert said["by"] == "mia"
    server.get(f"/v1/judgements/{said['judgement_id']}", "admin", method="DELETE")
    server.get(f"/v1/persons/{server.person_id}/export", "steward")
    with server.engine.store.read() as tx:
        told = [(one.by, one.role, one.what, one.about[0], one.why) for one in tx.audit(None, 9)]
    one = said["judgement_id"]
    assert told.pop(0)[:3] == ("mia", "steward", "exported")
    assert told == [("ada", "admin", "taken back", one, ""), ("mia", "steward", "different", one, "brothers")]


def get_routes(server: Server) -> list[str]:
    """Every path of the API that can be looked at, with what it asks for filled in."""
    named = {"person_id": server.person_id, "name": "high_value"}
    paths = server.client.get("/openapi.json").json()["paths"]
    return [path.format_map(named) for path, verbs in paths.items() if "get" in verbs]


def test_a_viewer_is_told_no_value_by_any_route_of_the_api(server: Server) -> None:
    word = {"kind": "different", "a": ["user_id:u-88421"], "b": ["user_id:u-99"], "why": "Anabella said so"}
    server.get("/v1/judgements", "steward", method="POST", json=word)
    asked = [path for path in get_routes(server) if path.startswith("/v1/")]
    assert len(asked) > 8
    both = "a=user_id:u-88421&b=user_id:u-99"
    asked += [f"/v1/why?{both}", "/v1/persons?identifier=user_id:u-88421", "/v1/why?a=user_id:u-88421&b=x"]
    asked += ["/v1/persons?identifier=email:ana.quint@example.com", "/v1/persons/Anabella", "/v1/Quintero"]
    answers = [server.get(path, "viewer") for path in asked]
    answers += [
        server.get(path, "viewer", method="POST", json=body)
        for path, body in (
            ("/v1/persons:batchGet", {"identifiers": ["user_id:u-88421"]}),
            ("/v1/decisions", {"identifier": "user_id:u-88421", "campaign": "Anabella"}),
            ("/v1/decisions", {"identifier": "user_id:u-88421", "campaign": "promotion"}),
            ("/v1/judgements", {"kind": "same", "a": ["user_id:u-88421"], "b": ["user_id:Quintero"]}),
        )
    ]
    assert sum(one.status_code == 200 for one in answers) > 8
    for one in answers:
        shown = one.text.replace(str(one.url), "")
        assert [secret for secret in SECRETS if secret in shown] == [], (one.url, one.text)
    profile = server.get(f"/v1/persons/{server.person_id}", "viewer").json()
    assert profile["person_id"] == server.person_id
    assert profile["attributes"]["firstName"]["value"] == "A•••"
    assert profile["orders"]["count"] == 1
    assert server.get(f"/v1/persons/{server.person_id}", "steward").json()["attributes"]["firstName"]["value"]


def test_keys_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv(KEYS_VARIABLE, f"eve:viewer:{digest(key)}, max:admin:{digest('x')}")
    known = keyring(Access(), loopback=True)
    assert known.enforced
    found = known.of_key(key)
    assert found is not None
    assert (found.name, found.role) == ("eve", "viewer")
    for wrong in ("eve:boss:" + digest(key), "eve:viewer:abc", ":viewer:" + digest(key)):
        monkeypatch.setenv(KEYS_VARIABLE, wrong)
        with pytest.raises(Invalid, match=KEYS_VARIABLE):
            keyring(Access(), loopback=True)


def test_a_made_key_goes_into_the_rules_as_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onefold = Onefold(tmp_path, capsys)
    made = onefold("access-key", "ana-2", "--role", "viewer")
    rules = tmp_path / "rules.toml"
    rules.write_text('extends = "retail"\n' + made.err[made.err.index("[access") :])
    assert load_rules(rules).access.key["ana-2"] == AccessKey(role="viewer", sha256=digest(made.out.strip()))
    for name in ("", "a b", 'a"b', "a.b"):
        refused = onefold("access-key", name)
        assert (refused.code, refused.out) == (2, "")


def test_an_identity_provider_alone_is_enough_to_close_the_door() -> None:
    provider = OpenIdConnect(issuer="https://id.example.com", client_id="x", roles={"a": "admin"})
    assert keyring(Access(oidc=provider), loopback=True).enforced
