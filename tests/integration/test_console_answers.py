"""An answer that comes too late, twice, or from a session that has ended."""

from graph_schema.vocabulary import Judgement
from stream.stewarding import standing
from tests.integration.console_visit import KEYS, Served


def test_who_answers_later_overrules_nobody_unseen(keyed: Served) -> None:
    mia, noa = keyed.visit(KEYS["steward"]), keyed.visit("key-of-noa")
    mia.send("/console/next")
    noa.get(mia.path)
    again_at, again = mia.path, mia.page
    mia.send("/console/judge", kind="different")
    noa.send("/console/judge", kind="same")
    assert (noa.status, "mia judged them <strong>different</strong>" in noa.page) == (409, True)
    assert "<h1>This case is closed.</h1>" in noa.get(again_at), (
        "as every page it has a heading of the first level"
    )
    mia.page = again
    mia.send("/console/judge", kind="different")
    assert (mia.status, len(words(keyed))) == (409, 1), (
        "sent twice counts once, so that one undo takes it back"
    )
    a, b = (keyed.person_id(one) for one in ("user_id:u-4014", "user_id:u-4015"))
    noa.get(f"/console/pair?a={a}&b={b}")
    mia.get("/console/queue")
    mia.send("/console/undo")
    noa.send("/console/judge", kind="same")
    assert "The word <strong>different</strong> of mia was taken back" in noa.page
    noa.get(f"/console/pair?a={a}&b={b}")
    noa.send("/console/judge", kind="same")
    assert (noa.status, [one.by for one in words(keyed)]) == (200, ["noa"])


def words(found: Served) -> list[Judgement]:
    """The words of stewards that stand."""
    with found.engine.store.read() as tx:
        return list(standing(tx))


def test_whoever_sends_after_the_session_ended_is_told_and_comes_back(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.send("/console/next")
    case = visit.path
    visit.client.headers["Referer"] = keyed.url + case
    visit.client.cookies.clear()
    visit.send("/console/judge", kind="same", why="one mailbox")
    assert visit.heading() == "Sign in"
    assert "what you sent just now was not written" in visit.page
    del visit.client.headers["Referer"]
    visit.send("/console/sign-in", key=KEYS["steward"])
    assert visit.path == case
    visit.send("/console/judge", kind="same")
    assert (visit.status, len(words(keyed))) == (200, 1)
    visit.client.cookies.clear()
    assert "what you sent" not in visit.get("/console/audit")
