"""What persons are called, many at once: for lists that else would tell of ids alone."""

from collections.abc import Iterable

from graph_schema.store import Document
from profiles.profile_rules import profile_rules
from profiles.survivorship import attribute_value
from stream.reader import Reader


def called(reader: Reader, person_ids: Iterable[str]) -> dict[str, str]:
    """The golden names of persons by their ids, former ones too; who has none is left out."""
    founded = reader.tx.founded(set(person_ids))
    records = reader.tx.records(set(founded.values()))
    states = reader.tx.profiles({record.person for record in records.values()})
    names = {one: name_of(states.get(records[record].person, {}), reader) for one, record in founded.items()}
    return {one: name for one, name in names.items() if name}


def name_of(state: Document, reader: Reader) -> str:
    """A person's golden name, "" where nobody gave one."""
    settings = profile_rules(reader.intake.rules).settings
    given = [attribute_value(state, name, settings) for name in ("firstName", "lastName")]
    return " ".join(str(one) for one in given if one) or str(attribute_value(state, "name", settings) or "")
