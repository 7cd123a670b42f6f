"""Which list each ledger is of, by whatever names the rules call its audience and its destination.

    list/PLACE     the ledger's prefix, and by which settings the list was told

A place is the list itself, at its platform and account. Under another name of its audience or destination a
list goes on with its ledger; one into which no audience goes any more isn't forgotten with whom it holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from graph_schema.store import Document, Transaction
from serving.destinations.delivering import key_of
from serving.destinations.settings import Settings, Target, account_of, path_of, place_of, targets

_LIST: Final = "list/"
_TELLING: Final = ("identifiers", "convention", "phone", "tag")
"""The settings that say by what a member is known there."""
_FILES: Final = ("file", "uid2")


class Home(NamedTuple):
    """By which settings a list is told, and under which ``name`` it is kept where its ledger is; ``told`` is
    what is kept of that from before (empty: nothing), ``now`` what is to be kept."""

    target: Target
    settings: Settings
    name: str
    told: Document
    now: Document


def homes(tx: Transaction, declared: Mapping[str, Settings], destination: str) -> list[Home]:
    """Of each list of a destination; then of those into which no audience goes any more, and which this
    destination can still reach. Nobody belongs into these: their target has no audience."""
    kept, settings = tx.scan(_LIST), declared[destination]
    used = {one["prefix"] for one in kept.values()}
    found = []
    for target in targets(destination, settings):
        place = place_of(settings, target.remote)
        name = _LIST + place
        told = kept.get(name, {})
        prefix = f"sync/{destination}/{target.key}@{target.remote}/"
        if prefix in used:
            # It is of another account's list that was called the same.
            prefix = f"{prefix}{key_of(place)}/"
        prefix = told.get("prefix", prefix)
        now = {"prefix": prefix, **target._asdict(), **_said(settings)}
        found.append(Home(target, settings, name, told, now))
    for name, told in _unclaimed(kept, declared):
        if _whose(told, declared) == destination:
            target = Target(destination, f"{told['key']}@{told['remote']}", "", None, told["remote"])
            way = settings
            if told["account"] != account_of(settings):
                way = settings.model_copy(update={"path": told["account"][1]})
            now = {**told, "audience": "", **_said(way)}
            found.append(Home(target, way, name, told, now))
    return found


def _said(settings: Settings) -> Document:
    telling = [str(getattr(settings, key, "")) for key in _TELLING]
    return {"account": account_of(settings), "telling": telling, "endpoint": settings.endpoint}


def _unclaimed(
    kept: Mapping[str, Document], declared: Mapping[str, Settings]
) -> Iterator[tuple[str, Document]]:
    claimed = {
        _LIST + place_of(settings, target.remote)
        for name, settings in declared.items()
        for target in targets(name, settings)
    }
    return ((name, told) for name, told in kept.items() if name not in claimed)


def _whose(told: Document, declared: Mapping[str, Settings]) -> str:
    """The destination by which a list can be told; "" for none. A file can be written by any of its type."""
    kind = told["account"][0]
    able = [
        name
        for name, settings in declared.items()
        if account_of(settings) == told["account"] or (kind == settings.type and kind in _FILES)
    ]
    return told["destination"] if told["destination"] in able else next(iter(able), "")


def called(tx: Transaction, names: Iterable[str]) -> dict[str, Sequence[str]]:
    """The destination and the audience by which the rules call lists now, by the names that they began
    with."""
    lists = {told["prefix"]: (told["destination"], told["key"]) for told in tx.scan(_LIST).values()}
    return {name: lists.get(f"sync/{name}", name.strip("/").split("/", 1)) for name in names}


def out_of_reach(tx: Transaction, declared: Mapping[str, Settings]) -> list[Document]:
    """Lists that hold members and that no destination of the rules can tell any more, each with how many."""
    found = []
    for _, told in _unclaimed(tx.scan(_LIST), declared):
        head = tx.get(f"{told['prefix']}head")
        if _whose(told, declared) or head is None or not (head["members"] and head["added"]):
            continue
        kind, *account = told["account"]
        if kind in _FILES and not path_of(account[0], told["remote"]).exists():
            continue
        said = {"type": kind, "audience": told["key"], "list": told["remote"], "unclaimed": True}
        found.append({"destination": told["destination"], **said, "members": head["members"]})
    return found
