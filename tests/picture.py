"""Draws docs/picture.svg from the demo's own day: `python -m tests.picture`. A test holds the two together.

Records on the left as the engine keyed them, in the middle the values that joined them (of `onefold how`), on
the right the golden profile that is served.
"""

import io
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console

from graph_schema.vocabulary import Identifier, Record
from serving.demo import played
from stream.explaining import how
from stream.reader import Reader

FILE: Final = Path(__file__).parents[1] / "docs" / "picture.svg"

_ANA: Final = "user_id:u-1001"
_WIDTH: Final = 980
_TOP: Final = 58
_CARD: Final = 52
_GAP: Final = 12
_LEFT, _MIDDLE, _RIGHT = 20, 380, 670
_CARD_WIDTH, _PILL_WIDTH, _PROFILE_WIDTH = 250, 200, 290
_STYLE: Final = (
    "text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#1b1b1f}"
    ".head{font:600 14px system-ui,sans-serif}.dim{fill:#5c5c66;font-size:12px}.bold{font-weight:600}"
    ".paper{fill:#fff}.box{fill:#fafafa;stroke:#b9b9c3}.pill{fill:#eef3ff;stroke:#3557c2}"
    ".gold{fill:#fff8e1;stroke:#b58900;stroke-width:1.5}.link{fill:none;stroke:#3557c2;stroke-width:1.3}"
    ".to{fill:none;stroke:#b58900;stroke-width:1.3}"
)
_NAMES: Final = {"email": "e-mail", "loyalty": "card", "store": "receipt"}


class _Card(NamedTuple):
    """A record as it is drawn: what it is called, and the values that it holds."""

    title: str
    tells: str
    values: frozenset[tuple[str, str]]


class Drawn(NamedTuple):
    """What the picture shows."""

    records: list[_Card]
    values: list[tuple[str, str]]
    profile: Mapping[str, Any]


def draw() -> str:
    """The picture as SVG."""
    shown = _shown()
    height = _TOP + len(shown.records) * (_CARD + _GAP) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="Six records of five systems, the values that join them, and one golden profile">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        _text(_LEFT, 34, f"{len(shown.records)} records", "head"),
        _text(_MIDDLE, 34, "what joins them, strongest first", "head"),
        _text(_RIGHT, 34, "one golden profile", "head"),
        *_links(shown),
        *(part for n, card in enumerate(shown.records) for part in _record(n, card)),
        *(part for n, value in enumerate(shown.values) for part in _value(_level(n, shown), value)),
        *_profile(shown, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _shown() -> Drawn:
    """Plays the day in silence and asks of Ana what anybody can ask."""
    with (
        played(Console(file=io.StringIO())) as day,
        day.engine.store.read() as tx,
    ):
        reader = Reader(tx, day.engine.intake, day.engine.id_key)
        steps = how(reader, _ANA)["steps"]
        joined = [(value["namespace"], value["value"]) for step in steps for value in step["values"]]
        records = sorted(reader.find(_ANA).records, key=lambda record: record.first_at or 0)
        nodes = tx.identifiers({one for record in records for one in record.holdings})
        cards = [_card(record, [nodes[one].identifier for one in record.holdings]) for record in records]
        return Drawn(cards, joined, reader.profile(_ANA, records[-1].first_at))


def _card(record: Record, held: list[Identifier]) -> _Card:
    minutes = (record.first_at or 0) // 60_000_000 % 1440
    known_as = "row " + record.key.record_id if not record.key.record_id.startswith("~") else _first(held)
    title = f"{minutes // 60:02}:{minutes % 60:02} {_NAMES.get(record.key.source, record.key.source)}"
    return _Card(title, known_as, frozenset(held))


def _first(held: list[Identifier]) -> str:
    """The identifier by which a record without a key of its own is best known."""
    order = ("user_id", "loyalty_card", "anonymous_id")
    best = min(held, key=lambda one: order.index(one.namespace) if one.namespace in order else len(order))
    return f"{best.namespace} {best.value}"


def _level(n: int, shown: Drawn) -> float:
    """The middle of the n-th value, spread over the height of the records."""
    height = len(shown.records) * (_CARD + _GAP) - _GAP
    return _TOP + height * (n + 0.5) / len(shown.values)


def _links(shown: Drawn) -> Iterator[str]:
    middle = _TOP + (len(shown.records) * (_CARD + _GAP) - _GAP) / 2
    for n, value in enumerate(shown.values):
        level = _level(n, shown)
        for at, card in enumerate(shown.records):
            if value in card.values:
                yield _curve(
                    "link", _LEFT + _CARD_WIDTH, _TOP + at * (_CARD + _GAP) + _CARD / 2, _MIDDLE, level
                )
        yield _curve("to", _MIDDLE + _PILL_WIDTH, level, _RIGHT, middle)


def _curve(kind: str, x: float, y: float, to_x: float, to_y: float) -> str:
    half = (x + to_x) / 2
    way = f"M{x:.0f} {y:.0f}C{half:.0f} {y:.0f} {half:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path class="{kind}" d="{way}"/>'


def _record(n: int, card: _Card) -> Iterator[str]:
    y = _TOP + n * (_CARD + _GAP)
    yield f'<rect class="box" x="{_LEFT}" y="{y}" width="{_CARD_WIDTH}" height="{_CARD}" rx="6"/>'
    yield _text(_LEFT + 12, y + 21, card.title, "bold")
    yield _text(_LEFT + 12, y + 40, card.tells, "dim")


def _value(level: float, value: tuple[str, str]) -> Iterator[str]:
    namespace, text = value
    y = level - 20
    yield f'<rect class="pill" x="{_MIDDLE}" y="{y:.0f}" width="{_PILL_WIDTH}" height="40" rx="20"/>'
    yield _text(_MIDDLE + 18, y + 17, namespace, "dim")
    yield _text(_MIDDLE + 18, y + 33, text)


def _profile(shown: Drawn, height: int) -> Iterator[str]:
    lines = list(_said(shown.profile))
    tall = 24 + 20 * len(lines)
    y = _TOP + (height - _TOP - 14 - _GAP - tall) / 2
    yield f'<rect class="gold" x="{_RIGHT}" y="{y:.0f}" width="{_PROFILE_WIDTH}" height="{tall}" rx="6"/>'
    for n, (name, value) in enumerate(lines):
        level = y + 28 + 20 * n
        yield _text(_RIGHT + 14, level, name, "dim")
        yield _text(_RIGHT + 88, level, value)


def _said(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What of the profile fits into the picture."""
    attributes, orders = profile["attributes"], profile["orders"]
    yield "person", profile["person_id"]
    yield "name", " ".join(attributes[name]["value"] for name in ("firstName", "lastName"))
    yield "birthday", attributes["birthday"]["value"]
    yield "orders", f"{orders['count']}, {orders['total']:.2f} {orders['currency']}"
    for reward in profile["rewards"]:
        yield "reward", f"{reward['code']} {reward['state']}"
    yield (
        "consent",
        ", ".join(
            f"{channel} {purpose}"
            for channel, purposes in profile["consents"].items()
            for purpose, said in purposes.items()
            if said["state"] == "granted"
        ),
    )
    yield "stage", str(profile["lifecycle"]["stage"])
    yield "missing", ", ".join(profile["missing"]) or "nothing"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y:.0f}"{styled}>{escape(text)}</text>'


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
