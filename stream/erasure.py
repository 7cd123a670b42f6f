"""Erasure: of each record of a person a ghost is left, so that nobody else changes and nothing comes back.

A ghost is a record whose key and identifiers are keyed hashes, with their sightings. It goes on taking part
in the resolution, founds nothing and is never shown. Its messages are remembered by keyed hashes and refused.
Dead letters that tell of her are emptied.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from itertools import combinations

import orjson

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import (
    GHOST_SOURCE,
    KNOWN,
    Change,
    DeadLetter,
    Event,
    EventKey,
    Identifier,
    IdentifierNode,
    Judgement,
    JudgementKind,
    ObjectKey,
    Person,
    Record,
    RecordKey,
    StoredEvent,
)
from profiles.objects import forget_numbers, ghost_object, speakers, spoken_of, whole
from profiles.state import mentions, new_state, views
from resolver.neighbourhood import neighbourhood
from resolver.resolution import Resolution
from resolver.resolve import resolve_near
from stream.awaited import issued, lead
from stream.ghosts import ANY_GHOSTS, ghost_identifier, is_hashed, keyed_hash
from stream.intake import Intake, of_other
from stream.judging import alias_name
from stream.letters import letters_of
from stream.settlement import Settlement
from stream.workspace import ANY_JUDGEMENTS, Workspace

_TOMB = "tomb/"
_HELD = "erased/"
_HELD_WHY = "So it was by what somebody said who was erased since."
_ROUNDS = 16
"""So often it is looked whether words leave everybody who they were; nearly always one look is enough."""


def tomb(key: EventKey, id_key: bytes) -> str:
    """The name of the operational state that remembers an erased message."""
    return _tomb(f"{key.source}/{key.message_id}".encode(), id_key)


def _tomb(said: bytes, id_key: bytes) -> str:
    return _TOMB + keyed_hash(said, id_key)


def alias_tomb(event: Event | StoredEvent, id_key: bytes) -> str:
    """The same of what an alias says of the other record, which may have another key by other rules."""
    other = orjson.loads(event.content)["previousId"]
    return _tomb(f"{alias_name(event.key)}/{other}".encode(), id_key)


def hash_nobodys(ws: Workspace, nodes: Iterable[IdentifierNode]) -> set[Identifier]:
    """Gives those of some identifiers that no living record holds the form of the erased; returns what they
    were."""
    gone = {node.identifier: node for node in nodes if ws.is_nobodys(node)}
    for named, node in gone.items():
        ws.rename(node, ghost_identifier(named, ws.id_key))
    return set(gone)


def ghost_object_key(key: ObjectKey, id_key: bytes) -> ObjectKey:
    """The form in which an order or reward goes on of which only the erased spoke."""
    return ObjectKey(key.kind, ghost_identifier(Identifier(key.kind, key.key), id_key).value)


class Tombs:
    """What was erased and may not come back."""

    def __init__(self, tx: Transaction, ws: Workspace) -> None:
        self._tx = tx
        self._ws = ws

    def refuses(self, event: Event) -> bool:
        """Whether a message was erased, or is of an erased record and not later than its erasure."""
        if not self._ws.any_ghosts:
            return False
        if self.covers(event.record, event.at):
            return True
        return self._tx.get(tomb(event.key, self._ws.id_key)) is not None

    def covers(self, key: RecordKey, at: int | None) -> bool:
        """Whether what a record said at a time is erased: it has none, or is not later than the erasure."""
        ghost = self._ws.ghost(key)
        return ghost is not None and (at is None or at <= ghost.ghost)

    def refuses_other(self, key: RecordKey, event: Event) -> bool:
        """Whether what an alias says of its second record is erased, though who tells it isn't."""
        if not self._ws.any_ghosts:
            return False
        return self.covers(key, event.at) or self._tx.get(alias_tomb(event, self._ws.id_key)) is not None

    def refuses_letter(self, letter: DeadLetter) -> bool:
        """Whether a letter told of somebody who was erased, and comes again."""
        return self._ws.any_ghosts and self._tx.get(_tomb(letter.raw, self._ws.id_key)) is not None


def _parted(records: Collection[Record], result: Resolution) -> list[tuple[JudgementKind, Record, Record]]:
    """What differs from whose records are: two of each two persons whom a resolution would join or, where
    it joins nobody, of each two parts of a person whom it would divide."""
    parts: dict[tuple[int, int], Record] = {}
    for record in sorted(records, key=lambda record: (not record.content, record.key)):
        parts.setdefault((result.group_of[record.id], record.person), record)
    words: tuple[tuple[JudgementKind, int], ...] = (("different", 0), ("same", 1))
    for kind, side in words:
        together: dict[int, list[Record]] = {}
        for place, record in parts.items():
            together.setdefault(place[side], []).append(record)
        pairs = [(kind, one, two) for each in together.values() for one, two in combinations(each, 2)]
        if pairs:
            return pairs
    return []


