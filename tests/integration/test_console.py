"""The console over HTTP, without a browser and so without a script: work, undo, split, refuse, erase."""

import re

import httpx
import orjson
import pytest

from tests.integration.console_visit import KEYS, Served, forms

ROUX = ("user_id:u-4014", "user_id:u-4015")
"""The first case: two men and one mailbox, with the most money at stake."""
NOON = 1_772_539_200_000_000


def ids(found: Served, *references: str) -> list[str]:
    return [found.person_id(one) for one in references]


@pytest.mark.parametrize("address", ["/", "/console/"])
def test_the_machine_itself_needs_no_key(local: Served, address: str) -> None:
    visit = local.visit()
    visit.get(address)
    assert (visit.status, visit.path) == (200, "/console/queue")
    assert visit.heading() == f"{local.waiting()} cases to decide"
    assert "Thomas Roux" in visit.page.partition("Jeanne Morel")[0], "the most money at stake comes first"


def test_every_page_keeps_others_out(local: Served) -> None:
    visit = local.visit()
    for path in ("/console/queue", "/console/nothing", "/console/search?q=ana", "/console/patterns"):
        visit.get(path)
        policy = visit.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert visit.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", visit.page), path
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', visit.page), path
    assert visit.client.get("/console/static/../app.py").status_code == 404


def test_a_steward_works_without_a_script(keyed: Served) -> None:
    visit, waiting = keyed.visit(KEYS["steward"]), keyed.waiting()
    assert visit.heading() == f"{waiting} cases to decide"
    visit.send("/console/next")
    assert visit.heading() == "Thomas Roux and Julien Roux: one person?"
    for says in ("Joins", "one person of 4", "1 order</strong> moves", "suppress_buyers", "No record moves"):
        assert says in visit.page
    visit.send("/console/judge", kind="same", why="one firm")
    assert "judged <strong>same" in visit.page
    assert visit.heading() != "Thomas Roux and Julien Roux: one person?"
    a, b = ids(keyed, *ROUX)
    assert a == b
    visit.send("/console/undo")
    assert "no longer counts" in visit.page
    a, b = ids(keyed, *ROUX)
    assert a != b
    assert visit.heading() == f"{waiting} cases to decide"
    with keyed.engine.store.read() as tx:
        told = [(one.by, one.what, one.why) for one in tx.audit(None, 9)]
    assert told[:2] == [("mia", "taken back", ""), ("mia", "same", "one firm")]
    visit.get("/console/audit")
    assert visit.page.index("took back") < visit.page.index("one firm")


