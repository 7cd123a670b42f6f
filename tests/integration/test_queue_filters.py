"""The parts of the queue that a steward works on: filters that combine, stay in the address, and count."""

import re
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from graph_schema.vocabulary import Case
from serving.console import queue
from stream.cases import open_cases
from stream.reader import Reader
from tests.integration.console_visit import KEYS, Served, Visit


def cases(found: Served, **asked: Any) -> list[dict[str, Any]]:
    answer = httpx.get(f"{found.url}/v1/cases", params=asked, headers=found.as_admin())
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["cases"]
    return listed


def listed(visit: Visit, **asked: object) -> list[str]:
    """The names of the persons of the cases that the queue shows, in order."""
    visit.get(f"/console/queue?{urlencode(asked)}")
    assert visit.status == 200
    return re.findall(r'<a class="loud" href="/console/cases/[^"]+">(.+?)</a>', visit.page)


def options(visit: Visit, name: str) -> dict[str, int]:
    """The answers that a part of the filter offers, with their counts."""
    select = re.search(rf'<select id="f-{name}".*?</select>', visit.page, re.DOTALL)
    assert select is not None
    return {
        value: int(number)
        for value, number in re.findall(r'<option value="(\w+)"[^>]*>[^<]* \((\d+)\)', select[0])
    }


def test_the_queue_shows_what_is_asked_for(local: Served) -> None:
    visit = local.visit()
    everything = listed(visit)
    assert listed(visit, q="roux") == ["Thomas Roux · Julien Roux"]
    assert listed(visit, q="ROUX Fils") == ["Thomas Roux · Julien Roux"], "words of names and of values"
    assert listed(visit, q=local.person_id("user_id:u-4014")) == ["Thomas Roux · Julien Roux"]
    assert listed(visit, q="roux", kind="alias") == []
    assert "cases wait outside of this filter" in visit.page
    assert visit.heading() == f"0 of {len(everything)} cases to decide"
    dear = listed(visit, least=300)
    assert dear == everything[: len(dear)]
    assert 0 < len(dear) < len(everything)
    assert listed(visit, least="", q="", source="", namespace="", state="", kind="") == everything
    assert visit.heading() == f"{len(everything)} cases to decide"


def test_each_answer_is_counted_as_the_rest_of_the_filter_is(local: Served) -> None:
    visit = local.visit()
    everything = listed(visit)
    for name in ("namespace", "source", "state"):
        for value, number in options(visit, name).items():
            assert len(listed(visit, **{name: value})) == number, (name, value)
            listed(visit)
    emails = listed(visit, namespace="email")
    chips = {
        name: int(number) for name, number in re.findall(r'kind=(\w+)[^"]*">[^<]* (\d+)</a>', visit.page)
    }
    assert chips
    assert sum(chips.values()) == len(emails) < len(everything)
    for kind, number in chips.items():
        assert len(listed(visit, namespace="email", kind=kind)) == number
        assert options(visit, "namespace")["email"] == number
    assert listed(visit) == everything
    assert options(visit, "source").keys() >= {"web", "app"}


