"""The commands about what to do: decide, audience, report, fit."""

import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph_schema.rules import load_rules
from profiles.profile_rules import profile_rules
from tests.integration.command import Onefold, process


def track(event: str, at: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "timestamp": at, "properties": properties}


def order(source: str, order_id: str, at: str, total: float, **who: Any) -> dict[str, Any]:
    lines = [{"product_id": "tea", "price": total, "quantity": 1}]
    said = track("Order Completed", at, order_id=order_id, total=total, currency="EUR", products=lines)
    return {**said, "source": source, **who}


@pytest.fixture
def onefold(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Onefold:
    """A shop of two customers: one buys on the web and by card in the store, the other once."""
    monkeypatch.setenv("ONEFOLD_STORE", f"sqlite:////{str(tmp_path / 'shop.db').lstrip('/')}")
    command = Onefold(tmp_path, capsys)
    card = {"externalIds": [{"type": "loyalty_card", "id": "29001"}]}
    signed = {"type": "identify", "source": "web", "userId": "u-1", "traits": {"email": "ana@example.com"}}
    file = command.lines(
        "shop.jsonl",
        {**signed, "timestamp": "2026-01-01T09:00:00Z", "context": card},
        order("web", "o-1", "2026-01-02T09:00:00Z", 100, userId="u-1"),
        order("till", "o-2", "2026-02-02T09:00:00Z", 50.5, context=card),
        order("web", "o-2", "2026-02-02T09:00:00Z", 50.5, userId="u-1"),
        order("till", "o-3", "2026-02-05T09:00:00Z", 30, context={"traits": {"email": "bob@example.com"}}),
    )
    assert command("ingest", file).code == 0
    return command


def test_decide_tells_outcome_and_reasons(onefold: Onefold) -> None:
    asked = ("decide", "--for", "email:ana@example.com", "--at", "2026-02-03")
    ended = onefold(*asked, "--campaign", "order_confirmation", "--order-id=o-1")
    assert orjson.loads(ended.out)["outcome"] == "send"
    ended = onefold(*asked, "--campaign", "loyalty_offer", "--product", "tea")
    assert "already_bought" in orjson.loads(ended.out)["reasons"]
    offer = ("--price", "99.99", "--reference-price", "100.32")
    ended = onefold(*asked, "--campaign", "loyalty_offer", *offer)
    assert "not_eligible" in orjson.loads(ended.out)["reasons"]
    assert onefold(*asked, "--campaign", "loyalty_ofer").code == 2
    assert onefold(*asked, "--campaign", "loyalty_offer", "--colour", "red").code == 2
    assert onefold(*asked, "--campaign", "loyalty_offer", "--price", "cheap").code == 2
    assert onefold(*asked, "--campaign", "loyalty_offer", "--price", "-1", "--reference-price", "9").code == 2
    ended = onefold(*asked, "--campaign", "loyalty_offer", "--price", "99.99")
    assert ended.code == 2
    assert "--reference-price" in ended.err


def test_nobody_but_us_speaks_of_a_wrong_condition(tmp_path: Path) -> None:
    part = "[audience.x]\nwhen = \"passed(orders_last_at, 'soon')\"\n"
    (tmp_path / "rules.toml").write_text(f'extends = "retail"\n{part}')
    ended = process(tmp_path, "audience", "x", "--rules", "rules.toml")
    _, said = ended.communicate(timeout=60)
    assert (ended.returncode, said.count(b"\n")) == (2, 1), said
    assert b"rules.toml, line 3: audience.x.when" in said


def test_audience_lists_who_is_in(onefold: Onefold) -> None:
    listed = [orjson.loads(line) for line in onefold("audience", "suppress_buyers").out.splitlines()]
    assert [one["product"] for one in listed] == ["tea", "tea"]
    ana = orjson.loads(onefold("person", "email:ana@example.com").out)["person_id"]
    assert ana in {one["person_id"] for one in listed}
    assert onefold("audience", "suppress_buyers", "--product", "cup").out == ""
    assert onefold("audience", "nobody").code == 1


def test_report_shows_what_resolution_makes_of_the_same_orders(onefold: Onefold) -> None:
    at = ("--at", "2026-02-10")
    found = orjson.loads(onefold("report", "--format", "json", *at).out)
    resolved, apart = found["with_resolution"], found["without_resolution"]
    assert (resolved["customers"], resolved["orders"], resolved["revenue"]) == (2, 3, 180.5)
    assert resolved["by_purchases"]["repeat"] == {"customers": 1, "orders": 2, "revenue": 150.5}
    assert resolved["by_stage"]["active"]["customers"] == 1
    # The till's record of the card and the web's of the account both tell of o-2.
    assert (apart["customers"], apart["orders"], apart["revenue"]) == (3, 4, 231.0)
    text = onefold("report", *at).out
    assert "As persons: 2 customers, 3 orders, 180.50 EUR" in text
    assert "█" in text
    page = onefold.folder / "report.html"
    assert onefold("report", "--format", "html", "--out", str(page), *at).code == 0
    assert "<svg" in page.read_text(encoding="utf-8")


def test_fit_writes_rules_that_load(onefold: Onefold) -> None:
    file = onefold.folder / "fitted.toml"
    assert onefold("fit", "--at", "2026-06-01", "--percentile", "50", "--out", str(file)).code == 0
    table = tomllib.loads(file.read_text(encoding="utf-8"))["profile"]["value"]
    assert table["high_value"] == 150.5
    settings = profile_rules(load_rules(str(file))).settings.value
    assert (settings.r, settings.high_value) == (table["r"], 150.5)
    assert settings.horizon == profile_rules(load_rules("retail")).settings.value.horizon
    assert onefold("fit", "--at", "2025-06-01").code == 2
    again = onefold.folder / "again.toml"
    ours = ("--rules", str(file), "--at", "2026-06-01", "--out", str(again))
    onefold("rebuild", "--rules", str(file))
    assert onefold("fit", *ours).code == 0
    assert tomllib.loads(again.read_text(encoding="utf-8"))["extends"] == "fitted.toml"
