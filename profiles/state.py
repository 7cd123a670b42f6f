"""A person's state: the fold of the facts of all her records, as a JSON object.

Folding is commutative and associative over distinct events, and the state of a merge is the merge of the
states: every part is a sum, a maximum by a total order, or the largest so many by one. Nothing here depends
on a clock or on the rules, so neither a moment nor a changed rule makes a stored state wrong. No part grows
with the number of messages, but for orders, rewards, and what was sent about each.

The parts, each left out while it is empty:

    since        the earliest time of anything of hers
    addresses    email | phone → match form → [first seen, [last seen, source, record_id], claimed]
    device       true: an event came from an app's device
    traits       name → source → value (JSON) → [at, record_id, times said; 0 where values were too many]
    shown        namespace → match form → [at, form shown]
    consents     purpose → channel, "*" for all → address, "" for all → [granted at, withdrawn at]
    halts        objected | restricted → purpose → [since, until]
    preferences  name → [at, value (JSON), source, record_id]
    cart         [[at, product, what happened, quantity, JSON of what is shown], …], the latest
    viewed       product → [at, category];  categories: category → at, the latest
    messages     count: kind → times;  latest: [[at, kind, message id, campaign, channel], …]
    sent         campaign → subject, "" for any → at
    reached      channel → address → [reached at, bounced at]
    accounts     account_id → [opened at, closed at, [at, product]]
    app          [in use at, removed at];  groups: group_id → at
    objects      order | reward → key → what she shows of it, null where it is not hers
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from graph_schema.store import Document
from graph_schema.vocabulary import Fact, ObjectKey
from profiles.moments import UNTIMED

__all__ = ["Document", "begin", "fold", "mention", "mentions", "merge", "new_state", "show"]

Part = Any
"""A part of a state: JSON whose shape the table above tells."""

_VALUES_KEPT: Final = 8
_CART_KEPT: Final = 100
_LOOKED_AT_KEPT: Final = 50
_MESSAGES_KEPT: Final = 200


def new_state() -> Document:
    """The state of a person of whom nothing was said."""
    return {}


def fold(state: Document, facts: Iterable[Fact]) -> None:
    """Adds the own facts of events that are not yet in the state."""
    for fact in facts:
        _FOLDS[fact[0]][1](state, fact)


def merge(into: Document, other: Document) -> None:
    """Adds all of another state, of other events; `other` is not to be used afterwards."""
    for part, content in other.items():
        if part in into:
            into[part] = _MERGES[part](into[part], content)
        else:
            into[part] = content


def begin(state: Document, at: int | None) -> bool:
    """Notes that something of hers happened at a time; whether nothing was known to be as early."""
    since = state.get("since")
    if at is None or (since is not None and since <= at):
        return False
    state["since"] = at
    return True


def mention(state: Document, key: ObjectKey) -> None:
    """Notes that a record of hers spoke of an order or a reward."""
    state.setdefault("objects", {}).setdefault(key.kind, {}).setdefault(key.key, None)


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


def views(state: Document, kind: str) -> Mapping[str, Document]:
    """What she shows of her orders or rewards, by key."""
    return {key: view for key, view in state.get("objects", {}).get(kind, {}).items() if view is not None}


def _raise(slot: list[Any], place: int, at: int) -> None:
    old = slot[place]
    if old is None or at > old:
        slot[place] = at


def _keep_latest(items: dict[str, Any], limit: int) -> None:
    """Drops the entries of the smallest (value, key) above the limit: what is dropped could never come
    back."""
    while len(items) > limit:
        del items[min(items, key=lambda key: (items[key], key))]


def _fold_address(state: Document, fact: Fact) -> None:
    _, namespace, value, at, claimed, source, record_id = fact
    known = state.setdefault("addresses", {}).setdefault(namespace, {})
    seen = [at, [at, source, record_id], claimed]
    known[value] = _sighted(known[value], seen) if value in known else seen


def _sighted(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """An address by all sightings. One is claimed where nobody says it who knows."""
    times = [at for at in (mine[0], theirs[0]) if at != UNTIMED]
    return [min(times, default=UNTIMED), max(mine[1], theirs[1]), min(mine[2], theirs[2])]


def _fold_device(state: Document, _: Fact) -> None:
    state["device"] = True


def _fold_trait(state: Document, fact: Fact) -> None:
    _, name, value, at, source, record_id = fact
    values = state.setdefault("traits", {}).setdefault(name, {}).setdefault(source, {})
    _say(values, value, [at, record_id, 1])


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


def _fold_shown(state: Document, fact: Fact) -> None:
    forms = state.setdefault("shown", {}).setdefault(fact[1], {})
    forms[fact[2]] = max(forms.get(fact[2], []), [fact[3], fact[4]])


def _fold_consent(state: Document, fact: Fact) -> None:
    _, purpose, channel, address, granted, at = fact
    channels = state.setdefault("consents", {}).setdefault(purpose, {})
    _raise(channels.setdefault(channel, {}).setdefault(address, [None, None]), 0 if granted else 1, at)


def _fold_halt(state: Document, fact: Fact) -> None:
    _, kind, purpose, on, at = fact
    halts = state.setdefault("halts", {}).setdefault(kind, {})
    _raise(halts.setdefault(purpose, [None, None]), 0 if on else 1, at)


def _fold_preference(state: Document, fact: Fact) -> None:
    preferences = state.setdefault("preferences", {})
    preferences[fact[1]] = max(preferences.get(fact[1], []), list(fact[2:]))


def _fold_cart(state: Document, fact: Fact) -> None:
    state["cart"] = _insert(state.get("cart", []), list(fact[1:]), _CART_KEPT)


def _insert(entries: list[Any], entry: list[Any], limit: int) -> list[Any]:
    insort(entries, entry)
    if len(entries) > limit:
        del entries[0]
    return entries


def _fold_viewed(state: Document, fact: Fact) -> None:
    viewed = state.setdefault("viewed", {})
    viewed[fact[1]] = max(viewed.get(fact[1], []), [fact[2], fact[3]])
    _keep_latest(viewed, _LOOKED_AT_KEPT)


def _fold_category(state: Document, fact: Fact) -> None:
    categories = state.setdefault("categories", {})
    categories[fact[1]] = max(categories.get(fact[1], fact[2]), fact[2])
    _keep_latest(categories, _LOOKED_AT_KEPT)


def _fold_message(state: Document, fact: Fact) -> None:
    _, at, kind, message_id, campaign, channel, subjects = fact
    messages = state.setdefault("messages", {"count": {}, "latest": []})
    count = messages["count"]
    count[f"{kind}.{channel}"] = count.get(f"{kind}.{channel}", 0) + 1
    if kind in ("sent", "delivered", "bounced"):
        _insert(messages["latest"], [at, kind, message_id, campaign, channel], _MESSAGES_KEPT)
    if kind in ("sent", "delivered") and campaign:
        about = state.setdefault("sent", {}).setdefault(campaign, {})
        for subject in ("", *subjects):
            about[subject] = max(about.get(subject, at), at)


def _merge_messages(into: Part, other: Part) -> Part:
    for kind, times in other["count"].items():
        into["count"][kind] = into["count"].get(kind, 0) + times
    into["latest"] = _latest(into["latest"], other["latest"], _MESSAGES_KEPT)
    return into


def _latest(one: list[Any], other: list[Any], limit: int) -> list[Any]:
    return sorted(one + other)[-limit:]


def _fold_reached(state: Document, fact: Fact) -> None:
    _, channel, address, well, at = fact
    addresses = state.setdefault("reached", {}).setdefault(channel, {})
    _raise(addresses.setdefault(address, [None, None]), 0 if well else 1, at)


def _fold_account(state: Document, fact: Fact) -> None:
    _, account_id, opened, at, product = fact
    said = [at if product else UNTIMED, product]  # who names no product takes none away
    account = state.setdefault("accounts", {}).setdefault(account_id, [None, None, said])
    _raise(account, 0 if opened else 1, at)
    account[2] = max(account[2], said)


def _fold_app(state: Document, fact: Fact) -> None:
    _raise(state.setdefault("app", [None, None]), 0 if fact[1] else 1, fact[2])


def _fold_group(state: Document, fact: Fact) -> None:
    groups = state.setdefault("groups", {})
    groups[fact[1]] = max(groups.get(fact[1], fact[2]), fact[2])


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


def _limited(merge_all: Callable[[Part, Part], Part], limit: int) -> Callable[[Part, Part], Part]:
    def merged(into: Part, other: Part) -> Part:
        merge_all(into, other)
        _keep_latest(into, limit)
        return into

    return merged


def _either(mine: Part, theirs: Part) -> Part:
    return theirs if mine is None else mine


_FOLDS: Final[Mapping[str, tuple[str, Callable[[Document, Fact], None]]]] = {
    "address": ("addresses", _fold_address),
    "device": ("device", _fold_device),
    "trait": ("traits", _fold_trait),
    "shown": ("shown", _fold_shown),
    "consent": ("consents", _fold_consent),
    "halt": ("halts", _fold_halt),
    "preference": ("preferences", _fold_preference),
    "cart": ("cart", _fold_cart),
    "viewed": ("viewed", _fold_viewed),
    "category": ("categories", _fold_category),
    "message": ("messages", _fold_message),
    "reached": ("reached", _fold_reached),
    "account": ("accounts", _fold_account),
    "app": ("app", _fold_app),
    "group": ("groups", _fold_group),
}
PART_OF: Final = {kind: part for kind, (part, _) in _FOLDS.items()}
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
    "viewed": _limited(_deep(max, 1), _LOOKED_AT_KEPT),
    "categories": _limited(_deep(max, 1), _LOOKED_AT_KEPT),
    "messages": _merge_messages,
    "sent": _deep(max, 2),
    "reached": _deep(_higher, 2),
    "accounts": _deep(_higher, 1),
    "app": _higher,
    "groups": _deep(max, 1),
    "objects": _deep(_either, 2),
}
