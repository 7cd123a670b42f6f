"""Orders and rewards: things of their own, folded over all persons, and shown to those whom they concern.

An object keeps what each event said of it, so that one can be taken away exactly:

    "<source>/<message id>" → [source, record_id, at or null, [fact…]]

Once somebody was erased an entry tells its place among those of one moment, too; and one of the erased, whose
source and record id are a ghost's, of which source it was.

Which person a record belongs to is asked only when the object is shown: a merge or a split changes no object.
"""

from collections.abc import Callable, Collection, Container, Mapping
from typing import Any, Final

from graph_schema.store import Document
from graph_schema.vocabulary import GHOST_SOURCE, EventKey, Fact, ObjectKey, RecordKey
from profiles.commerce_facts import SPENT, TIED
from profiles.order_views import order_views, tidy, worth
from profiles.reward_views import reward_views
from profiles.told import NUMBERED, Ordered, told

_TIES: Final = {TIED: "order", SPENT: "reward"}
RECEIPT: Final = "receipt:"
"""How the key of an order begins that is known by its receipt."""


def fold_object(obj: Document, event: EventKey, record: RecordKey, at: int | None, fact: Fact) -> None:
    """Adds what one event says of an order or a reward."""
    obj[f"{event.source}/{event.message_id}"] = [record.source, record.record_id, at, _plain(fact)]


def unfold_object(obj: Document, event: EventKey) -> None:
    """Takes away what one event said; nothing where it said nothing."""
    obj.pop(f"{event.source}/{event.message_id}", None)


def speakers(obj: Document) -> set[RecordKey]:
    """The records whose events speak of it."""
    return {RecordKey(entry[0], entry[1]) for entry in obj.values()}


def views(key: ObjectKey, obj: Document, person_of: Mapping[RecordKey, int]) -> dict[int, Document]:
    """What each person shows of it, by the store's id of the person. Times in microseconds, null for none."""
    return (order_views if key.kind == "order" else reward_views)(key.key, told(obj), person_of)


def tied(key: ObjectKey, obj: Document) -> set[ObjectKey]:
    """The receipts that events name with an order, or with the use of a reward; of a receipt the orders, and
    the rewards that were used with it."""
    facts = [entry[3] for entry in obj.values()]
    if key.kind == "reward":
        # What the erased named has a number in its place, which ties nothing.
        receipts = (one for fact in facts for one in fact[5:] if one is not None and one.startswith(RECEIPT))
        named = {("order", one) for one in receipts}
    elif key.key.startswith(RECEIPT):
        named = {(_TIES[fact[0]], fact[1]) for fact in facts if fact[0] in _TIES}
    else:
        named = {("order", fact[-1]) for fact in facts}
    return {ObjectKey(kind, one) for kind, one in named if one is not None}


def _orders(receipt: ObjectKey, obj: Document) -> set[ObjectKey]:
    return {one for one in tied(receipt, obj) if one.kind == "order"}


def whole(key: ObjectKey, objects: Mapping[ObjectKey, Document]) -> Document:
    """An object with all that was told of it: of an order also what was told by its receipts alone; of a
    receipt nothing where it is known to be an order's. One that is tied to several orders (two tills gave
    one number) is none of them. The use of a reward is also that with the order of its receipt.

    `objects` holds what is `tied` to it, and, of an order, what is tied to that.
    """
    obj = objects[key]
    ties = tied(key, obj)
    if not ties:
        return obj
    if key.kind == "reward":
        orders = {one.key: _orders(one, objects.get(one, {})) for one in ties}
        return {event: _of_order(entry, orders) for event, entry in obj.items()}
    if key.key.startswith(RECEIPT):
        return {} if len(_orders(key, obj)) == 1 else obj
    told = {**obj}
    for receipt in ties:
        if _orders(receipt, objects[receipt]) == {key}:
            told |= {
                event: _unnumbered(entry) for event, entry in objects[receipt].items() if event not in obj
            }
    return told


def _of_order(entry: list[Any], orders: Mapping[str, set[ObjectKey]]) -> list[Any]:
    """A word on the use of a reward with the order, too, whose receipt it names."""
    known = orders.get(entry[3][-1], ()) if entry[3][0] == "redeemed" else ()
    return [*entry[:3], [*entry[3], *(one.key for one in known)], *entry[4:]] if len(known) == 1 else entry


def _unnumbered(entry: list[Any]) -> list[Any]:
    """A word on a receipt as one on its order: the number that it gives is not the order's."""
    kind, _, *rest = entry[3]
    return [*entry[:3], [kind, None, *rest], *entry[4:]] if kind in NUMBERED else entry


def spoken_of(objects: Mapping[ObjectKey, Document], gone: Container[RecordKey]) -> set[ObjectKey]:
    """Those of which somebody living speaks, once the records that are `gone` are erased. An order and its
    receipts are one thing: who speaks of one of them speaks of all."""
    found = {
        key
        for key, obj in objects.items()
        if any(one.source != GHOST_SOURCE and one not in gone for one in speakers(obj))
    }
    receipts = [key for key in objects if key.kind == "order" and key.key.startswith(RECEIPT)]
    ties = [{key, *orders} for key in receipts if len(orders := _orders(key, objects[key])) == 1]
    # From a receipt to its order, and from there to the order's other receipts.
    for tie in [*ties, *ties]:
        if not tie.isdisjoint(found):
            found |= tie & objects.keys()
    return found


def ghost_object(obj: Document, replace: Mapping[RecordKey, RecordKey], name: Callable[[str], str]) -> None:
    """Puts other keys in the place of erased records, and names in that of their events, so that what they
    did stands without saying whose it was. Of which source it was stays: reports add up within one."""
    for place, one in enumerate(told(obj)):
        obj[one.event][4:5] = [place]
    for event in sorted(obj):
        source, record_id, *rest = obj[event]
        ghost = replace.get(RecordKey(source, record_id))
        if ghost is not None:
            del obj[event]
            obj[name(event)] = [*ghost, *rest, source]


def forget_numbers(obj: Document, kept: Collection[str]) -> None:
    """Takes the numbers and names of things out of what nobody living speaks of, but for the keys of receipts
    that are `kept`: of these somebody living speaks, and they are to stay of this order."""
    numbers: dict[str, str] = {}
    for entry in obj.values():
        entry[3] = _anonymous(entry[3], numbers, kept)


def _anonymous(fact: list[Any], numbers: dict[str, str], kept: Collection[str]) -> list[Any]:
    """An order's or a reward's fact without the numbers and names of things; equal numbers stay equal."""

    def nameless(number: str | None) -> str | None:
        return None if number is None else numbers.setdefault(number, f"#{len(numbers) + 1}")

    kind = fact[0]
    receipt = fact[-1] if fact[-1] in kept else None
    if kind in NUMBERED:
        said = Ordered(*fact)
        # What it came to stays, where only the products told it.
        total = tidy(worth(said.products)) if said.total is None and said.products else said.total
        named = said._replace(order_id=nameless(said.order_id), refund_id=nameless(said.refund_id))
        return [*named._replace(total=total, products=[], receipt=receipt)]
    if kind in ("shipped", "delivered", "cancelled"):
        return [kind, None, None, *fact[3:-1], receipt]
    if kind in _TIES:
        return [kind, None]
    if kind == "redeemed":
        _, channel, order_id, amount, *keys = fact
        gone = [one if one == receipt else nameless(one) for one in keys]
        return [kind, channel, nameless(order_id), amount, *gone]
    return fact


def _plain(value: object) -> object:
    """A fact as JSON gives it back: lists for tuples, so that a stored object equals a fresh one."""
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
