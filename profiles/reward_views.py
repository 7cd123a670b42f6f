"""One reward, from what every source told of it: whose it is, and whether, when and where it was used.

Of several redemptions the first by event time stands; another one is a conflict, unless it tells of the
same purchase. A code that was issued to several persons is a promotion code, with a state for each of them.
One that was never issued to anybody is shown to who redeemed it.
"""

from collections.abc import Container, Mapping
from typing import Any

from graph_schema.store import Document
from graph_schema.vocabulary import GHOST_SOURCE, RecordKey
from profiles.told import Issued, Told, told


def reward_views(key: str, words: list[Told], person_of: Mapping[RecordKey, int]) -> dict[int, Document]:
    """The view of each person who shows the reward."""
    owners = _owners(words, person_of)
    if len(owners) > 1:
        return {owner: _view(key, _own(words, person_of, owner, owners)) for owner in owners}
    if not any(one.kind == "issued" for one in words):
        used = _redemptions(words)
        owners = {person_of[use[0].record] for use in used[:1] if use[0].record in person_of}
    view = _view(key, words)
    return dict.fromkeys(owners, view)


def reward_conflict(obj: Document, person_of: Mapping[RecordKey, int]) -> tuple[int, ...]:
    """Of a reward that can be used once and was used twice the persons concerned, owner and redeemers, by the
    store's ids, sorted; nobody where there is but one use."""
    words = told(obj)
    owners = _owners(words, person_of)
    used = _redemptions(words)
    if len(owners) > 1 or len(used) < 2:
        return ()
    redeemers = {person_of[use[0].record] for use in used if use[0].record in person_of}
    return tuple(sorted(owners | redeemers))


def claimed_view(
    key: str, obj: Document, person_of: Mapping[RecordKey, int], person: int | None
) -> Document | None:
    """The view by which a claim of a reward is judged: what this person (None for nobody known) has of a
    promotion code, the one state of any other reward, whoever claims it. None where it was issued to
    nobody, or not to her. It can be used while `rewards.state_at` of it is "issued"; else it says when and
    where it was."""
    words = told(obj)
    owners = _owners(words, person_of)
    if not any(one.kind == "issued" for one in words):
        return None
    if len(owners) > 1:
        return _view(key, _own(words, person_of, person, owners)) if person in owners else None
    return _view(key, words)


def _owners(words: list[Told], person_of: Mapping[RecordKey, int]) -> set[int]:
    """Those to whom it was issued."""
    return {person_of[one.record] for one in words if one.kind == "issued" and one.record in person_of}


def _own(
    words: list[Told], person_of: Mapping[RecordKey, int], owner: int | None, owners: Container[int]
) -> list[Told]:
    """What was said of one owner's promotion code; that it expired may be said by nobody of them."""
    return [
        one
        for one in words
        if person_of.get(one.record) == owner
        or (one.kind == "expired" and person_of.get(one.record, 0) not in owners)
    ]


def _redemptions(words: list[Told]) -> list[list[Told]]:
    """The redemptions, each with all that told of it: what is of one order or receipt, or of one moment where
    one names none."""
    uses: list[tuple[list[Told], set[str]]] = []
    for one in (word for word in words if word.kind == "redeemed"):
        numbers = _numbers(one)
        same = [(use, known) for use, known in uses if _same(one, numbers, use, known)]
        # What names no purchase is of the first at its moment: it doesn't make one of two.
        same = same if numbers else same[:1]
        if same:
            # A word that names both may tell that two are one.
            same[0][1].update(numbers, *(known for _, known in same))
            same[0][0].extend([*(word for use, _ in same[1:] for word in use), one])
            uses = [use for use in uses if use not in same[1:]]
        else:
            uses.append(([one], numbers))
    return [use for use, _ in uses]


def _same(one: Told, numbers: set[str], use: list[Told], known: set[str]) -> bool:
    return not numbers.isdisjoint(known) if numbers and known else any(one.at == word.at for word in use)


def _numbers(one: Told) -> set[str]:
    """The order and the receipt of a use: as they were given, and by the keys of both. The numbers of orders
    and those of receipts are not the same ones."""
    _, _, said, _, *keys = one.fact
    by_receipt = keys[:1] == [None] and keys[1] is not None
    return {f"receipt:{said}" if by_receipt and said is not None else said, *keys} - {None}


def _expired(words: list[Told]) -> list[Told]:
    """The words by which it ran out; none where it was issued again later than the last of them. That of an
    unknown time, which comes last, may be later than any issue: it stands."""
    found = [one for one in words if one.kind == "expired"]
    last = found[-1].at if found else None
    issues = (one.at for one in words if one.kind == "issued" and one.at is not None)
    return [] if last is not None and any(at > last for at in issues) else found


def _runs_out_at(issued: list[Told], terms: list[Issued]) -> int | None:
    """When it runs out by its own time; never, where it was issued again after that without one."""
    last = max((one.expires_at for one in terms if one.expires_at is not None), default=None)
    told = zip(issued, terms, strict=True)
    without = (word.at for word, one in told if one.expires_at is None and word.at is not None)
    return None if last is not None and any(at > last for at in without) else last


def _view(key: str, words: list[Told]) -> Document:
    issued = [one for one in words if one.kind == "issued"]
    expired = _expired(words)
    terms = [Issued(*one.fact) for one in issued]
    used = _redemptions(words)
    view: dict[str, Any] = {
        "code": key,
        "state": "redeemed" if used else "expired" if expired else "issued",
        "amount": next((one.amount for one in terms if one.amount is not None), None),
        "currency": next((one.currency for one in terms if one.currency is not None), None),
        "media": sorted({medium for one in terms for medium in one.media}),
        "issued_at": issued[0].at if issued else None,
        "expires_at": _runs_out_at(issued, terms),
        "expired_at": expired[0].at if expired else None,
    }
    if used:
        first = used[0][0]
        # What the first report leaves out the next one tells.
        channel, order_id, amount = (
            next((one.fact[at] for one in used[0] if one.fact[at] is not None), None) for at in (1, 2, 3)
        )
        view |= {
            "redeemed_at": first.at,
            "channel": channel or first.source,
            "order_id": order_id,
            "used": amount,
            "redeemed_by": None if first.record.source == GHOST_SOURCE else list(first.record),
        }
    if len(used) > 1:
        second = used[1][0]
        view["conflict"] = {"redeemed_at": second.at, "channel": second.fact[1] or second.source}
    return {name: value for name, value in view.items() if value is not None}
