"""Messages of the Segment Spec as they come in: each becomes a `Message`, or a `Rejected` with field and reason."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Message(NamedTuple):
    """A message that holds to section 3 of the design; `at` is microseconds since 1970 UTC, None for no time."""

    source: str
    message_id: str
    type: str
    name: str | None
    at: int | None
    stamped: bool
    body: dict[str, Any]
    content: bytes


class Rejected(NamedTuple):
    """A message that can't be taken: the field (dotted path), the reason with its way out, and what came."""

    source: str | None
    message_id: str | None
    field: str
    reason: str
    raw: bytes


def read_message(
    raw: bytes | Mapping[str, Any], source: str | None = None, stamp: int | None = None
) -> Message | Rejected:
    """Types one message; never raises for what the message holds."""
    raise NotImplementedError


def read_batch(
    raw: bytes | Mapping[str, Any], source: str | None = None, stamp: int | None = None
) -> list[Message | Rejected]:
    """Types each message of a `batch` body; a body that is no batch gives one `Rejected`."""
    raise NotImplementedError