class Erasure:
    """Erases one person."""

    def __init__(self, tx: Transaction, ws: Workspace, intake: Intake) -> None:
        self.tx = tx
        self.ws = ws
        self.intake = intake

    def carry_out(self, person: Person, at: int) -> None:
        """Makes ghosts of all her records and forgets her profile, her events and who she was."""
        ids, name = self.ws.members((person.id,))[person.id], person.person_id
        records = [record for record in self.ws.records(ids).values() if not record.ghost]
        self.ws.touch(person)
        named = self._forget_letters(records, at)
        gone = self._forget_events([record.id for record in records], at)
        # Ids that led to her by a message alone lead to what is left of her: nobody else gets one.
        ids_of = {named: gone[event] for named, event in issued(self.tx).items() if event in gone}
        lead(self.tx, self.ws.writes, ids_of)
        keys = {record.key: self.ws.become_ghost(record, at) for record in records}
        self._forget_identifiers(records, named)
        self._forget_judgements(ids, keys, gone)
        self._forget_objects(person, keys)
        writes = self.ws.writes
        writes.profiles[person.id] = new_state()
        writes.erased_records.update(ids)
        writes.state[ANY_GHOSTS] = True
        self.ws.any_ghosts = True
        self._hold(ids, min(keys.values()), at)
        sequence = self.tx.last_change() + 1 + len(writes.changes)
        writes.changes.append(Change(sequence, "erased", name, (), (), person.version + 1, at))

    def _forget_events(self, records: list[int], at: int) -> Mapping[EventKey, int]:
        """Lets no message of hers come again; returns them, each with its record."""
        # An alias that another's record tells stays hers.
        gone: dict[EventKey, int] = {}
        for record, event in self.tx.history(records):
            if event.record != record:
                self.ws.writes.state[alias_tomb(event, self.ws.id_key)] = at
                continue
            gone[event.key] = record
            self.ws.writes.state[tomb(event.key, self.ws.id_key)] = at
            self._leave(event, records)
        return gone

    def _leave(self, gone: StoredEvent, records: list[int]) -> None:
        """Of an alias that goes what it said of the other record, of somebody who is not erased: its id."""
        again, writes = self.intake.again(gone), self.ws.writes
        also = again.also
        if also is None:
            return
        writes.state[alias_name(gone.key)] = None
        if Tombs(self.tx, self.ws).refuses_other(also[0], again):
            return
        one = self.ws.record_ids((also[0],)).get(also[0])
        if one is None or one in records:
            return
        said = orjson.loads(gone.content)
        name = GHOST_SOURCE + tomb(gone.key, self.ws.id_key).removeprefix(_TOMB)
        left = {"type": "identify", "userId": said["previousId"], "messageId": name}
        left |= {"timestamp": said["timestamp"]} if "timestamp" in said else {}
        record, key = self.ws.record(one), EventKey(gone.key.source, name)
        self.ws.found_words(record, gone.key, key)
        content = orjson.dumps(left, option=orjson.OPT_SORT_KEYS)
        event = gone._replace(id=self.tx.allocate("event"), key=key, content=content)
        writes.events[event.id] = event._replace(record=one, previous=record.last_event)
        record.last_event = event.id
        self.ws.dirty_records.add(one)

    def _forget_letters(self, records: list[Record], at: int) -> set[Identifier]:
        """Empties every dead letter that tells of her; what stood in it is refused where it comes again.
        Gives the identifiers that they named."""
        named: set[Identifier] = set()
        for one, letter in letters_of(self.tx, self.intake, records):
            self.ws.writes.letters_emptied.add(one)
            self.ws.writes.state[_tomb(letter.raw, self.ws.id_key)] = at
            said = self.intake.take(letter.raw, at, letter.source)
            if isinstance(said, Event):
                named.update(Identifier(*one[:2]) for one in (*said.held, *of_other(said)))
        return named

    def _forget_identifiers(self, records: list[Record], said: set[Identifier]) -> None:
        """Hashes every identifier that no living record holds, of hers and of those that were said. Of what
        can't link nobody knows who holds it, but how many of the living do."""
        told = self.ws.identifiers(self.ws.identifier_ids(said).values()).values()
        hash_nobodys(self.ws, [node for node in told if node.identifier in said])
        held = [pair for record in records for pair in record.holdings.items()]
        nodes = self.ws.identifiers({one for one, _ in held})
        for one, holding in held:
            nodes[one].holders -= not holding.links
            self.ws.dirty_nodes.add(one)
        # Read at once what is asked of each below.
        holders = self.ws.holders(nodes.keys())
        self.ws.records({record for records in holders.values() for record in records})
        hash_nobodys(self.ws, [node for node in nodes.values() if not is_hashed(node.identifier)])

    def _forget_judgements(
        self, ids: set[int], keys: dict[RecordKey, RecordKey], gone: Iterable[EventKey]
    ) -> None:
        """Lets words name ghosts; what a message of hers said is no longer called by that message."""
        told = {alias_name(event): tomb(event, self.ws.id_key).replace(_TOMB, _HELD) for event in gone}
        words = {one.judgement_id: one for one in self.tx.judgements(ids)} | {**self.tx.given(told)}
        for stored in words.values():
            one = self.ws.awaited.words.get(stored.judgement_id, stored)
            a, b = (tuple(keys.get(key, key) for key in side) for side in (one.a, one.b))
            founders = {key: event for key, event in one.founders.items() if key not in keys}
            word = replace(one, a=a, b=b, founders=founders)
            self.ws.awaited.say(word)
            if (name := told.get(one.judgement_id)) is not None:
                self.ws.awaited.say(replace(word, judgement_id=name))
                judged = self.ws.record_ids({*a, *b}).values()
                self.ws.writes.judged_records += [(record, name) for record in judged]
                self.ws.writes.judged_gone.update((record, one.judgement_id) for record in judged)

    def _hold(self, ids: Collection[int], ghost: RecordKey, at: int) -> None:
        """Resolves what is around her again, so that it stands as a rebuild would find it. Who would come out
        otherwise, now that what she said and the order of her keys can't be told, is held by words. Where
        many of them don't do it, all stay who they are until somebody near changes."""
        for _ in range(_ROUNDS):
            found = neighbourhood(self.ws.plan, self.ws, ids)
            result = resolve_near(self.ws.plan, found)
            pairs = _parted(found.records.values(), result)
            if not pairs:
                Settlement(self.ws, found, result).carry_out()
                return
            # Who may be one of several stays between them by what keeps these apart.
            open_ones = {one.part for one in self.tx.related(found.records.keys())}
            between = {record.person for record in found.records.values() if record.id in open_ones}
            weakest = [self._weakness((one, two), between) for _, one, two in pairs]
            for (kind, one, two), weak in zip(pairs, weakest, strict=True):
                if weak == min(weakest):
                    self._say(kind, (one, two), ghost, at)

    def _weakness(self, pair: tuple[Record, Record], between: Set[int]) -> tuple[int, bool]:
        """Of a word on two records: how many are not known or between others, and whether both live."""
        persons = [self.ws.person(one.person) for one in pair]
        weak = [one.id in between or not one.flags & KNOWN for one in persons]
        return sum(weak), not any(one.ghost for one in pair)

    def _say(self, kind: JudgementKind, pair: tuple[Record, Record], ghost: RecordKey, at: int) -> None:
        writes, (one, two) = self.ws.writes, pair
        name = f"{_HELD}{ghost.record_id}/{one.id}/{two.id}"
        self.ws.awaited.say(Judgement(name, kind, (one.key,), (two.key,), at, "erasure", _HELD_WHY))
        writes.judged_records += [(each.id, name) for each in pair]
        writes.state[ANY_JUDGEMENTS] = True
        self.ws.any_judgements = True

    def _forget_objects(self, person: Person, keys: dict[RecordKey, RecordKey]) -> None:
        state = self.tx.profiles((person.id,)).get(person.id) or new_state()
        told = self.tx.objects(mentions(state))
        # With whose order a reward was used stays known, though its receipt no longer tells it.
        objects = {key: whole(key, told) if key.kind == "reward" else found for key, found in told.items()}
        living = spoken_of(told, keys)
        for key, found in objects.items():
            ghost_object(found, keys, self._nameless)
            if key in living:
                self.ws.writes.objects[key] = found
                self._forget_user(key, found, keys)
            else:
                forget_numbers(found, {one.key for one in living})
                self.ws.writes.objects_gone.add(key)
                self.ws.writes.objects[ghost_object_key(key, self.ws.id_key)] = found

    def _nameless(self, event: str) -> str:
        """What an erased event is called in all that it spoke of."""
        return f"{GHOST_SOURCE}/{keyed_hash(event.encode(), self.ws.id_key)}"

    def _forget_user(self, key: ObjectKey, found: Document, erased: Collection[RecordKey]) -> None:
        """Takes out of what others show of a reward which record used it."""
        left = self.ws.records(self.ws.record_ids(speakers(found)).values()).values()
        for person, stored in self.tx.profiles({record.person for record in left}).items():
            state = self.ws.writes.profiles.setdefault(person, stored)
            view = views(state, key.kind).get(key.key, {})
            if tuple(view.get("redeemed_by") or ()) in erased:
                del view["redeemed_by"]
