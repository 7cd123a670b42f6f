"""The console in a real Chromium: a steward's day by the keyboard, accessibility, no script, two at once."""

import re
import threading
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.browser import chromium, need_chromium
from tests.integration.console_visit import KEYS, Served
from tests.screenshots import PAGES

pytestmark = pytest.mark.slow
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need_chromium()
    with chromium() as found:
        yield found


def signed_in(browser: Browser, found: Served, key: str) -> Page:
    """A page of somebody who typed a key, in a context of their own."""
    page = browser.new_context(reduced_motion="reduce").new_page()
    page.goto(f"{found.url}/console/")
    # A browser focuses by itself when it first draws a page: on a busy machine that is after it is loaded.
    expect(page.get_by_label("Access key")).to_be_focused()
    page.keyboard.type(key)
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("to decide")
    return page


def press(page: Page, key: str) -> None:
    """Presses a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def follow(page: Page, link: Locator) -> None:
    """Clicks what leads to another page, and waits until it is there: a click alone does not."""
    with page.expect_navigation():
        link.click()


def test_a_steward_works_with_the_keyboard_alone(browser: Browser, keyed: Served) -> None:
    with keyed.engine.store.read() as tx:
        feed = tx.last_change()
    page, waiting = signed_in(browser, keyed, KEYS["steward"]), keyed.waiting()
    press(page, "n")
    decided: dict[str, str] = {}
    for number in range(10):
        heading = page.get_by_role("heading", level=1).inner_text()
        assert heading.endswith("one person?")
        case = page.url.partition("/cases/")[2].partition("?")[0]
        assert case not in decided
        decided[case] = "same" if number % 2 == 0 else "different"
        press(page, "s" if number % 2 == 0 else "d")
        assert f"judged {decided[case]}" in page.get_by_role("status").first.inner_text()
    press(page, "u")
    press(page, "u")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{waiting - 8} cases to decide")
    with keyed.engine.store.read() as tx:
        audit = [(one.what, one.by) for one in reversed(tx.audit(None, 99)) if one.what != "signed in"]
        standing = [one for one in tx.judgements() if one.retracted_at is None]
        kinds = [one.kind for one in tx.changes(feed, 999)]
    assert audit == [(word, "mia") for word in decided.values()] + [("taken back", "mia")] * 2
    assert [one.kind for one in standing].count("same") == 4
    assert [one.kind for one in standing].count("different") == 4
    assert kinds.count("merged") == 5
    assert kinds.count("split") == 1
    page.context.close()


def test_a_reason_alone_is_no_answer(browser: Browser, keyed: Served) -> None:
    page = signed_in(browser, keyed, KEYS["steward"])
    press(page, "n")
    case = page.url
    page.get_by_label("Why").fill("one mailbox, two men")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Back to the queue").focus()
    page.keyboard.press("d")
    expect(page.get_by_role("status").first).to_contain_text("judged different")
    assert page.url != case
    with keyed.engine.store.read() as tx:
        assert [(one.kind, one.why) for one in tx.judgements()] == [("different", "one mailbox, two men")]
    page.context.close()


def test_a_wrong_merge_is_split_and_found_again(browser: Browser, keyed: Served) -> None:
    page = signed_in(browser, keyed, KEYS["steward"])
    press(page, "n")
    press(page, "s")
    page.keyboard.press("/")
    page.keyboard.type("julien rouxx")
    press(page, "Enter")
    merged = page.locator(".cases a").first
    assert merged.inner_text() in ("Thomas Roux", "Julien Roux")
    with page.expect_navigation():
        merged.press("Enter")
    person = page.url.rpartition("/")[2]
    with page.expect_navigation():
        page.get_by_role("link", name="Records").press("Enter")
    with keyed.engine.store.read() as tx:
        records = tx.members(
            list(tx.persons([one.id for one in tx.all_persons() if one.person_id == person]))
        )
        keys = {
            f"{one.key.source}/{one.key.record_id}"
            for held in records.values()
            for one in tx.records(held).values()
        }
    assert len(keys) == 4
    for row in page.locator("tr", has_text="u-4015").all():
        row.get_by_role("checkbox").press("Space")
    with page.expect_navigation():
        page.get_by_role("button", name="See what").press("Enter")
    expect(page.locator(".follows").first).to_contain_text("Splits 4 records into persons of 2 and 2")
    press(page, "d")
    page.keyboard.press("/")
    page.keyboard.type("juilen roux")
    press(page, "Enter")
    expect(page.locator(".cases a")).to_have_text(["Julien Roux", "Thomas Roux"], use_inner_text=True)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(browser: Browser, local: Served, scheme: str) -> None:
    wide = browser.new_context(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page, axe = wide.new_page(), Axe()
    found = {}
    for name, path in PAGES.items():
        page.goto(local.url + shown_at(local, path))
        if name == "case":
            follow(page, page.locator(".cases a").first)
        if name == "graph":
            page.wait_for_selector(".graph svg rect")
        told = axe.run(page, options=WCAG)
        if told.violations_count:
            found[name] = told.generate_report()
    assert not found, "\n".join(found.values())
    wide.close()


def test_no_page_is_wider_than_the_narrowest_screen(browser: Browser, local: Served) -> None:
    for width in (360, 768, 1920):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        errors: list[str] = []
        page.on("console", partial(_note_error, errors))
        for name, path in PAGES.items():
            page.goto(local.url + shown_at(local, path))
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (name, wide)
        assert errors == [], errors
        context.close()


def test_the_graph_is_moved_through(browser: Browser, local: Served) -> None:
    page = browser.new_page()
    page.goto(local.url + shown_at(local, PAGES["graph"]))
    page.wait_for_selector(".graph svg rect")
    world = page.locator(".graph svg > g")
    before = world.get_attribute("transform")
    page.locator(".graph").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    assert world.get_attribute("transform") != before
    page.keyboard.press("Enter")
    assert page.locator("#graph-told").inner_text() != ""
    assert page.locator(".graph .dim").count() > 0
    page.goto(f"{local.url}/console/persons/{local.person_id('user_id:u-4014')}/graph")
    other = page.get_by_role("link", name="The graph of Julien Roux")
    other.focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Julien Roux")
    expect(page.get_by_role("link", name="The graph of Thomas Roux")).to_be_visible()
    page.close()


def test_the_queue_works_without_a_script(browser: Browser, keyed: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    waiting = keyed.waiting()
    page.goto(f"{keyed.url}/console/queue")
    page.get_by_label("Access key").fill(KEYS["steward"])
    follow(page, page.get_by_role("button", name="Sign in"))
    follow(page, page.get_by_role("button", name="Next case"))
    follow(page, page.get_by_role("button", name="Same person"))
    assert "judged same" in page.get_by_role("status").first.inner_text()
    follow(page, page.get_by_role("button", name="Skip for now"))
    follow(page, page.get_by_role("button", name="Different people"))
    follow(page, page.get_by_role("button", name="Undo").first)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{waiting - 1} cases to decide")
    page.locator("summary", has_text="Filter").click()
    page.get_by_role("combobox", name="Identifier").select_option("email")
    follow(page, page.get_by_role("button", name="Filter"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(f" of {waiting - 1} cases to decide")
    follow(page, page.get_by_role("button", name="Next case"))
    assert "namespace=email" in page.url
    context.close()


def test_a_filter_is_set_kept_and_left_by_the_keyboard(browser: Browser, keyed: Served) -> None:
    page = signed_in(browser, keyed, KEYS["steward"])
    page.keyboard.press("f")
    page.keyboard.press("Tab")
    expect(page.get_by_label("In work")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.type("roux")
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"1 of {keyed.waiting()} cases")
    address = page.url
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thomas Roux and Julien Roux: one person?")
    press(page, "s")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Nothing waits here.")
    press(page, "u")
    expect(page.locator(".cases a.loud").first).to_have_text("Thomas Roux · Julien Roux")
    page.get_by_role("combobox", name="Identifier").select_option("email")
    follow(page, page.get_by_role("button", name="Filter"))
    expect(page.get_by_role("combobox", name="Identifier")).to_have_value("email")
    expect(page.get_by_label("Words or person id")).to_have_value("roux")
    follow(page, page.get_by_role("link", name="Clear"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{keyed.waiting()} cases to decide")
    page.goto(address)
    expect(page.locator(".cases a.loud")).to_have_count(1)
    page.context.close()


def test_two_stewards_and_a_stream_at_once(browser: Browser, keyed: Served) -> None:
    # By turns, not by time: on a slow machine else so much would come in that no decision ever held.
    stop, sent, beat = threading.Event(), [0], threading.Semaphore(6)

    def stream() -> None:
        with httpx.Client(base_url=keyed.url, auth=("web", ""), timeout=30) as client:
            while beat.acquire() and not stop.is_set():
                number = sent[0]
                said = {
                    "userId": f"u-40{number % 24:02}",
                    "anonymousId": f"c-{number}",
                    "messageId": f"s-{number}",
                }
                client.post("/v1/identify", json=said).raise_for_status()
                sent[0] += 1

    pages = {
        "mia": signed_in(browser, keyed, KEYS["steward"]),
        "noa": signed_in(browser, keyed, "key-of-noa"),
    }
    streaming = threading.Thread(target=stream)
    streaming.start()
    answered: list[tuple[str, str]] = []
    told_stale = 0
    try:
        for page in pages.values():
            press(page, "n")
        for turn in range(12):
            for name, page in pages.items():
                if "/cases/" not in page.url:
                    continue
                case = page.url.partition("/cases/")[2].partition("?")[0]
                other = pages["noa" if name == "mia" else "mia"]
                assert case not in other.url, "both have the same case"
                beat.release(2)
                press(page, "d" if turn % 3 else "s")
                if "They changed while you looked" in page.content():
                    told_stale += 1
                    page.goto(f"{keyed.url}/console/queue")
                    press(page, "n")
                else:
                    answered.append((name, case))
    finally:
        stop.set()
        beat.release()
        streaming.join()
    with keyed.engine.store.read() as tx:
        written = [
            (one.by, one.about[1])
            for one in reversed(tx.audit(None, 99))
            if one.what in ("same", "different")
        ]
        stored = sum(event.key.message_id.startswith("s-") for event in tx.all_events())
        words = [one for one in tx.judgements() if one.by in pages]
    assert written == answered
    assert len(words) == len(answered) >= 8
    assert stored == sent[0] > 0
    for page in pages.values():
        page.context.close()


def _note_error(errors: list[str], said: ConsoleMessage) -> None:
    if said.type == "error":
        errors.append(said.text)


def shown_at(found: Served, path: str) -> str:
    """A page of the demo's day as there is one in this store."""
    jeanne = found.person_id("user_id:u-4001")
    path = re.sub(r"per_\w+", jeanne, path or "/console/queue")
    path = path.replace("user_id:u-2001", "user_id:u-4002").replace("user_id:u-2002", "user_id:u-4003")
    if "/split" in path:
        with found.engine.store.read() as tx:
            members = next(one for one in tx.all_persons() if one.person_id == jeanne)
            record = next(iter(tx.records(tx.members([members.id])[members.id]).values())).key
        return f"{path.partition('?')[0]}?record={record.source}/{record.record_id}"
    return path
