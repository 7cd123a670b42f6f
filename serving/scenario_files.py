"""Scenarios as they are written: YAML documents, checked before anything runs (DESIGN section 10)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

import jmespath
import yaml
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from graph_schema.errors import Invalid, nearest
from graph_schema.iso_time import EARLIEST, LATEST, read_time
from profiles.moments import iso
from profiles.settings import Reason
from serving.models import Offer

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FURTHEST: Final = 365_000 * _UNITS["d"]


def _offset(text: object) -> int:
    """``+3h`` in microseconds."""
    digits, unit = str(text).removeprefix("+")[:-1], str(text)[-1:]
    if not str(text).startswith("+") or unit not in _UNITS or not digits.isdecimal():
        raise ValueError("is no time from the start: write +5m (s, m, h, d or w)")
    seconds = int(digits) * _UNITS[unit]
    if seconds > _FURTHEST:
        raise ValueError("is more than a thousand years from the start")
    return seconds * 1_000_000


def _start(text: object) -> int:
    at = read_time(text) if isinstance(text, str) else None
    if at is None or not EARLIEST <= at <= LATEST:
        raise ValueError("is no time from 1900 to 2100: write it by ISO 8601, as 2026-03-02T09:00:00Z")
    return at


def _reference(text: str) -> str:
    if ":" not in text and "/" not in text and not text.startswith("per_"):
        raise ValueError(
            "is neither namespace:value nor source/record_id, as email:ana@example.com or crm/4711"
        )
    return text


def _path(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(f"is no JMESPath: {str(error).splitlines()[0]}") from error
    return text


def _offer(said: dict[str, float]) -> dict[str, float]:
    """An offer of one price alone would be compared with nothing, and pass for the best there is."""
    try:
        return Offer.model_validate(said).model_dump()
    except ValidationError:
        raise ValueError("is no offer: write {price: 99.99, reference_price: 100.32}") from None


Offset = Annotated[Any, AfterValidator(_offset)]
Reference = Annotated[str, AfterValidator(_reference)]
Several = Annotated[list[Reference], Field(min_length=2)]
Two = Annotated[list[Reference], Field(min_length=2, max_length=2)]


class _Part(BaseModel, frozen=True, coerce_numbers_to_str=True):
    @model_validator(mode="before")
    @classmethod
    def _has_no_other_key(cls, said: object) -> object:
        """A misspelt key is missing under its right name as well: what was written tells more."""
        names = [field.alias or name for name, field in cls.model_fields.items() if name != "where"]
        for name in said if isinstance(said, dict) else ():
            if name not in (*names, "where"):
                raise ValueError(f"unknown key {str(name)!r}. {nearest(str(name), names)}")
        return said


class _Expected(_Part):
    """What every expectation may say: ``at`` is in microseconds from the start, None for after the last."""

    at: Offset | None = None


class SamePerson(_Expected):
    """All of these lead to one person."""

    same_person: Several


class DifferentPeople(_Expected):
    """Each two of these lead to two persons."""

    different_people: Several


class InQueue(_Expected):
    """The stewards have a case between these two."""

    case: Two


class Profile(_Expected):
    """What a JMESPath finds in a golden profile."""

    profile: Reference
    path: Annotated[str, AfterValidator(_path)]
    equals: Any


class DeadLettered(_Expected):
    """A message that could not be taken, and the field that was wrong."""

    dead_letter: str
    because: str | None = None


class Decide(_Expected):
    """What a decision must answer; the fields from ``product`` on are the request's."""

    decide: str
    person: Reference = Field(alias="for")
    outcome: Literal["send", "suppress"]
    because: Reason | None = None
    channel: str | None = None
    missing: list[str] | None = None
    question: str | None = None
    product: str | None = None
    category: str | None = None
    offer: Annotated[dict[str, float], AfterValidator(_offer)] | None = None
    account_id: str | None = None
    order_id: str | None = None
    reward_code: str | None = None


class Audience(_Expected):
    """Whether somebody is in an audience."""

    audience: str
    includes: Reference | None = None
    excludes: Reference | None = None
    product: str | None = None


Expectation = SamePerson | DifferentPeople | InQueue | Profile | DeadLettered | Decide | Audience
FORMS: Final[Mapping[str, type[_Expected]]] = {
    next(iter(form.__annotations__)): form for form in get_args(Expectation)
}
"""The forms, each by the field that it is called by: its first."""


class WordOfSteward(_Part):
    """A steward's word: two sides, held together or kept apart."""

    at: Offset
    by: str = "steward"
    why: str = ""
    same: Two | None = None
    different: Two | None = None


class Erasing(_Part):
    """Somebody is erased, with all her records."""

    at: Offset
    person: Reference


