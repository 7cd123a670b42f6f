"""A person's state: the fold of the facts of all her records, as a JSON object.

Folding is commutative and associative over distinct events, and the state of a merge is the merge of the
states: every part is a sum, a maximum by a total order, or the largest so many by one. Nothing here depends
on a clock or on the rules, so neither a moment nor a changed rule makes a stored state wrong. No part grows
with the number of messages, but for orders, rewards, and what was sent about each.

The parts, each left out while it is empty:

    since        the earliest time of anything of hers
    addresses    email | phone → match form → [first seen, [last seen, source, record_id, form shown],
                 claimed]
    device       true: an event came from an app's device
    traits       name → source → value (JSON) → [at, record_id, times said; 0 where values were too many]
    shown        namespace → match form → [at, form shown]
    consents     purpose → channel, "*" for all → address, "" for all → [granted at, withdrawn at]
    halts        objected | restricted → purpose → [since, until]
    preferences  name → [at, value (JSON), source, record_id]
    cart         [[at, product, what happened, quantity, JSON of what is shown, its sku], …], the latest
    viewed       product → [at, category];  categories: category → at, the latest
    messages     count: kind → times;  latest: [[at, kind, message id, campaign, channel], …]
    sent         campaign → subject, "" for any, "?" for what named none → [at, …], the latest
    reached      channel → address → [reached at, bounced at]
    accounts     account_id → [opened at, closed at, [at, product]]
    app          [in use at, removed at];  groups: group_id → at
    objects      order | reward → key → what she shows of it, null where it is not hers
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from graph_schema.store import Document
from graph_schema.vocabulary import Facts, ObjectKey
from profiles.moments import UNTIMED

Part = Any
"""A part of a state: JSON whose shape the table above tells."""

_VALUES_KEPT: Final = 8
_CART_KEPT: Final = 100
_LOOKED_AT_KEPT: Final = 50
_MESSAGES_KEPT: Final = 200
_SENDINGS_KEPT: Final = 4


def new_state() -> Document:
    """The state of a person of whom nothing was said."""
    return {}


def fold(state: Document, facts: Facts) -> None:
    """Adds the facts of an event that is not yet in the state: each of her own is a state by itself, and of
    an order or a reward it is noted that a record of hers spoke of it."""
    for fact in facts.own:
        part, alone = _ALONE[fact[0]]
        content = alone(*fact[1:])
        state[part] = _MERGES[part](state[part], content) if part in state else content
    for (kind, key), _ in facts.shared:
        state.setdefault("objects", {}).setdefault(kind, {}).setdefault(key, None)


def merge(into: Document, other: Document) -> None:
    """Adds all of another state, of other events; `other` is not to be used afterwards."""
    for part, content in other.items():
        into[part] = _MERGES[part](into[part], content) if part in into else content


def begin(state: Document, at: int | None) -> bool:
    """Notes that something of hers happened at a time; whether nothing was known to be as early."""
    since = state.get("since")
    if at is None or (since is not None and since <= at):
        return False
    state["since"] = at
    return True


def mentions(state: Document) -> list[ObjectKey]:
    """The orders and rewards that her records spoke of."""
    return [ObjectKey(kind, key) for kind, keys in state.get("objects", {}).items() for key in keys]


def show(state: Document, key: ObjectKey, view: Document | None, spoken: bool = True) -> bool:
    """Sets what she shows of an order or reward, nothing where `view` is None; whether that is a change.

    `spoken` is whether a record of hers spoke of it by this key."""
    if view is None:
        shown = state.get("objects", {}).get(key.kind, {})
        if shown.get(key.key) is None:
            return False
        if not spoken:
            del shown[key.key]
            return True
    else:
        shown = state.setdefault("objects", {}).setdefault(key.kind, {})
        if shown.get(key.key) == view:
            return False
    shown[key.key] = view
    return True


def articles(state: Document) -> dict[str, str]:
    """What she knows products by that somebody may name by their sku: what was put in her cart by both."""
    return {entry[5]: entry[1] for entry in state.get("cart", ()) if len(entry) > 5}


def views(state: Document, kind: str) -> Mapping[str, Document]:
    """What she shows of her orders or rewards, by key."""
    return {key: view for key, view in state.get("objects", {}).get(kind, {}).items() if view is not None}


def _sighted(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """An address by all sightings. One is claimed where nobody says it who knows."""
    times = [at for at in (mine[0], theirs[0]) if at != UNTIMED]
    return [min(times, default=UNTIMED), max(mine[1], theirs[1]), min(mine[2], theirs[2])]


def _say(values: dict[str, list[Any]], value: str, said: list[Any]) -> None:
    """Counts a value of one trait of one source. Beyond the limit the counts are lost, for all of them."""
    old = values.get(value)
    if old is None:
        if values and (said[2] == 0 or next(iter(values.values()))[2] == 0):
            said = [said[0], said[1], 0]
            _uncount(values)
        values[value] = said
    else:
        at, record_id = max((said[0], said[1]), (old[0], old[1]))
        counted = old[2] and said[2]
        values[value] = [at, record_id, old[2] + said[2] if counted else 0]
        if not counted:
            _uncount(values)
    if len(values) > _VALUES_KEPT:
        del values[min(values, key=lambda key: (values[key][0], key))]
        _uncount(values)


def _uncount(values: dict[str, list[Any]]) -> None:
    for entry in values.values():
        entry[2] = 0


def _merge_traits(into: Part, other: Part) -> Part:
    for name, sources in other.items():
        for source, values in sources.items():
            mine = into.setdefault(name, {}).setdefault(source, {})
            for value, said in values.items():
                _say(mine, value, said)
    return into


def _merge_messages(into: Part, other: Part) -> Part:
    for kind, times in other["count"].items():
        into["count"][kind] = into["count"].get(kind, 0) + times
    into["latest"] = _latest(into["latest"], other["latest"], _MESSAGES_KEPT)
    return into


def _latest(one: list[Any], other: list[Any], limit: int) -> list[Any]:
    return sorted(one + other)[-limit:]


def _higher(into: Part, other: Part) -> Part:
    """The larger of each place; null is nothing said. Lists within are compared whole."""
    return [
        mine if theirs is None or (mine is not None and mine >= theirs) else theirs
        for mine, theirs in zip(into, other, strict=True)
    ]


def _deep(merge_leaf: Callable[[Part, Part], Part], depth: int) -> Callable[[Part, Part], Part]:
    """Merges tables within tables, `depth` of them, and by `merge_leaf` what both have there."""

    def merged(into: Part, other: Part) -> Part:
        below = merge_leaf if depth == 1 else _deep(merge_leaf, depth - 1)
        for key, theirs in other.items():
            into[key] = below(into[key], theirs) if key in into else theirs
        return into

    return merged


def _looked_at(into: Part, other: Part) -> Part:
    """The later of each; above the limit the smallest (value, key) go, as they could never come back."""
    found = _deep(max, 1)(into, other)
    while len(found) > _LOOKED_AT_KEPT:
        del found[min(found, key=lambda key: (found[key], key))]
    return found


def _message(at: int, kind: str, message_id: str, campaign: str, channel: str) -> Part:
    listed = kind in ("sent", "delivered", "bounced")
    latest = [[at, kind, message_id, campaign, channel]] if listed else []
    return {"count": {f"{kind}.{channel}": 1}, "latest": latest}


def _since(on: int, at: int) -> list[int | None]:
    return [at, None] if on else [None, at]


def sendings(kept: Part) -> list[int]:
    """The last times at which something was sent; a state from before this list keeps the last alone."""
    return [kept] if isinstance(kept, int) else kept


def _sendings(mine: Part, theirs: Part) -> list[int]:
    return sorted({*sendings(mine), *sendings(theirs)})[-_SENDINGS_KEPT:]


_ALONE: Final[Mapping[str, tuple[str, Callable[..., Part]]]] = {
    "address": (
        "addresses",
        lambda space, value, at, claimed, *record: {space: {value: [at, [at, *record], claimed]}},
    ),
    "device": ("device", lambda: True),
    "trait": ("traits", lambda name, value, at, source, key: {name: {source: {value: [at, key, 1]}}}),
    "shown": ("shown", lambda space, value, at, form: {space: {value: [at, form]}}),
    "consent": (
        "consents",
        lambda purpose, channel, address, on, at: {purpose: {channel: {address: _since(on, at)}}},
    ),
    "halt": ("halts", lambda kind, purpose, on, at: {kind: {purpose: _since(on, at)}}),
    "preference": ("preferences", lambda name, *said: {name: list(said)}),
    "cart": ("cart", lambda *entry: [list(entry)]),
    "viewed": ("viewed", lambda product, at, category: {product: [at, category]}),
    "category": ("categories", lambda category, at: {category: at}),
    "message": ("messages", _message),
    "sent": ("sent", lambda at, campaign, subjects: {campaign: {one: [at] for one in ("", *subjects)}}),
    "reached": ("reached", lambda channel, address, on, at: {channel: {address: _since(on, at)}}),
    # Who names no product takes none away.
    "account": (
        "accounts",
        lambda one, on, at, product: {one: [*_since(on, at), [at if product else UNTIMED, product]]},
    ),
    "app": ("app", _since),
    "group": ("groups", lambda group, at: {group: at}),
}


PART_OF: Final = {kind: part for kind, (part, _) in _ALONE.items()}
"""Which part of a state a fact changes, by what it is."""

_MERGES: Final[Mapping[str, Callable[[Part, Part], Part]]] = {
    "since": min,
    "addresses": _deep(_sighted, 2),
    "device": lambda into, other: into or other,
    "traits": _merge_traits,
    "shown": _deep(max, 2),
    "consents": _deep(_higher, 3),
    "halts": _deep(_higher, 2),
    "preferences": _deep(max, 1),
    "cart": lambda into, other: _latest(into, other, _CART_KEPT),
    "viewed": _looked_at,
    "categories": _looked_at,
    "messages": _merge_messages,
    "sent": _deep(_sendings, 2),
    "reached": _deep(_higher, 2),
    "accounts": _deep(_higher, 1),
    "app": _higher,
    "groups": _deep(max, 1),
    "objects": _deep(lambda mine, theirs: theirs if mine is None else mine, 2),
}