def test_a_filter_stays_from_case_to_case(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    wanted = len(listed(visit, kind="veto", namespace="email"))
    assert wanted > 1
    visit.send("/console/next?kind=veto&namespace=email")
    seen = set()
    for _ in range(wanted):
        seen.add(visit.path.partition("?")[0])
        assert visit.path.startswith("/console/cases/case_veto_")
        assert "kind=veto&namespace=email" in visit.path
        assert 'href="/console/queue?kind=veto&amp;namespace=email"' in visit.page
        visit.send("/console/judge?kind=veto&namespace=email", kind="different")
    assert len(seen) == wanted
    assert visit.path.startswith("/console/queue?kind=veto&namespace=email&done=")
    assert visit.heading() == f"0 of {keyed.waiting()} cases to decide"
    visit.send("/console/undo?kind=veto&namespace=email")
    assert visit.heading() == f"1 of {keyed.waiting()} cases to decide"


def test_who_takes_a_word_back_sees_its_case_again_though_the_queue_is_long(
    keyed: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(reader: Reader) -> list[Case]:
        time.sleep(0.3)
        return open_cases(reader)

    monkeypatch.setattr(queue, "open_cases", slowly)
    visit = keyed.visit(KEYS["steward"])
    everything = listed(visit)
    visit.send("/console/next")
    visit.send("/console/judge", kind="different")
    assert listed(visit) == everything[1:]
    visit.send("/console/undo")
    assert visit.heading() == f"{len(everything)} cases to decide"
    assert listed(visit) == everything


def test_what_becomes_of_a_case_is_asked_for(keyed: Served) -> None:
    mia, noa = keyed.visit(KEYS["steward"]), keyed.visit("key-of-noa")
    everything = listed(mia)
    for _ in range(2):
        mia.send("/console/next")
    assert listed(mia, state="aside") == everything[:1]
    assert listed(mia, state="mine") == everything[1:2]
    assert listed(noa, state="others") == everything[1:2]
    assert listed(noa, state="aside") == []
    assert options(mia, "state") == {"free": len(everything) - 2, "mine": 1, "aside": 1}
    listed(mia, state="aside")
    mia.send("/console/next?state=aside")
    assert "Thomas Roux and Julien Roux" in mia.heading()


def test_what_was_put_aside_is_taken_up_one_by_one(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    everything = listed(visit)
    visit.send("/console/next")
    for _ in range(3):
        visit.send("/console/next")
    assert listed(visit, state="aside") == everything[:3]
    visit.send("/console/next?state=aside")
    first = visit.path
    visit.send("/console/next?state=aside")
    assert visit.path != first
    assert listed(visit, state="aside") == [everything[0], everything[2]], "the others are still put aside"
    visit.send("/console/next?state=aside")
    visit.send("/console/judge?state=aside", kind="different")
    visit.send("/console/judge?state=aside", kind="different")
    assert visit.path.startswith("/console/queue?state=aside&done=")
    assert listed(visit, state="aside") == []


def test_a_filter_outlives_what_went_wrong(keyed: Served) -> None:
    mia, noa = keyed.visit(KEYS["steward"]), keyed.visit("key-of-noa")
    listed(mia, kind="veto")
    mia.send("/console/next?kind=veto")
    noa.get(mia.path)
    noa.send("/console/judge?kind=veto", kind="same")
    assert noa.status == 409
    assert 'href="/console/queue?kind=veto"' in noa.page


def test_the_api_lists_the_same(local: Served) -> None:
    visit, everything = local.visit(), cases(local)
    assert Counter(one["kind"] for one in everything)["veto"] == len(cases(local, kind="veto")) > 0
    for asked in ({"q": "roux"}, {"namespace": "email"}, {"source": "web", "kind": "veto"}, {"least": 300}):
        found = cases(local, **asked)
        assert found
        assert len({tuple(one["persons"]) for one in found}) == len(listed(visit, **asked)), asked
        assert found == [one for one in everything if one in found], "in the same order"
    for wrong in ({"kind": "nobody"}, {"least": "nan"}, {"least": -1}, {"q": "x" * 201}):
        refused = httpx.get(f"{local.url}/v1/cases", params=wrong)
        assert refused.status_code == 400, wrong
        assert refused.json()["field"] == next(iter(wrong))
        visit.get(f"/console/queue?{urlencode(wrong)}")
        assert (visit.status, "missing or wrong" in visit.page) == (400, True)


def test_what_waits_and_what_was_said_comes_in_pages(keyed: Served) -> None:
    def paged(what: str, limit: int, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: dict[str, str] | None = {}
        while after is not None:
            page = httpx.get(
                f"{keyed.url}/v1/{what}", params={**asked, **after, "limit": limit}, headers=keyed.as_admin()
            ).json()
            assert 0 < len(page[what]) <= limit
            found += page[what]
            after = page["next"] and {"after": page["next"]}
        return found

    everything = cases(keyed)
    for case in everything[:3]:
        a, b = case["persons"][:2]
        said = {"kind": "different", "a": [a], "b": [b], "why": "two"}
        answer = httpx.post(f"{keyed.url}/v1/judgements", json=said, headers=keyed.as_admin())
        assert answer.status_code == 201
    everything, vetoes = cases(keyed), cases(keyed, kind="veto")
    for limit in (1, 2, len(everything), 10_000):
        assert paged("cases", limit) == everything
        assert paged("cases", limit, kind="veto") == vetoes
    given = httpx.get(f"{keyed.url}/v1/judgements", headers=keyed.as_admin()).json()
    assert given["next"] is None
    assert [one["at"] for one in given["judgements"]] == sorted(
        (one["at"] for one in given["judgements"]), reverse=True
    )
    for limit in (1, 2, 3):
        assert paged("judgements", limit) == given["judgements"]
    for what in ("cases", "judgements"):
        for wrong in ({"limit": 0}, {"limit": 10_001}, {"after": "no"}, {"after": ""}):
            refused = httpx.get(f"{keyed.url}/v1/{what}", params=wrong, headers=keyed.as_admin())
            assert (refused.status_code, refused.json()["field"]) == (400, next(iter(wrong)))


def test_a_viewer_guesses_no_value_by_its_letters(keyed: Served) -> None:
    visit = keyed.visit(KEYS["viewer"])
    everything = listed(visit)
    person = keyed.person_id("user_id:u-4014")
    header = {"Authorization": f"Bearer {KEYS['viewer']}"}
    for guess in ("roux", "rou", "contact@roux", "u-4014", "zzz"):
        assert listed(visit, q=guess) == everything
        assert guess not in visit.page
        told = httpx.get(f"{keyed.url}/v1/cases", params={"q": guess}, headers=header).json()["cases"]
        assert len(told) == len(cases(keyed))
    assert len(listed(visit, q=person)) == 1
    assert len(listed(visit, namespace="email", kind="veto")) == len(
        cases(keyed, namespace="email", kind="veto")
    )
