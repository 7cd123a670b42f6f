"""The console where it is not what one expects: thousands of records, names without end, wrong addresses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from graph_schema.access import Role
from tests.browser import chromium, need_chromium
from tests.integration.console_visit import KEYS, Served, declared, served

MANY = 320
NOON = 1_772_539_200_000_000
ENDLESS = "Wolfeschlegelsteinhausenbergerdorff-" * 6
MARKUP = "<img src=x onerror=alert(1)>"


def tell(found: Served, *messages: dict[str, Any]) -> None:
    intake = found.engine.intake
    found.engine.ingest([intake.take({"type": "identify", **one}, NOON, "web", NOON) for one in messages])


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("edges"), declared()) as found:
        rows = [{"userId": "many", "context": {"recordId": f"row-{one}"}} for one in range(MANY)]
        visits = [{"userId": "many", "anonymousId": f"visit-{one}"} for one in range(70)]
        tell(found, *rows, *visits)
        names = {"firstName": ENDLESS, "lastName": MARKUP, "address": {"street": ENDLESS}}
        tell(found, {"userId": "endless" + "x" * 180, "traits": names}, {"userId": MARKUP, "traits": names})
        yield found


def test_any_record_of_thousands_can_be_found_and_split_off(keyed: Served) -> None:
    visit, many = keyed.visit(KEYS["steward"]), keyed.person_id("user_id:many")
    page = visit.get(f"/console/persons/{many}/records")
    assert f"The first 300 of {MANY + 1}." in page
    assert "web/row-99" not in page
    assert "1 record with this" in visit.get(f"/console/persons/{many}/records?q=Row-99")
    assert re.findall(r'name="record" value="([^"]+)"', visit.page) == ["web/row-99"]
    assert "1 record with this" in visit.get(f"/console/persons/{many}/records?q=visit-42")
    assert "0 records with this" in visit.get(f"/console/persons/{many}/records?q=nothing")
    assert "See what splitting off would do" not in visit.page
    visit.get(f"/console/persons/{many}/split?record=web/row-99")
    assert f"<strong>{MANY}</strong> and <strong>1</strong>" in visit.page


def test_a_viewer_does_not_search_records_for_what_is_masked(keyed: Served) -> None:
    visit, many = keyed.visit(KEYS["viewer"]), keyed.person_id("user_id:many")
    page = visit.get(f"/console/persons/{many}/records?q=visit-42")
    assert f"The first 300 of {MANY + 1}." in page
    assert "visit-42" not in page


def test_pages_stay_short_and_say_what_they_leave_out(keyed: Served) -> None:
    visit, many = keyed.visit(KEYS["steward"]), keyed.person_id("user_id:many")
    assert "and 11 more, each with" in visit.get(f"/console/persons/{many}")
    how = visit.get(f"/console/persons/{many}/how")
    assert f"and {MANY + 1 - 20} others" in how
    assert len(how) < 20_000


def test_a_wrong_address_is_answered_in_the_console_s_words(keyed: Served) -> None:
    visit, many = keyed.visit(KEYS["steward"]), keyed.person_id("user_id:many")
    for path, status, says in (
        ("/console/nothing", 404, "There is no such page"),
        ("/console/judge", 405, "There is no such page"),
        ("/console/persons/per_0000000000000000", 404, "Nobody has or had this person id."),
        ("/console/persons/nobody", 400, "identifier is neither a person id nor namespace:value"),
        (
            f"/console/persons/{many}?as_of=2001-01-01T00:00:00Z",
            404,
            "Nothing was known of this person by then",
        ),
        (f"/console/persons/{many}?as_of=soon", 400, "as_of: This is not a time"),
        (f"/console/changes?before={10**30}", 400, "before is missing or wrong"),
        (f"/console/audit?before=-{10**30}", 400, "before is missing or wrong"),
    ):
        page = visit.get(path)
        assert (visit.status, visit.heading() in ("Nothing here", "This can&#39;t be")) == (status, True), (
            path
        )
        assert says in page
        assert "To the queue" in page
        assert "content-security-policy" in visit.headers


def test_what_is_stale_leads_back_to_what_it_is_now(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.get("/console/pair?a=user_id:u-4014&b=user_id:u-4015")
    pair = visit.path
    tell(keyed, {"userId": "u-4015", "traits": {"birthday": "1990-01-01"}})
    visit.client.headers["Referer"] = keyed.url + pair
    visit.send("/console/judge", kind="same")
    assert visit.status == 409
    assert f'href="{pair}"'.replace("&", "&amp;") in visit.page
    visit.client.headers["Referer"] = "https://elsewhere.example/trap"
    visit.get(pair)
    tell(keyed, {"userId": "u-4015", "traits": {"birthday": "1991-01-01"}})
    visit.send("/console/judge", kind="same")
    assert "trap" not in visit.page


@pytest.mark.slow
def test_names_without_end_make_no_page_wide(keyed: Served) -> None:
    need_chromium()
    endless, markup = (keyed.person_id(f"user_id:{one}") for one in ("endless" + "x" * 180, MARKUP))
    paths = [f"/console/pair?a={endless}&b={markup}", "/console/search?q=wolfe"]
    paths += [f"/console/persons/{endless}{part}" for part in ("", "/timeline", "/records", "/how", "/graph")]
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 780})
        page.goto(f"{keyed.url}/console/sign-in")
        page.get_by_label("Access key").fill(KEYS["steward"])
        with page.expect_navigation():
            page.keyboard.press("Enter")
        for path in paths:
            page.goto(keyed.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360, path
            assert page.locator("img:not(.brand img)").count() == 0, "what sources say is text"
            tall = page.locator("h1").bounding_box()
            assert tall is not None
            assert tall["height"] < 260, path
        page.keyboard.press("?")
        expect(page.get_by_text("skip for now")).to_be_visible()


@pytest.mark.parametrize("role", ["viewer", "steward"])
def test_a_timeline_is_walked_through_from_either_end(keyed: Served, role: Role) -> None:
    visit, many = keyed.visit(KEYS[role]), keyed.person_id("user_id:many")
    tell(keyed, *({"userId": "many", "timestamp": f"2026-03-{day:02}T00:00:00Z"} for day in range(1, 20)))

    def walked(first: str) -> list[str]:
        found, path = [], f"/console/persons/{many}/timeline?first={first}"
        while path:
            page = visit.get(path)
            assert visit.status == 200
            found += re.findall(r'<time[^>]* datetime="([^"]+)"', page)
            onward = re.search(r'class="button" href="([^"]+)"', page)
            path = onward[1].replace("&amp;", "&") if onward else ""
        return found

    oldest = walked("oldest")
    assert len(oldest) >= 19
    assert oldest == sorted(oldest) == walked("newest")[::-1]


def test_undo_on_a_person_s_page_stays_there(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    visit.get("/console/pair?a=user_id:u-4016&b=user_id:u-4017")
    visit.send("/console/judge", kind="different")
    person = visit.path.partition("?")[0]
    assert person.startswith("/console/persons/")
    visit.client.headers["Referer"] = f"{keyed.url}{person}/how"
    visit.send("/console/undo")
    assert visit.path.startswith(f"{person}?done=")
    assert "no longer counts" in visit.page


def test_a_search_that_finds_many_says_so(keyed: Served) -> None:
    visit = keyed.visit(KEYS["steward"])
    tell(keyed, *({"userId": f"n-{one}", "traits": {"lastName": "Nordstrom"}} for one in range(22)))
    visit.get("/console/search?q=nordstrom")
    assert visit.heading() == "The likeliest 20"
