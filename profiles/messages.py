"""Messages: what reached a person, by whatever channel and at whichever of her addresses."""

from collections import Counter
from typing import Final, NamedTuple

from graph_schema.store import Document
from profiles.moments import UNTIMED, iso
from profiles.state import sendings

UNNAMED: Final = "?"
"""The subject of a sending that names neither an order nor a reward nor a product."""


class Letter(NamedTuple):
    """A message that went out to a person and didn't come back; `at` is a kept time."""

    at: int
    message_id: str
    campaign: str
    channel: str


def letters(state: Document) -> list[Letter]:
    """The latest messages, oldest first, each once however often it was reported."""
    return _told(state)[0]


def _told(state: Document) -> tuple[list[Letter], int]:
    """The latest messages that went out and didn't come back; and how many of the latest did."""
    latest = state.get("messages", {}).get("latest", ())
    # A gateway numbers its text messages as another does its mails; not every report says by which way.
    ways = {message_id: channel for _, _, message_id, _, channel in reversed(latest) if channel}
    found: dict[tuple[str, str], Letter] = {}
    bounced: set[tuple[str, str]] = set()
    for at, kind, message_id, campaign, channel in latest:
        one = message_id, channel or ways.get(message_id, "")
        if kind == "bounced":
            bounced.add(one)
        elif one not in found:
            found[one] = Letter(at, message_id, campaign, channel)
    return [letter for one, letter in found.items() if one not in bounced], len(bounced)


def reports(state: Document) -> int:
    """How many reports of her latest messages there are: as many messages at most."""
    return len(state.get("messages", {}).get("latest", ()))


def last_sent(
    state: Document, campaign: str, subject: str = "", since: int = UNTIMED, until: int | None = None
) -> int | None:
    """When a campaign was last sent, `until` a moment, about a subject ("order:<id>", "reward:<code>",
    "product:<id>"; "" is any) that there is `since` a kept time, as a kept time; None where it never was, or
    where that came back. What was sent without naming a subject was about whatever there was by then."""
    told = state.get("sent", {}).get(campaign, {})
    of, unnamed = (sendings(told.get(one, [])) for one in (subject, UNNAMED))
    times = {*of, *(at for at in unnamed if at >= since)}
    # The last may have come back where one before it, by another channel, arrived.
    by_then = (at for at in sorted(times, reverse=True) if until is None or at <= until)
    return next((at for at in by_then if _arrived(state, campaign, at)), None)


def _arrived(state: Document, campaign: str, at: int) -> bool:
    """Whether what was sent then didn't come back; of long ago it isn't listed what went out: that has
    arrived."""
    latest = state.get("messages", {}).get("latest", ())
    ids = {entry[2] for entry in latest if entry[0] == at and entry[3] == campaign and entry[1] != "bounced"}
    return not ids or any(one.message_id in ids and one.campaign in (campaign, "") for one in letters(state))


def shown_messages(state: Document) -> Document:
    """`messages` of the golden profile. Those of long ago are counted, but no longer listed."""
    found, bounced = _told(state)
    count = state.get("messages", {}).get("count", {})
    kinds = [entry[1] for entry in state.get("messages", {}).get("latest", ())]
    # Of what isn't listed any more nobody knows which delivery was of which sending: the larger counts.
    older = max(_total(count, kind) - kinds.count(kind) for kind in ("sent", "delivered"))
    return {
        "count": len(found) + older,
        "last_at": iso(max((letter.at for letter in found), default=None)),
        "by_channel": dict(Counter(letter.channel for letter in found)),
        "opened": _total(count, "opened"),
        "clicked": _total(count, "clicked"),
        "bounced": bounced + _total(count, "bounced") - kinds.count("bounced"),
    }


def _total(count: dict[str, int], kind: str) -> int:
    return sum(times for name, times in count.items() if name.partition(".")[0] == kind)