class Told(BaseModel, frozen=True, extra="allow"):
    """A message; when it happened and when it arrives, in microseconds from the start, where it is said."""

    at: Offset = None
    arrives: Offset = None


def _event(said: object) -> object:
    if not isinstance(said, dict):
        raise ValueError("is no message: write {at: +0m, source: web, type: track, …}")
    return said


def _word(said: object) -> object:
    if not isinstance(said, dict) or (said.get("same") is None) == (said.get("different") is None):
        raise ValueError("must say either same or different, each with two sides")
    return said


def _expectation(said: object) -> _Expected:
    """One expectation, by the form that it has."""
    if not isinstance(said, dict):
        raise ValueError("is no expectation: write {same_person: [...]} or another form")
    forms = [name for name in FORMS if name in said]
    if len(forms) != 1:
        odd = next((str(name) for name in said if name not in FORMS), "")
        raise ValueError(f"must be of exactly one form. {nearest(odd, FORMS)}")
    found = FORMS[forms[0]].model_validate(said)
    if isinstance(found, Audience) and (found.includes is None) == (found.excludes is None):
        raise ValueError("must say either includes or excludes")
    return found


class Scenario(_Part):
    """One story. Times are microseconds: ``start`` since 1970 UTC, all others from the start."""

    story: str
    start: Annotated[Any, AfterValidator(_start)]
    rules: str = "retail"
    events: list[Annotated[Told, BeforeValidator(_event)]]
    judgements: list[Annotated[WordOfSteward, BeforeValidator(_word)]] = []
    erasures: list[Erasing] = []
    expect: list[Annotated[Expectation, BeforeValidator(_expectation)]] = Field(min_length=1)
    where: str = ""

    def rules_source(self, folder: Path) -> str | Path:
        """What ``load_rules`` is to be asked for: a bundled name, or the file beside the scenario's."""
        beside = folder / self.rules
        return beside if beside.is_file() else self.rules


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: dates stay text as in JSON, and so do yes, no, on and off (Norway is NO).

    A whole number is one only as JSON writes it: a telephone number keeps its +, a postcode its zero. A key
    stands once: of two YAML would keep the last, and what the first says would pass unchecked.
    """

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - a text or None
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice: keep one of them"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return node


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, form)
        for tag, form in found
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int")
        and not (tag == "tag:yaml.org,2002:bool" and first in "yYnNoO")
    ]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]*)$"), [*"-0123456789"])


def scenario_files(paths: list[Path]) -> list[Path]:
    """The files that these paths name: themselves, and of a folder every .yaml and .yml below it."""
    found: list[Path] = []
    for path in paths:
        inside = (
            sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml"))
            if path.is_dir()
            else [path]
        )
        if not inside:
            raise Invalid(str(path), "holds no scenario (.yaml)")
        found += inside
    return found


def read_scenarios(path: Path) -> list[Scenario]:
    """Every scenario of a file; raises ``Invalid``, which names document, field and the way out."""
    try:
        documents = [one for one in yaml.load_all(path.read_text("utf-8"), _Loader) if one is not None]
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(
            str(path), f"can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from error
    except yaml.YAMLError as error:
        raise Invalid(str(path), f"is no YAML: {error}") from error
    except RecursionError as error:
        raise Invalid(str(path), "too many brackets stand in one another") from error
    if not documents:
        raise Invalid(str(path), "holds no scenario")
    return [_scenario(said, f"{path} #{number}") for number, said in enumerate(documents, start=1)]


def _scenario(said: object, where: str) -> Scenario:
    if not isinstance(said, dict):
        raise Invalid(where, "is no scenario: write story, start, events and expect")
    try:
        return Scenario.model_validate({**said, "where": where})
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"]]
    place = "".join(steps).removeprefix(".")
    told = {"missing": "is missing", "value_error": str(detail.get("ctx", {}).get("error"))}
    raise Invalid(f"{where}, {place}" if place else where, told.get(detail["type"], detail["msg"]))


class Arrival(NamedTuple):
    """A message and when it arrives, in microseconds since 1970 UTC."""

    at: int
    message: dict[str, Any]


def in_arrival(scenario: Scenario) -> list[Arrival]:
    """Every event, in the order of arrival.

    One that says no time arrives with the one written before it. The message has the time that ``at`` gives
    it, and a stable messageId where it has none.
    """
    arrived: list[Arrival] = []
    last = 0
    for number, told in enumerate(scenario.events):
        at, message = told.at, dict(told.model_extra or {})
        last = told.arrives if told.arrives is not None else at if at is not None else last
        if at is not None:
            message.setdefault("timestamp", iso(scenario.start + at))
        message.setdefault("messageId", f"event-{number + 1}")
        arrived.append(Arrival(scenario.start + last, message))
    return sorted(arrived, key=lambda one: one.at)
