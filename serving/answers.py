"""The questions that resolve anew or trace the resolver: each is a function given to the server."""

from collections.abc import Callable
from dataclasses import dataclass

from graph_schema.errors import OnefoldError
from graph_schema.rules import Rules
from graph_schema.store import Document, Store
from stream.reader import Reader


class NotServed(OnefoldError):
    """This server was made without the answer to such questions."""

    status = 501


def _as_of(store: Store, rules: Rules, id_key: bytes, reference: str, at: int, by: str) -> Document:
    raise NotServed("profiles as of an earlier time are not served here")


def _why(reader: Reader, a: str, b: str) -> Document:
    raise NotServed("the evidence between two records is not told here")


def _how(reader: Reader, reference: str) -> Document:
    raise NotServed("how a person came to be is not told here")


@dataclass(frozen=True)
class Answers:
    """``as_of``: the golden profile by the evidence received (or, by "event", that had happened) by then,
    with the clock then. ``why``: what joins two references or keeps them apart. ``how``: her history."""

    as_of: Callable[[Store, Rules, bytes, str, int, str], Document] = _as_of
    why: Callable[[Reader, str, str], Document] = _why
    how: Callable[[Reader, str], Document] = _how
