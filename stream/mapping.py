"""The mapping file: which column of a CSV or Parquet file is what of a record."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, StrictStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from graph_schema.errors import MappingError, nearest
from graph_schema.messages import flaw_of_source
from graph_schema.rule_parts import Region
from graph_schema.rules import line_of

_Column = Annotated[StrictStr, Field(min_length=1)]
_Name = Annotated[StrictStr, Field(pattern=r"^[^\s:/]+$")]


class FileMapping(BaseModel, extra="forbid", frozen=True):
    """What the columns of a file mean; a column is named as in the file's header.

    `region` (ISO 3166, two letters) is where a phone number without a country code is from: it is used in
    normalising the phones of `source`. `identifiers` names a column for each namespace, `traits` for each
    trait, one level nested where a trait is an object (`address.street`).
    """

    source: StrictStr
    record_id: _Column
    timestamp: _Column | None = None
    region: Region | None = None
    identifiers: dict[_Name, _Column] = Field(default_factory=dict)
    traits: dict[_Name, _Column | dict[_Name, _Column]] = Field(default_factory=dict)

    @field_validator("source")
    @classmethod
    def _nameable(cls, source: str) -> str:
        flaw = flaw_of_source(source)
        if flaw:
            raise ValueError(flaw)
        return source

    @model_validator(mode="after")
    def _said_once(self) -> "FileMapping":
        for name in ("email", "phone"):
            both = self.identifiers.get(name), self.traits.get(name)
            if None not in both and both[0] != both[1]:
                raise ValueError(
                    f"{name} is one column in [identifiers] and another in [traits]; "
                    "keep the one in [identifiers]."
                )
        paths = [path for path, _ in self.trait_columns()]
        for number, path in enumerate(paths):
            if any(path == other[: len(path)] for other in paths[:number] + paths[number + 1 :]):
                raise ValueError(f"traits.{'.'.join(path)} is given twice, or whole and in part; keep one.")
        return self

    def trait_columns(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each trait's path with its column."""
        for name, inside in self.traits.items():
            if isinstance(inside, str):
                yield tuple(name.split(".")), inside
            else:
                yield from (((name, part), column) for part, column in inside.items())

    def columns(self) -> dict[str, str]:
        """Every column that is asked for, with the key of the mapping that first names it."""
        return dict(reversed([(column, key) for key, column in self._named()]))

    def _named(self) -> Iterator[tuple[str, str]]:
        yield "record_id", self.record_id
        if self.timestamp is not None:
            yield "timestamp", self.timestamp
        for name, column in self.identifiers.items():
            yield f"identifiers.{name}", column
        for path, column in self.trait_columns():
            yield ".".join(("traits", *path)), column

    def check_columns(self, header: Iterable[str], where: str) -> None:
        """Raises MappingError for the first column that the file `where` does not have, or has twice."""
        present = list(header)
        for column, key in self.columns().items():
            if column not in present:
                raise MappingError(
                    f"there is no column {column!r}, which the mapping names for {key}",
                    where=where,
                    way_out=nearest(column, present),
                )
            if present.count(column) > 1:
                raise MappingError(
                    f"there are several columns {column!r}, so it can't be told which is {key}",
                    where=where,
                    way_out="Rename all but one of them",
                )


def load_mapping(path: str | Path) -> FileMapping:
    """The mapping of a TOML file. Raises MappingError with the line, the key and the nearest right one."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(
            "the mapping is not UTF-8 text", where=str(path), way_out="Save it as UTF-8"
        ) from None
    except OSError as error:
        what = f"the mapping can't be read: {error.strerror}"
        raise MappingError(what, where=str(path), way_out="Check the path") from error
    try:
        return FileMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"not TOML: {error}", where=str(path), way_out="See https://toml.io") from error
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    # A key that is missing may only be misspelt: the misspelt one says so better.
    first = min(details, key=lambda detail: (detail["type"] == "missing", line_of(text, detail["loc"]) or 0))
    line = line_of(text, first["loc"])
    what, way_out = _fault(first)
    raise MappingError(what, where=f"{path}, line {line}" if line else str(path), way_out=way_out)


def _fault(detail: ErrorDetails) -> tuple[str, str]:
    """A validation error in our words, and the way out."""
    path = [str(part) for part in detail["loc"]]
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"unknown key {key!r}", nearest(path[-1], FileMapping.model_fields)
    if detail["type"] == "missing":
        return f"{key!r} is missing", f'Add a line: {key} = "…"'
    if detail["type"] == "value_error":
        what, _, way_out = str(detail["ctx"]["error"]).rstrip(".").partition("; ")
        return (f"{key}: {what}" if key else what), way_out
    if path[0] in ("identifiers", "traits") and path[-1] == "[key]":
        return f"{path[-2]!r} can't be a name in [{path[0]}]", "Write one word, such as loyalty_card"
    if path[0] in ("identifiers", "traits") and len(path) == 1:
        return f"{key} is not a table", f'Write [{key}] and below it lines of name = "column"'
    if key in ("source", "region"):
        what, such = ("the name of a source", "crm") if key == "source" else ("a country", "FR")
        return f"{key} is not {what}", f'Write {key} = "{such}"'
    return (
        f"{'.'.join(path[:2])} does not name a column",
        f'Write {path[-1] if len(path) == 1 else path[1]} = "column"',
    )
