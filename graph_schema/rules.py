"""Reading the rules from TOML files, so that a mistake is named with its file, its line and the way out.

`extends` joins files: what a file declares itself replaces that part whole (the list of namespaces, the
matching, one source, one campaign, one audience, one destination, one key of [profile]); all other parts are
those of the file that it extends.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from functools import reduce
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from graph_schema.access import Access
from graph_schema.bundled_files import BUNDLED, bundled_text
from graph_schema.errors import RulesError, nearest
from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Fault, Matching, RulesParts, faults
from graph_schema.rule_parts import Rules as Rules

KeyPath = tuple[str | int, ...]

BUNDLED_MODELS = ("people",)
NO_MODEL = "none"
"""What a file that extends another names to match by identifiers alone."""

_WRITTEN_SO: dict[str | int, tuple[str, str]] = {
    "sha256": ("access.key.….sha256 is not 64 hexadecimal digits", "Make a key with onefold access-key"),
    "issuer": ("access.oidc.issuer is not an address", 'Write it as issuer = "https://id.example.com"'),
    "write_key": (
        "source.….write_key is empty or has a colon, so that no SDK could send it",
        "Write it without: it goes as the user of basic authorization, who ends at the first colon",
    ),
}
_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_KEY = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class _RulesFile(NamedTuple):
    label: str
    text: str
    folder: Path | None
    parts: RulesParts


def load_rules(source: str | Path | None = None, trained: bool = True) -> Rules:
    """The rules of a file, or the bundled ones of that name ("retail" where nothing is said).

    The model that they name need not be there yet where ``trained`` is false.

    Raises RulesError, which names the file, the line, the key, and the nearest right one.
    """
    chain = _chain(source if source is not None else "retail", None, ())
    joined = reduce(_extend, (file.parts for file in chain))
    matching, model, digest = _model(joined.matching, chain) if trained else (joined.matching, {}, "")
    access = joined.access or Access()
    found = {"matching": matching, "access": access, "model": model, "model_digest": digest}
    rules = Rules.model_construct(**(dict(joined) | found))
    for fault in faults(rules):
        raise _located(fault, chain)
    return rules


def placed(error: RulesError, source: str | Path) -> RulesError:
    """An error whose ``where`` is a dotted key, with the file and line of ``source`` in which that stands."""
    path = tuple(error.where.split("."))
    fault = Fault(path, f"{error.where}: {error.what}", error.way_out)
    return _located(fault, _chain(source, None, ()))


def bundled_names() -> tuple[str, ...]:
    """The names of the rules that come with Onefold."""
    names = (entry.name for entry in BUNDLED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def line_of(text: str, path: KeyPath) -> int | None:
    """The line, from 1, on which the longest known beginning of a path of keys stands in a TOML text."""
    best: int | None = None
    reached = 0
    table: KeyPath = ()
    lists: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _place(tuple(_keys(header[2])), lists, starts_item=header[1] == "[[")
            here = table
        elif assignment := _ASSIGNMENT.match(line):
            here = table + tuple(_keys(assignment[1]))
        else:
            continue
        shared = _shared(here, path)
        if shared > reached and (shared == len(here) or shared == len(path)):
            best, reached = number, shared
    return best


def _place(keys: KeyPath, lists: dict[KeyPath, int], *, starts_item: bool) -> KeyPath:
    """A table header's path with the number of the list item that it stands in or starts."""
    place: KeyPath = ()
    for depth, key in enumerate(keys, start=1):
        place += (key,)
        if starts_item and depth == len(keys):
            lists[place] = lists.get(place, -1) + 1
        if place in lists:
            place += (lists[place],)
    return place


def _keys(dotted: str) -> Iterable[str]:
    return (key.strip("\"'") for key in _KEY.findall(dotted))


def _shared(one: KeyPath, other: KeyPath) -> int:
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False)))


def _chain(source: str | Path, folder: Path | None, above: tuple[str, ...]) -> list[_RulesFile]:
    """A file and, one after the other, those that it extends."""
    label, text, own_folder = _read(source, folder)
    if label in above:
        raise RulesError(
            "the file extends itself", where=label, way_out=f"The circle is {' → '.join((*above, label))}"
        )
    file = _RulesFile(label, text, own_folder, _parse(label, text))
    if file.parts.extends is None:
        return [file]
    try:
        return [file, *_chain(file.parts.extends, own_folder, (*above, label))]
    except FileNotFoundError as error:
        raise RulesError(
            f"extends names {file.parts.extends!r}, which is no bundled rules and no file",
            where=_where(label, text, ("extends",)),
            way_out=_bundled_hint(file.parts.extends),
        ) from error


def _read(source: str | Path, folder: Path | None) -> tuple[str, str, Path | None]:
    if isinstance(source, str) and source in bundled_names():
        text = bundled_text(f"{source}.toml")
        return f"{source} (bundled)", text, None
    path = (folder or Path()) / source
    try:
        return str(path), path.read_text(encoding="utf-8-sig"), path.parent
    except FileNotFoundError as error:
        if folder is not None:
            raise
        name = str(source)
        raise RulesError("there is no such rules file", where=name, way_out=_bundled_hint(name)) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise RulesError(f"the rules file can't be read: {reason}", where=str(path)) from error


def _parse(label: str, text: str) -> RulesParts:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column \d+\)", str(error))
        where = f"{label}, line {place[1]}" if place else label
        what = str(error).partition(" (at ")[0]
        raise RulesError(
            f"not TOML: {what}", where=where, way_out="See https://toml.io for the format"
        ) from error
    except RecursionError as error:
        raise RulesError("too many brackets stand in one another", where=label) from error
    if (beyond := _beyond(said)) is not None:
        raise RulesError("a whole number has more than 64 bits", where=_where(label, text, beyond))
    try:
        return RulesParts.model_validate(said)
    except ValidationError as error:
        found = [fault_in(RulesParts, detail) for detail in error.errors(include_url=False)]
        first = min(found, key=lambda fault: line_of(text, fault.path) or 0)
        raise RulesError(first.what, where=_where(label, text, first.path), way_out=first.way_out) from None


