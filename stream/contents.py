"""The part of the workspace that is about matching: contents, who says them, their blocks and edges.

Blocks and edges are at every moment what a batch over the same contents would make: see decision 0010. A
change of what a record says is first worked out (``learn``), so that one may look at the graph before it, and
made then (``say``).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from itertools import combinations
from typing import Any, NamedTuple

from graph_schema.store import Transaction, Writes
from graph_schema.vocabulary import Content, Event, Record
from resolver.matching.model import Model, Prepared, Weight
from resolver.matching.scoring import edge
from resolver.plan import Plan
from stream.readying import Readying, Said, told

REMEMBERED = 50_000
"""Things of one kind that are kept between batches; beyond that the half that was read first is forgotten.
What comes again comes soon: to remember eight times as much saves a fiftieth of the time. Of contents, which
are compared with whoever is alike however long ago, twice as many are kept."""

_AHEAD = 64
"""Speakers of a content who are read before it is known whether they matter."""

Pair = tuple[int, int]
Asked = tuple[tuple[str, tuple[str, ...]], ...]


class Learnt(NamedTuple):
    """A change of what a record says, worked out and not yet made.

    ``content`` is the new one, None for nothing; ``edges`` the weights that change, None for those that go;
    ``ends`` the contents whose likeness to others the change alters; ``likens``: there is any such other.
    """

    traits: Said
    content: Prepared | None
    edges: dict[Pair, Weight | None]
    ends: set[int]
    likens: bool

    @property
    def said(self) -> int:
        """The id of the new content, 0 for nothing."""
        return 0 if self.content is None else self.content.content


class Contents:
    """What a batch reads and changes of contents. Remembered as the rest of the workspace is."""

    tx: Transaction
    writes: Writes
    any_ghosts: bool

    def __init__(self, plan: Plan, id_key: bytes) -> None:
        self.plan = plan
        self.id_key = id_key
        self._readying = Readying(plan, id_key)
        self._prepared: dict[int, Prepared] = {}
        self._speakers: dict[int, set[int]] = {}
        self._edges: dict[int, dict[int, Weight]] = {}
        self._made: dict[Asked, Prepared | None] = {}
        self._weighed: dict[int, dict[int, Weight | None]] = {}
        self._blocks: dict[int, list[int]] = {}
        self._left: dict[int, set[int]] = {}
        self._voiced: dict[int, set[int]] = {}
        self._same: dict[Any, Any] = {}

    def _remembered_contents(self) -> Iterable[dict[Any, Any]]:
        return self._prepared, self._speakers, self._edges, self._blocks, self._same

    def _fresh_blocks(self) -> None:
        # A batch of a file reads so many that hardly one comes again: to forget half would cost more.
        many = (self._blocks,) if len(self._blocks) > REMEMBERED else ()
        for remembered in (self._made, self._weighed, self._left, self._voiced, *many):
            remembered.clear()

    @property
    def model(self) -> Model | None:
        """The matching model, where the rules have one."""
        return None if self.plan.matching is None else self.plan.matching.model

    # Reading

    def prepared(self, contents: Collection[int]) -> Mapping[int, Prepared]:
        """Contents by id, as this batch sees them."""
        missing = [one for one in contents if one not in self._prepared]
        if missing:
            found = self.tx.contents(missing)
            self._prepared.update((one, self._sharing(_unpacked(content))) for one, content in found.items())
        return {one: self._prepared[one] for one in contents}

    def speakers(self, contents: Collection[int]) -> Mapping[int, Collection[int]]:
        """The records that have each content, as this batch sees them."""
        missing = [one for one in contents if one not in self._speakers]
        if missing:
            self._speakers.update((one, set(found)) for one, found in self.tx.speakers(missing).items())
        return {one: self._speakers[one] for one in contents}

    def said_by(self, person: int) -> set[int]:
        """The contents that a person's records have in this batch; perhaps also some that they had before."""
        return {*self.tx.said_by(person), *self._voiced.get(person, ())} - {0}

    def edges(self, contents: Collection[int]) -> Mapping[int, Mapping[int, Weight]]:
        """The edges of each content, as this batch sees them."""
        missing = [one for one in contents if one not in self._edges]
        if missing:
            self._edges.update((one, dict(found)) for one, found in self.tx.edges(missing).items())
        return {one: self._edges[one] for one in contents}

    def _blocks_of(self, model: Model, keys: Collection[int]) -> list[list[int]]:
        """The contents of blocks; of a block that is over the cap by more than one only so many of them."""
        missing = [key for key in keys if key not in self._blocks]
        if missing:
            # One over the cap may fall to the cap, and is needed whole then; what left it must not be missed.
            limit = model.block_cap + 2 + max((len(self._left.get(key, ())) for key in missing), default=0)
            self._blocks.update(self.tx.blocks(sorted(missing), limit))
            for key in self._left.keys() & missing:
                came = {one for one, content in self.writes.contents.items() if key in content.keys}
                self._blocks[key] = sorted(({*self._blocks[key]} | came) - self._left[key])
        return [self._blocks[key] for key in keys]

    def expect(self, said: Collection[tuple[int | None, Event]]) -> None:
        """Reads, in few questions, what (records of these ids, None for new ones, with an event of theirs)
        are about to need, and weighs them against who is there already."""
        model = self.model
        if model is None:
            return
        fresh: dict[int, Prepared] = {}
        for one, event in said:
            record = None if one is None else self.records((one,)).get(one)
            says = told({} if record is None else record.traits, event.traits)
            if says is None:
                continue
            if event.ready is not None:
                self._made[_asked(told({}, event.traits) or {})] = self._if_it_tells(event.ready)
            content = self._prepare(says)
            if content is not None:
                fresh[content.content] = content
        speakers = self.speakers(fresh)
        new = [content for one, content in fresh.items() if not speakers[one]]
        self._blocks_of(model, {key for content in new for key in content.keys})
        near = {content.content: self._near(content, model) for content in new}
        known = self.prepared(set[int]().union(*near.values()))
        alike = {one for one in fresh if speakers[one]}
        for content in new:
            one = content.content
            weighed = self._weighed[one] = {
                other: edge(content, known[other], model) for other in near[one] if known[other].fields
            }
            alike.update([other for other, weight in weighed.items() if weight is not None])
        self.edges(alike.union(near) if self.any_ghosts else alike)
        self.prepared(alike)
        # What thousands say tells of one of them: no more are read than are asked for.
        few = [found for found in self.speakers(alike).values() if len(found) <= _AHEAD]
        self.records(set[int]().union(*few))

    def _near(self, content: Prepared, model: Model) -> set[int]:
        """The candidates of a content that is new."""
        blocks = self._blocks_of(model, content.keys)
        return set[int]().union(*[block for block in blocks if len(block) < model.block_cap])

    # Changing

    def learn(self, record: Record, traits: Said) -> Learnt | None:
        """What it would change if a record said this; None where it would change nothing but the traits."""
        model = self.model
        if model is None:
            return None
        content = self._prepare(traits)
        new = 0 if content is None else content.content
        if new == record.content:
            record.traits = traits
            return None
        edges: dict[Pair, Weight | None] = {}
        old, others = record.content, False
        if old and set(self.speakers((old,))[old]) == {record.id}:
            self._take_out(self.prepared((old,))[old], model, edges)
        if content is not None:
            if self.speakers((new,))[new]:
                others = self.prepared((new,))[new].votes > 0
            else:
                self._prepared[new] = self._sharing(content)
                # A rebuilt store knows of the erased how like they were what nobody says yet.
                known = self.edges((new,))[new] if self.any_ghosts else self._edges.setdefault(new, {})
                edges.update((_pair(new, other), weight) for other, weight in known.items())
                self._put_in(content, model, edges)
        # To be less alike than the floor connects nobody; where something else does, all of them are met.
        telling = [
            pair
            for pair, weight in edges.items()
            if weight is None or weight >= model.floor or new not in pair
        ]
        ends = {one for pair in telling for one in pair} | {old, new} - {0}
        return Learnt(traits, content, edges, ends, bool(telling) or others)

    def say(self, record: Record, learnt: Learnt) -> None:
        """Makes a change that ``learn`` worked out."""
        old, new = record.content, learnt.said
        for (one, two), weight in learnt.edges.items():
            self.writes.edges[one, two] = weight
            for here, there in ((one, two), (two, one)):
                known = self.edges((here,))[here]
                if weight is None:
                    self._edges[here].pop(there, None)
                elif known.get(there) != weight:
                    self._edges[here][there] = weight
        record.traits, record.content = learnt.traits, new
        self._voiced.setdefault(record.person, set()).add(new)
        if old:
            self._speakers[old].discard(record.id)
            if not self._speakers[old]:
                gone = self._prepared[old]
                self.writes.contents.pop(old, None)
                self.writes.contents_gone[old] = _packed(gone)
        if learnt.content is not None:
            if not self._speakers[new]:
                self.writes.contents_gone.pop(new, None)
                self.writes.contents[new] = _packed(learnt.content)
            self._speakers[new].add(record.id)

    def _keep_still(self, record: Record) -> None:
        """Forgets what an erased record said, where nobody else says so; its likeness to others stays."""
        record.traits, one = {}, record.content
        if one and all(other.ghost for other in self.records(self.speakers((one,))[one]).values()):
            still = self.prepared((one,))[one]._replace(fields=(), rarity=())
            self._prepared[one] = still
            self._weighed.clear()
            self.writes.contents[one] = _packed(still)

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """Records by id, as this batch sees them."""
        raise NotImplementedError

    def _prepare(self, traits: Said) -> Prepared | None:
        """What a record says, ready to be matched; None where nothing of it could ever matter."""
        asked = _asked(traits)
        if asked not in self._made:
            self._made[asked] = self._if_it_tells(self._readying.content(traits))
        return self._made[asked]

    def _sharing(self, content: Prepared) -> Prepared:
        """The same, of values that others have as well: three in four are another's too."""
        fields = tuple([self._same.setdefault(values, values) for values in content.fields])
        rarity = self._same.setdefault(content.rarity, content.rarity)
        return content._replace(fields=fields, rarity=rarity)

    def _if_it_tells(self, content: Prepared | None) -> Prepared | None:
        if content is None or content.votes or self.plan.matching is None:
            return content
        # What is compared beside identifiers can keep records apart that an identifier ties.
        beside = (
            said for place, said in enumerate(content.fields) if place not in self.plan.matching.identifiers
        )
        return content if any(beside) else None

    def _put_in(self, content: Prepared, model: Model, edges: dict[Pair, Weight | None]) -> None:
        """Takes a content into its blocks: its candidates are weighed, blocks over the cap by it are
        closed."""
        one, cap = content.content, model.block_cap
        weighed = self._weighed.get(one, {})
        for other in self._near(content, model):
            if other not in weighed:
                self._weigh(content, self.prepared((other,))[other], model, edges)
            elif (weight := weighed[other]) is not None:
                edges[_pair(one, other)] = weight
        closed = []
        for key, block in zip(content.keys, self._blocks_of(model, content.keys), strict=True):
            if len(block) == cap:
                closed.append(set(block))
            block.append(one)
            if key in self._left:
                self._left[key].discard(one)
        for full in closed:
            for pair in list(self._edges_within(full, edges)):
                if not self._are_candidates(pair, model):
                    edges[pair] = None

    def _take_out(self, content: Prepared, model: Model, edges: dict[Pair, Weight | None]) -> None:
        """Lets a content go; blocks that it had closed open again."""
        one = content.content
        opened = []
        for key, block in zip(content.keys, self._blocks_of(model, content.keys), strict=True):
            size = len(block)
            if one in block:
                block.remove(one)
            self._left.setdefault(key, set()).add(one)
            if size == model.block_cap + 1:
                opened.append(block)
            elif size > model.block_cap + 1:
                del self._blocks[key]
        for pair in {pair for block in opened for pair in combinations(sorted(block), 2)}:
            if pair[1] not in self.edges((pair[0],))[pair[0]] and one not in pair:
                both = self.prepared(pair)
                self._weigh(both[pair[0]], both[pair[1]], model, edges)
        edges.update((_pair(one, other), None) for other in self.edges((one,))[one])

    def _weigh(self, one: Prepared, two: Prepared, model: Model, edges: dict[Pair, Weight | None]) -> None:
        if one.fields and two.fields and (weight := edge(one, two, model)) is not None:
            edges[_pair(one.content, two.content)] = weight

    def _edges_within(self, block: Set[int], edges: Mapping[Pair, Weight | None]) -> Iterator[Pair]:
        """The edges among some contents, as they are once these changes are made."""
        for one, alike in self.edges(block).items():
            for two in alike.keys() & block:
                if one < two and edges.get((one, two), 0) is not None:
                    yield one, two
        for (one, two), weight in edges.items():
            if weight is not None and one in block and two in block:
                yield one, two

    def _are_candidates(self, pair: Pair, model: Model) -> bool:
        both = self.prepared(pair)
        shared = set(both[pair[0]].keys).intersection(both[pair[1]].keys)
        return any(len(block) <= model.block_cap for block in self._blocks_of(model, shared))


def _asked(traits: Said) -> Asked:
    return tuple(sorted(traits.items()))


def _pair(one: int, two: int) -> Pair:
    return (one, two) if one < two else (two, one)


def _packed(content: Prepared) -> Content:
    said = [content.fields, content.rarity] if content.fields else None
    return Content(content.content, content.keys, content.own, content.votes, said)


def _unpacked(content: Content) -> Prepared:
    said: Any = content.said or ((), ())
    fields = tuple([tuple([tuple(value) for value in values]) for values in said[0]])
    rarity = tuple([tuple(each) for each in said[1]])
    return Prepared(content.id, fields, rarity, content.keys, content.own, content.votes)
