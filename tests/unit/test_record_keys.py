"""Which record an event belongs to, by what it names."""

import pytest

from graph_schema.messages import Message, read_message
from graph_schema.rules import load_rules
from graph_schema.vocabulary import RecordKey
from resolver.identify import Identifying
from resolver.plan import Plan

RULES = load_rules()


def key(row: str | None, user: str) -> RecordKey:
    told = {"type": "identify", "source": "crm", "userId": user, "context": {"recordId": row}}
    message = read_message(told)
    assert isinstance(message, Message)
    return Identifying(RULES, Plan.of(RULES)).identify(message).record


def test_a_row_of_one_key_is_one_record_whoever_it_tells_of() -> None:
    assert key("4711", "u-1") == key("4711", "u-2") == RecordKey("crm", "4711")


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", " \u3000 "])
def test_a_blank_key_of_a_row_is_none(blank: str) -> None:
    """Else all rows whose key was left blank would be one record, and so one person."""
    assert key(blank, "u-1") == key(None, "u-1")
    assert key(blank, "u-1") != key(blank, "u-2")
