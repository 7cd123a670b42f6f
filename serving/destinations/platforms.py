"""What a platform is to those who send to it: how it recognises a member, is told, and answers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from graph_schema.errors import OnefoldError
from serving.destinations.recognition import RECOGNITIONS
from serving.destinations.sending import Courier
from serving.destinations.settings import Settings, path_of
from stream.parts import in_parts

Op = Literal["add", "remove", "replace"]
Body = dict[str, Any]
Published = tuple[str, Any]
"""A handle that a list holds, and what the platform told for it."""


class Row(NamedTuple):
    """A member as she is sent: her person id, what she said of advertising ("erased" where she was erased),
    and her handles."""

    person_id: str
    said: str
    handles: tuple[str, ...]


class Place(NamedTuple):
    """A request's place in a replacement; ``number`` counts from 1."""

    session: int
    number: int
    is_last: bool
    estimated: int


class Job(NamedTuple):
    """One request to be made. ``key`` is the same whenever it is made again; ``place`` is given where it is
    part of a replacement."""

    op: Op
    remote: str
    rows: Sequence[Row]
    key: str
    dry: bool = False
    place: Place | None = None


class Answer(NamedTuple):
    """What a platform answered. ``refused``: why, by the row's number. Where not ``taken``, nothing of the
    request was: because of the rows that are named, or of one that isn't. ``unnamed`` counts those that were
    refused without being named, ``told`` is by handle what the platform gave for it, and ``later`` says that
    the outcome can be asked for by the request's id."""

    request_id: str = ""
    taken: bool = True
    refused: Mapping[int, str] = {}
    unnamed: int = 0
    told: Mapping[str, Any] = {}
    later: bool = False


class Outcome(NamedTuple):
    """What became of a request that was taken: whether that is settled, whether all of it failed, how many
    rows were refused for which reason, and the match rate that the platform states. Where it is not known,
    the platform has forgotten the request."""

    is_settled: bool = True
    failed: bool = False
    is_known: bool = True
    refused: Mapping[str, int] = {}
    match_rate: str = ""


class Size(NamedTuple):
    """How many members a platform says that a list has, as a range, and what else it says of the list."""

    least: int | None = None
    most: int | None = None
    match_rate: str = ""
    state: str = ""


class DestinationRefuses(OnefoldError):
    """A platform takes nothing for this list, or from this account, whatever the rows are."""

    status = 502

    def __init__(self, destination: str, why: str, way_out: str = "") -> None:
        super().__init__(f"the destination {destination} refuses: {why}", way_out=way_out)


class Platform:
    """One platform by its rules. A body has at most ``bytes_per_request``, a row ``handles_per_row``;
    ``replaces`` says that it can replace all members of a list at once, ``empties`` that by nobody too, and
    ``publishes`` that a list is written whole when it has changed. ``channels``: by which she must have
    consented to advertising, none for any."""

    bytes_per_request = 8_000_000
    handles_per_row = 10
    replaces = False
    empties = False
    publishes = False
    channels: tuple[str, ...] = ()

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.recognition = RECOGNITIONS[settings.convention]

    def parts(self, handles: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Somebody's handles as one or more rows have them."""
        return map(tuple, in_parts(handles, self.handles_per_row))

    def is_there(self, remote: str) -> bool:
        """Whether a list that is a file is still where it was written to."""
        path = getattr(self.settings, "path", "")
        return not path or path_of(path, remote).exists()

    def units(self, row: Row) -> int:
        """How much of a request's limit a row takes."""
        return len(row.handles)

    def why_not(self, said: str) -> str:
        """Why the platform may not be given somebody who said this of advertising, "" where it may."""
        return ""

    def deliver(self, job: Job, courier: Courier) -> Answer:
        """Makes a request. Raises ``DestinationRefuses`` or ``DestinationUnavailable``."""
        return Answer()

    def outcome(self, request_id: str, courier: Courier) -> Outcome:
        """What became of a request whose outcome comes later."""
        return Outcome()

    def size(self, remote: str, courier: Courier) -> Size:
        """How many members a list has there."""
        return Size()

    def publish(self, remote: str, members: Iterable[Published]) -> None:
        """Writes a list whole, so that there is no moment without one."""

    def is_due(self, told: Any, at: int) -> bool:  # noqa: ANN401 - any JSON
        """Whether a handle for which this was told must be sent again, when its list is refreshed."""
        return True

    def refuses(self, why: str, way_out: str = "") -> DestinationRefuses:
        """The error of this destination."""
        return DestinationRefuses(self.name, why, way_out)


def in_places(row: Row, places: Mapping[str, str], schema: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """A row as entries that hold one value of each place of a schema, "" where there is none (any more);
    ``places`` are by the kind of handle."""
    values: dict[str, list[str]] = {place: [] for place in schema}
    for handle in row.handles:
        kind, _, value = handle.partition(":")
        values[places[kind]].append(value)
    return zip_longest(*values.values(), fillvalue="")


def body_of(content: bytes) -> Body:
    """An answer as JSON, without members that are null: platforms write that or leave them out. What is none
    says nothing."""
    try:
        found = json.loads(content, object_pairs_hook=_without_nulls)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_nulls(members: list[tuple[str, Any]]) -> Body:
    return {name: value for name, value in members if value is not None}