def test_what_follows_is_what_comes(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    a, b = ids(keyed, *ROUX)
    visit.get(f"/console/pair?a={a}&b={b}")
    with keyed.engine.store.read() as tx:
        before = (tx.last_change(), tx.last_delta(), tx.audit(None, 1)[0].seq)
    foretold = re.findall(r"Audience <strong>(\w+)</strong> loses (\d+)", visit.page)
    visit.get(f"/console/pair?a={a}&b={b}")
    with keyed.engine.store.read() as tx:
        assert before == (tx.last_change(), tx.last_delta(), tx.audit(None, 1)[0].seq), (
            "looking writes nothing"
        )
    visit.send("/console/judge", kind="same")
    with keyed.engine.store.read() as tx:
        lost = [one.audience for one in tx.deltas(None, before[1], 100) if not one.added]
        kinds = [one.kind for one in tx.changes(before[0], 10)]
    assert sorted(foretold) == sorted((name, str(lost.count(name))) for name in set(lost))
    assert "merged" in kinds


def test_a_form_of_another_session_is_refused(keyed: Served) -> None:
    mia, noa = keyed.visit(KEYS["steward"]), keyed.visit("key-of-noa")
    mia.send("/console/next")
    ((_, fields),) = [one for one in forms(mia.page) if one[0] == "/console/judge"]
    for csrf in ("", "x", re.search(r'name="csrf" value="([^"]+)"', noa.page)[1]):  # type: ignore[index]
        mia.post("/console/judge", **{**fields, "csrf": csrf, "kind": "same"})
        assert mia.status in (400, 403)
    forged = {**fields, "seen": fields["seen"][:-2] + "xx", "kind": "same"}
    mia.post("/console/judge", **forged)
    assert mia.status == 403
    a, b = ids(keyed, *ROUX)
    assert a != b


def test_no_two_stewards_get_the_same_case(keyed: Served) -> None:
    stewards = [keyed.visit(KEYS["steward"]), keyed.visit("key-of-noa"), keyed.visit(KEYS["steward"])]
    cases = set()
    for visit in stewards:
        visit.send("/console/next")
        cases.add(visit.path)
    assert len(cases) == 3
    taken = stewards[0].path
    stewards[1].get(taken)
    assert "mia works on this case" in stewards[1].page
    stewards[1].send("/console/judge", kind="same")
    assert (stewards[1].status, "worked on by mia until" in stewards[1].page) == (409, True)
    stewards[0].send("/console/next")
    assert stewards[0].path != taken, "skipped is put aside"
    stewards[1].get(taken)
    stewards[1].send("/console/judge", kind="different")
    assert stewards[1].status == 200


def test_all_that_was_skipped_comes_again(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.send("/console/next")
    first, seen = visit.path, set()
    for _ in range(keyed.waiting()):
        seen.add(visit.path)
        visit.send("/console/next")
    assert len(seen) == keyed.waiting()
    assert visit.path == first


def test_a_stale_decision_is_not_applied_and_says_what_changed(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.send("/console/next")
    case = visit.path
    engine = keyed.engine
    news = {
        "type": "identify",
        "messageId": "m-news",
        "userId": "u-4015",
        "anonymousId": "c-new",
        "traits": {"birthday": "1990-01-01"},
    }
    engine.ingest([engine.intake.take(news, NOON, "app", NOON)])
    visit.send("/console/judge", kind="same")
    assert visit.status == 409
    assert visit.heading() == "They changed while you looked. Nothing was written."
    assert "has 3 records now, and had 2" in visit.page
    assert "another <strong>birthday" in visit.page
    a, b = ids(keyed, *ROUX)
    assert a != b
    visit.get(case)
    visit.send("/console/judge", kind="same")
    assert visit.status == 200
    a, b = ids(keyed, *ROUX)
    assert a == b


def test_what_merely_happened_makes_no_decision_stale(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.send("/console/next")
    engine = keyed.engine
    order = {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-4015",
        "properties": {"order_id": "o-late", "total": 5, "currency": "EUR"},
    }
    engine.ingest([engine.intake.take({**order, "messageId": "m-o"}, NOON, "web", NOON)])
    visit.send("/console/judge", kind="same")
    assert visit.status == 200


def test_records_are_split_off_and_come_back(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    (jeanne,) = ids(keyed, "user_id:u-4001")
    visit.get(f"/console/persons/{jeanne}/records")
    records = re.findall(r'name="record" value="([^"]+)"', visit.page)
    assert len(records) == 2
    visit.get(f"/console/persons/{jeanne}/split?record={records[0].replace('~', '%7E')}")
    assert "Splits 2 records into persons of <strong>1</strong> and <strong>1</strong>" in visit.page
    visit.send(f"/console/persons/{jeanne}/split")
    with keyed.engine.store.read() as tx:
        assert "split" in {one.kind for one in tx.changes(tx.last_change() - 3, 9)}
    visit.send("/console/undo")
    with keyed.engine.store.read() as tx:
        assert "merged" in {one.kind for one in tx.changes(tx.last_change() - 3, 9)}


def test_erasing_asks_twice_and_is_an_admins(keyed: Served) -> None:
    (jeanne,) = ids(keyed, "user_id:u-4001")
    steward, admin = keyed.visit(KEYS["steward"]), keyed.visit(KEYS["admin"])
    assert "needs the role admin" in steward.get(f"/console/persons/{jeanne}/erase")
    path = f"/console/persons/{jeanne}/erase"
    admin.get(path)
    admin.send(path, again="per_X")
    assert (admin.status, "Nothing was erased" in admin.page) == (400, True)
    admin.get(path)
    admin.send(path, again=jeanne, why="she asked")
    assert admin.heading() == "Erased."
    assert "was erased" in admin.get(f"/console/persons/{jeanne}")
    assert admin.status == 410
    steward.get("/console/search?q=jeanne+morel")
    assert jeanne not in steward.page
    with keyed.engine.store.read() as tx:
        assert [(one.what, one.about, one.why) for one in tx.audit(None, 1)] == [
            ("erased", (jeanne,), "she asked")
        ]


def test_an_export_is_everything_and_is_remembered(keyed: Served) -> None:
    (jeanne,) = ids(keyed, "user_id:u-4001")
    visit = keyed.visit(KEYS["steward"])
    visit.get(f"/console/persons/{jeanne}/export")
    visit.send(f"/console/persons/{jeanne}/export")
    assert visit.headers["content-disposition"] == f'attachment; filename="{jeanne}.json"'
    assert "12 rue des Lilas" in visit.page
    with keyed.engine.store.read() as tx:
        assert tx.audit(None, 1)[0].what == "exported"


def test_whoever_is_not_signed_in_is_sent_to_sign_in(keyed: Served) -> None:
    (jeanne,) = ids(keyed, "user_id:u-4001")
    for path in (
        "queue",
        "search?q=ana",
        f"persons/{jeanne}",
        f"persons/{jeanne}/graph.json",
        "health",
        "audit",
    ):
        answer = httpx.get(f"{keyed.url}/console/{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), path
    visit = keyed.visit("key-of-nobody")
    assert (visit.status, "Nobody has this key" in visit.page) == (401, True)
    visit = keyed.visit(KEYS["steward"])
    visit.send("/console/sign-out")
    visit.get("/console/queue")
    assert visit.path == "/console/sign-in"


def test_whoever_signs_in_comes_to_what_was_asked_for(keyed: Served) -> None:
    asked = "/console/queue?kind=veto&namespace=email"
    visit = keyed.visit()
    visit.get(asked)
    assert visit.path == "/console/sign-in"
    visit.send("/console/sign-in", key="wrong")
    visit.send("/console/sign-in", key=KEYS["steward"])
    assert (visit.status, visit.path) == (200, asked)
    visit.send("/console/sign-out")
    visit.send("/console/sign-in", key=KEYS["steward"])
    assert visit.path == "/console/queue", "once"
    visit.send("/console/sign-out")
    visit.client.get("/console/persons/per_0/graph.json")
    visit.post("/console/next", csrf="x")
    visit.send("/console/sign-in", key=KEYS["steward"])
    assert visit.path == "/console/queue", "a page only"


def test_the_graph_leads_on_to_others_who_hold_the_same(keyed: Served) -> None:
    visit, (a, b) = keyed.visit(KEYS["steward"]), ids(keyed, *ROUX)
    visit.get(f"/console/persons/{a}/graph.json")
    told = orjson.loads(visit.page)
    [stranger] = [at for at, one in enumerate(told["nodes"]) if one["kind"] == "person"]
    assert told["nodes"][stranger] == {
        "kind": "person",
        "label": "Julien Roux",
        "url": f"/console/persons/{b}/graph",
    }
    [link] = [one for one in told["links"] if one["to"] == stranger]
    assert told["nodes"][link["from"]]["label"] == "contact@roux-et-fils.example.com"
    assert f'<a href="/console/persons/{b}/graph">Julien Roux</a>' in visit.get(f"/console/persons/{a}/graph")


def test_the_past_is_shown_as_it_was(local: Served) -> None:
    visit = local.visit()
    (jeanne,) = ids(local, "user_id:u-4377")
    visit.get(f"/console/persons/{jeanne}?as_of=2026-03-02T21:03")
    assert visit.status == 200
    assert "o-6002" not in visit.page
    assert "o-6002" in visit.get(f"/console/persons/{jeanne}")


@pytest.mark.parametrize(
    ("asked", "reference"),
    [
        ("jeane morell", "user_id:u-4001"),
        ("Morel", "user_id:u-4001"),
        ("petrova olga", "user_id:u-4020"),
        ("мarc fontain", "user_id:u-4010"),
        ("chloé marchand", "user_id:u-4016"),
        ("u-4002", "user_id:u-4002"),
        ("email:lea.meyer@example.com", "user_id:u-4002"),
        ("LEA.MEYER@example.com", "user_id:u-4002"),
        ("+33 6 44 18 20 31", "user_id:u-4377"),
        ("loyalty/4801", "loyalty_card:290088880001"),
        ("o-6010", "user_id:u-4014"),
    ],
)
def test_a_person_is_found_by_whatever_is_at_hand(local: Served, asked: str, reference: str) -> None:
    visit = local.visit()
    page = visit._looked(visit.client.get("/console/search", params={"q": asked}))
    found = httpx.get(f"{local.url}/v1/persons", params={"identifier": reference}).json()
    wanted = found.get("persons") or [found["person_id"]]
    assert any(f"/console/persons/{one}" in page for one in wanted), page


def test_nobody_is_found_by_what_nobody_has(local: Served) -> None:
    visit = local.visit()
    for asked in ("xyzzy", "per_0000000000000000", "email:nobody@nowhere.example", "crm/none", "%%%", "   "):
        visit._looked(visit.client.get("/console/search", params={"q": asked}))
        assert (visit.status, "/console/persons/" in visit.page) == (200, False), asked
