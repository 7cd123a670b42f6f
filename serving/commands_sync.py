"""Commands about audiences and where they are sent: audience, sync, destinations."""

import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
import typer

from graph_schema.errors import Erased, Invalid, OnefoldError, nearest
from graph_schema.rules import Rules
from graph_schema.store import Document
from profiles.moments import iso
from resolver.founding import canonical_person_id
from resolver.sentences import counted
from serving.audiences import check_audience, page
from serving.destinations.ledger import Stopped
from serving.destinations.registry import called, out_of_reach
from serving.destinations.replacing import members_of
from serving.destinations.settings import Settings, destination_settings
from serving.destinations.settling import erased_as
from serving.destinations.syncing import Sync
from serving.stores import DEFAULT_STORE
from serving.terminal import SPOKEN, RulesOption, StoreOption, engine_on, rules_of, show_json
from stream.engine import Engine

_AT_ONCE: Final = 10_000
_POLL_SECONDS: Final = 0.25
_LATER_SECONDS: Final = 30.0
_WORDS: Final = {
    "add": "sent",
    "remove": "taken out",
    "replace": "put in their place",
    "empty": "put in their place, which can't be told there: take others out of the list by hand",
    "refused": "refused: see onefold destinations",
}

Reconcile = Literal["compare", "replace"]
"""How a destination is brought in line with the truth."""
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[DESTINATION]…", help="As the rules name them; all by default.")
]


def audience(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The audience, as the rules name it.")],
    product: Annotated[
        str | None, typer.Option(metavar="ID", help="Of an audience per product: this one only.")
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option("--for", metavar="DESTINATION", help="As it would be sent there, and who would not be."),
    ] = None,
    unmask: Annotated[bool, typer.Option("--unmask", help="With --for: show the handles whole.")] = False,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """List who is in an audience now, one member on a line, as JSON."""
    loaded = rules_of(rules) if destination is None else rules_of(rules, destination_settings)
    with engine_on(store, loaded, create=False) as engine:
        check_audience(engine.rules, name)
        engine.fall_due(engine.clock())
        if destination is None:
            told = _members(engine, name, product)
        else:
            told = _as_sent(engine, destination, name if product is None else f"{name}/{product}", unmask)
        number = 0
        out = typer.get_binary_stream("stdout")
        for one in told:
            out.write(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE))
            number += 1
        out.flush()
    if destination is None:
        SPOKEN.print(counted(number, "member"))


def _members(engine: Engine, name: str, product: str | None) -> Iterator[Document]:
    with engine.store.read() as tx:
        found = page(tx, name, product, None, _AT_ONCE)
        yield from found["members"]
        while found["next"] is not None:
            found = page(tx, name, product, found["next"], _AT_ONCE)
            yield from found["members"]