def _beyond(said: object, path: KeyPath = ()) -> KeyPath | None:
    """Where a whole number stands that TOML doesn't know: the reader of Python takes any."""
    if isinstance(said, int):
        return None if -(1 << 63) <= said < 1 << 63 else path
    inside = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    return next((found for key, one in inside if (found := _beyond(one, (*path, key))) is not None), None)


def fault_in(model: type[BaseModel], detail: ErrorDetails) -> Fault:
    """A validation error of a table in our words; the path leads to the key that is wrong."""
    path = tuple(step for step in detail["loc"] if step != "[key]")
    key = ".".join(str(step) for step in path if not isinstance(step, int))
    kind = detail["type"]
    if kind == "extra_forbidden":
        last = str(path[-1])
        return Fault(path, f"unknown key {last!r}{_inside(path)}", nearest(last, _known_keys(model, path)))
    if kind == "missing":
        return Fault(path[:-1], f"{str(path[-1])!r} is missing{_inside(path)}", f"Add a line: {path[-1]} = …")
    if kind == "literal_error":
        given, allowed = str(detail["input"]), re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        return Fault(path, f"{key} can't be {given!r}", nearest(given, filter(None, allowed)))
    if kind == "value_error":
        return Fault(path, f"{key} {detail['ctx']['error']}".strip(), "")
    if kind == "string_pattern_mismatch":
        no_name = f"{key} is empty or has a space, a colon or a slash", "Write one word, as loyalty_card"
        return Fault(path, *_WRITTEN_SO.get(path[-1], no_name))
    said_wrong = re.sub(r"^\w+(?= should)", key, detail["msg"].partition(" or instance of ")[0])
    said_wrong = said_wrong.replace("dictionary", "table")
    said_wrong = said_wrong.replace("tuple", "list").replace("frozenset", "list")
    return Fault(path, said_wrong, "See docs/rules.md")


def _inside(path: KeyPath) -> str:
    table = [str(step) for step in path[:-1] if not isinstance(step, int)]
    if not table:
        return ""
    return f" in [[{table[0]}]]" if table[0] == "namespace" else f" in [{'.'.join(table)}]"


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """What can stand where a path of keys leads."""
    fields = _fields(model)
    for step in path[:-1]:
        inner = _model_in(fields[step].annotation) if step in fields else None
        fields = fields if inner is None else _fields(inner)
    return [str(key) for key in fields]


def _fields(model: type[BaseModel]) -> dict[str | int, FieldInfo]:
    return {str(field.validation_alias or name): field for name, field in model.model_fields.items()}


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model of a table, or of each of several tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _bundled_hint(name: str) -> str:
    return f"{nearest(name, bundled_names())}, or the path of a file"


def _where(label: str, text: str, path: KeyPath) -> str:
    line = line_of(text, path)
    return label if line is None else f"{label}, line {line}"


def _located(fault: Fault, chain: list[_RulesFile]) -> RulesError:
    """A fault between parts, placed in the file that declares the part."""
    declaring = next((file for file in chain if line_of(file.text, fault.path[:2])), chain[0])
    where = _where(declaring.label, declaring.text, fault.path)
    return RulesError(fault.what, where=where, way_out=fault.way_out)


def _extend(own: RulesParts, base: RulesParts) -> RulesParts:
    tables = ("sources", "campaigns", "audiences", "destinations", "profile")
    joined: dict[str, Any] = {name: getattr(base, name) | getattr(own, name) for name in tables}
    joined["namespaces"] = own.namespaces or base.namespaces
    joined["matching"] = own.matching or _kept(base.matching, own.namespaces)
    joined["access"] = own.access or base.access
    return RulesParts.model_construct(**joined)


def _kept(matching: Matching | None, namespaces: tuple[Namespace, ...]) -> Matching | None:
    """[matching] of an extended file under namespaces that replace its own: where they lack the one that it
    stood after, it stands after the last that joins people."""
    people = [one.name for one in namespaces if one.joins == "people"]
    if matching is None or not namespaces or matching.after in people:
        return matching
    return matching.model_copy(update={"after": people[-1]}) if people else None


def _model(matching: Matching | None, chain: list[_RulesFile]) -> tuple[Matching | None, dict[str, Any], str]:
    """[matching] with the path of its model made absolute, what the model's file holds, and its hash."""
    if matching is None or matching.model == NO_MODEL:
        return None, {}, ""
    if matching.model in BUNDLED_MODELS:
        text = BUNDLED.joinpath(f"{matching.model}.json").read_bytes()
        return matching, json.loads(text), hashlib.sha256(text).hexdigest()
    declaring = next(file for file in chain if file.parts.matching is not None)
    path = ((declaring.folder or Path()) / matching.model).absolute()
    try:
        text = path.read_bytes()
        model = json.loads(text)
        if not isinstance(model, dict) or not model:
            raise ValueError("not an object that says anything")
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not a JSON object, or an empty one"
        raise RulesError(
            f"the model can't be read: {reason}",
            where=_where(declaring.label, declaring.text, ("matching", "model")),
            way_out=f"Write one with onefold train --out, or name a bundled one: {', '.join(BUNDLED_MODELS)}",
        ) from error
    return matching.model_copy(update={"model": str(path)}), model, hashlib.sha256(text).hexdigest()
