"""Keeps the lists of one destination as the audiences are: those who go before those who come."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from graph_schema.errors import OnefoldError
from graph_schema.store import Document
from profiles.moments import iso
from serving.destinations.delivering import chunks, delivered, key_of
from serving.destinations.google import Google
from serving.destinations.ledger import SHARDS, Lease
from serving.destinations.lists import List, Means, Report
from serving.destinations.meta import Meta
from serving.destinations.planning import Comparing, Wants
from serving.destinations.platforms import DestinationRefuses, Job, Platform, Size
from serving.destinations.registry import Home, homes
from serving.destinations.replacing import members_of, replace_members
from serving.destinations.sending import Courier
from serving.destinations.settings import Settings, destination_settings
from serving.destinations.tables import Files
from serving.destinations.tiktok import TikTok
from serving.destinations.uid2 import Uid2
from serving.destinations.webhook import Webhook
from stream.engine import Engine

_PLATFORMS: Final[Mapping[str, type[Platform]]] = {
    "google": Google,
    "meta": Meta,
    "tiktok": TikTok,
    "uid2": Uid2,
    "file": Files,
    "webhook": Webhook,
}


def platform_of(name: str, settings: Settings) -> Platform:
    """The platform that a destination's settings speak of."""
    return _PLATFORMS[settings.type](name, settings)


def _silent(*_: object) -> None:
    """Tells nobody."""


class Sync:
    """The lists of one destination. Use it as a context: it takes the destination over from any other."""

    def __init__(self, engine: Engine, name: str, settings: Settings, report: Report = _silent) -> None:
        self.name = name
        self._engine = engine
        self.platform = platform_of(name, settings)
        courier = Courier(name, settings.requests_per_minute, settings.attempts, settings.timeout)
        wants = Wants(engine.rules, self.platform)
        self.means = Means(engine, self.platform, courier, wants, Lease(name), report)
        with engine.store.read() as tx:
            found = homes(tx, destination_settings(engine.rules), name)
        self.lists = [List(home, self._means_for(home)) for home in found]
        self.refusals: dict[str, DestinationRefuses] = {}

    def _means_for(self, home: Home) -> Means:
        """A file that was written to another path is told by itself."""
        if home.settings == self.platform.settings:
            return self.means
        return self.means._replace(platform=platform_of(self.name, home.settings))

    def __enter__(self) -> "Sync":
        return self

    def __exit__(self, *_: object) -> None:
        self.means.courier.close()

    def take_over(self) -> None:
        """Makes this process the one that writes to the destination's ledger, and takes up a replacement
        that was interrupted."""
        self._engine.put(self.means.lease.taken())
        self.means.courier.before = self._is_still_ours
        for one in self.lists:
            one.begin()
            head = one.head()
            if head is not None and head.replacing:
                self._on(one, partial(replace_members, one))

    def _is_still_ours(self) -> None:
        """Who was taken over while it waited sends no more: the other may have taken out meanwhile whom it
        would bring back."""
        with self._engine.store.read() as tx:
            self.means.lease.check(tx)

    def round(self) -> bool:
        """Brings every list a step forward; returns whether there was anything to look at.

        A list that the platform refuses is left as it is, with the error in ``refusals``; the others go on.
        Raises ``DestinationUnavailable``.
        """
        self._fly()
        moved = [self._on(one, one.step) for one in self._open_lists()]
        self._fly()
        if any(moved):
            return True
        made_again = [self._on(one, one.ask_outcomes) for one in self._open_lists()]
        for one in self._open_lists():
            self._on(one, one.publish)
        return any(made_again)

    def rest(self) -> None:
        """Writes down how far the feeds were read."""
        for one in self.lists:
            one.rest()

    def complaints(self) -> list[DestinationRefuses]:
        """What the platform refused, of whole lists and of what was to leave them."""
        return [*self.refusals.values(), *(each for one in self.lists for each in one.complaints)]

    def look_again(self) -> None:
        """Has whatever the platform refused be tried again."""
        self.refusals.clear()
        for one in self.lists:
            one.look_again()

    def go_over(self) -> None:
        """See ``List.go_over``."""
        for one in self.lists:
            one.go_over(renew=False)

    def _open_lists(self) -> list[List]:
        return [one for one in self.lists if one.target.key not in self.refusals]

    def _fly(self) -> None:
        for one in self._open_lists():
            self._on(one, partial(one.fly, "remove"))
        for one in self._open_lists():
            self._on(one, partial(one.fly, "add"))

    def _on(self, one: List, work: Callable[[], bool | None]) -> bool:
        try:
            return bool(work())
        except DestinationRefuses as error:
            self.refusals[one.target.key] = error
            return False

    def replace(self) -> None:
        """Has each list hold exactly its members, whoever was in it: at once where the platform can, with no
        moment in which it is empty; else everybody is sent again, and those who are known to be in it and
        don't belong are taken out."""
        for one in self._open_lists():
            if self.platform.replaces:
                self._on(one, partial(replace_members, one))
            else:
                one.go_over(renew=True)

    # Looking only

    def preview(self) -> Iterator[Document]:
        """What a sync would do to each list, as JSON: members that it would add and take out, and why it
        would leave others out. Where the platform can look at requests without acting on them, it is asked
        to."""
        for one in self.lists:
            added = removed = 0
            withheld: Counter[str] = Counter()
            refused: Counter[str] = Counter()
            seen: set[str] = set()
            for wanted in members_of(one):
                with self._engine.store.read() as tx:
                    plan = Comparing(tx, one.ledger, wanted).plan((), ())
                added += len(plan.adds)
                removed += len(plan.removes)
                withheld.update(wanted.withheld.values())
                seen |= wanted.asked
                for part in chunks(plan.adds, self.platform):
                    job = Job("add", one.target.remote, part, key_of(one.target.key), dry=True)
                    told = delivered(self.platform, job, self.means.courier)
                    refused.update(why for _, why in told.rows if why)
            with self._engine.store.read() as tx:
                known = (person for shard in SHARDS for person in one.ledger.held(tx, "person", shard))
                gone = sum(person not in seen for person in known)
            yield {
                "destination": self.name,
                "audience": one.target.key,
                "would_add": added,
                "would_remove": removed + gone,
                "withheld": dict(withheld),
                "refused": dict(refused),
            }

    def standings(self, ask: bool) -> Iterator[Document]:
        """Where each list stands, as JSON: the ledger's figures, and what is not settled; with ``ask``, what
        the platform says of it too."""
        for one in self.lists:
            with self._engine.store.read() as tx:
                head = one.ledger.head(tx)
                open_requests = len(one.ledger.flights(tx)) + len(one.ledger.held(tx, "later"))
            told: Document = {
                "destination": self.name,
                "audience": one.target.key,
                "list": one.target.remote,
                "begun": head is not None,
            }
            if not one.target.audience:
                told["unclaimed"] = True
            if head is not None:
                told |= {
                    "members": head.members,
                    "added": head.added,
                    "removed": head.removed,
                    "refused": head.refused,
                    "open_requests": open_requests,
                    "complete": head.walk is None,
                    "match_rate": head.match_rate or None,
                    "at": iso(head.at),
                }
            if ask:
                size = self._size(one)._asdict()
                told["platform"] = {name: value for name, value in size.items() if value not in (None, "")}
            yield told

    def _size(self, one: List) -> Size:
        try:
            return self.platform.size(one.target.remote, self.means.courier)
        except OnefoldError as error:
            return Size(state=error.what)