def sync(
    names: Names = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with every change, until Ctrl-C.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done; ask platforms to validate it.")
    ] = False,
    reconcile: Annotated[
        Reconcile | None,
        typer.Option(
            help="compare: go over all members, both ways, and try refused rows again. "
            "replace: have each list hold exactly its members, whoever was in it."
        ),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Send audiences to their destinations: those who go before those who come.

    Ends with 0 when every list is as its audience is; run again after anything, it goes on from there.
    """
    loaded = rules_of(rules, destination_settings)
    chosen = _chosen(loaded, names)
    with engine_on(store, loaded, create=False) as engine:
        engine.fall_due(engine.clock())
        for one in _out_of_reach(engine):
            where = f"{one['list']} of {one['destination']} ({one['type']})"
            told = f"onefold: {counted(one['members'], 'member')} still in {where}"
            way_out = "Declare the destination again as it was and sync: they are taken out then"
            SPOKEN.print(f"{told}, which the rules name no more. {way_out}")
        if dry_run:
            for name, settings in chosen.items():
                with Sync(engine, name, settings) as looking:
                    for one in looking.preview():
                        show_json(one)
            return
        stop = threading.Event()
        run = partial(_sync_one, engine, stop, follow, reconcile)
        with ThreadPoolExecutor(len(chosen)) as pool:
            waiting = [pool.submit(run, *one) for one in chosen.items()]
            try:
                wait(waiting)
            except KeyboardInterrupt:
                stop.set()
            endings = [one.result() for one in waiting]
    if any(endings):
        raise typer.Exit(max(endings))


def _sync_one(
    engine: Engine,
    stop: threading.Event,
    follow: bool,
    reconcile: Reconcile | None,
    name: str,
    settings: Settings,
) -> int:
    """Syncs a destination, in a thread of its own; returns what the command is to end with."""

    def report(key: str, op: str, members: int) -> None:
        SPOKEN.print(f"{name}: {counted(members, 'member')} {_WORDS[op]} ({key})")

    code = 0
    with Sync(engine, name, settings, report) as running:
        try:
            running.take_over()
            _settle(running, stop)
            if reconcile == "compare":
                running.go_over()
            elif reconcile == "replace":
                running.replace()
            _settle(running, stop)
            running.rest()
        except Exception as error:  # noqa: BLE001 - else this one would end in silence
            code, follow = _failed(error), follow and not isinstance(error, Stopped)
        refused_at = time.monotonic()
        while follow and not stop.wait(_LATER_SECONDS if code else _POLL_SECONDS):
            if running.complaints() and time.monotonic() - refused_at > _LATER_SECONDS:
                # What a platform refuses altogether may be mended there meanwhile.
                refused_at = time.monotonic()
                _tell_refusals(running)
                running.look_again()
            try:
                code = 0
                engine.fall_due(engine.clock())
                _settle(running, stop)
            except Exception as error:  # noqa: BLE001 - else this one would end in silence
                code, follow = _failed(error), not isinstance(error, Stopped)
        code = _tell_refusals(running) or code
    if not code:
        SPOKEN.print(f"{name}: up to date")
    return code


def _settle(running: Sync, stop: threading.Event) -> None:
    while running.round() and not stop.is_set():
        pass


def _tell_refusals(running: Sync) -> int:
    return max((_failed(one) for one in running.complaints()), default=0)


def _failed(error: Exception) -> int:
    """Tells what went wrong; of what nobody foresaw not its words: they may hold what somebody sent."""
    if isinstance(error, OnefoldError):
        SPOKEN.print(f"onefold: {error}")
        return error.exit_code
    place = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
    SPOKEN.print(f"onefold: an error that nobody foresaw ({told}); nothing is lost")
    return OnefoldError.exit_code


def _as_sent(engine: Engine, destination: str, key: str, unmask: bool) -> Iterator[Document]:
    """The members of an audience, or of one product of it, as a destination would be told of them."""
    (settings,) = _chosen(engine.rules, [destination]).values()
    with Sync(engine, destination, settings) as looking:
        lists = [one for one in looking.lists if key in (one.target.key, one.target.audience)]
        if not lists:
            known = [one.target.key for one in looking.lists]
            raise Invalid("NAME", f"{destination} is not sent this audience. {nearest(key, known)}.")
        for one in lists:
            for wanted in members_of(one):
                for row in wanted.rows.values():
                    yield {
                        "person_id": row.person_id,
                        "audience": one.target.key,
                        "advertising": row.said,
                        "handles": [handle if unmask else _masked(handle) for handle in row.handles],
                    }
                for person_id, why in wanted.withheld.items():
                    yield {"person_id": person_id, "audience": one.target.key, "withheld": why}


def _masked(handle: str) -> str:
    kind, _, value = handle.partition(":")
    return f"{kind}:{value[:4]}…"


def tell_destinations(
    names: Names = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the platforms too: their counts and match rates.")
    ] = False,
    receipt: Annotated[
        str | None,
        typer.Option(metavar="PERSON", help="Only where an erased person was taken out, and when."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    rules: RulesOption = "retail",
) -> None:
    """Tell where each destination stands: members, refusals, what is under way, what the platform says."""
    loaded = rules_of(rules, destination_settings)
    with engine_on(store, loaded, create=False) as engine:
        if receipt is not None:
            show_json(receipts(engine, receipt))
            return
        for name, settings in _chosen(loaded, names).items():
            with Sync(engine, name, settings) as looking:
                for one in looking.standings(ask):
                    show_json(one)
        for one in _out_of_reach(engine):
            show_json(one)


def _out_of_reach(engine: Engine) -> list[Document]:
    with engine.store.read() as tx:
        return out_of_reach(tx, destination_settings(engine.rules))


def receipts(engine: Engine, person_id: str) -> list[dict[str, object]]:
    """By destination and list when an erased person was taken out, how many handles of hers, and how many
    still have to be. Raises ``UnknownPerson`` for an id that nobody was given."""
    person_id = canonical_person_id(person_id)
    with engine.reader() as reader:
        with suppress(Erased):
            reader.founder(person_id)
        tx = reader.tx
        found: dict[str, Any] = {}
        for one in {person_id, *erased_as(tx, (person_id,)).values()}:
            prefix = f"receipt/{one}/"
            found |= {name.removeprefix(prefix): kept for name, kept in tx.scan(prefix).items()}
        lists = called(tx, found)
    told = []
    for name, kept in sorted(found.items()):
        destination, key = lists[name]
        shown = {**kept, "open": len(kept.get("open", ())), "at": iso(kept["at"])}
        told.append({"destination": destination, "audience": key, **shown})
    return told


def _chosen(rules: Rules, names: Iterable[str] | None) -> dict[str, Settings]:
    declared = destination_settings(rules)
    if not declared:
        raise Invalid("--rules", "They declare no [destination.NAME]; docs/destinations.md says how.")
    for name in names or ():
        if name not in declared:
            raise Invalid("DESTINATION", f"None has this name. {nearest(name, declared)}.")
    return {name: declared[name] for name in names or declared}
