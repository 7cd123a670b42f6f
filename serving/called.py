"""What persons are called, many at once: for lists that else would tell of ids alone."""

from collections.abc import Iterable

from stream.comparing import name_of
from stream.reader import Reader


def called(reader: Reader, person_ids: Iterable[str]) -> dict[str, str]:
    """The golden names of persons by their ids, former ones too; who has none is left out."""
    founded = reader.tx.founded(set(person_ids))
    records = reader.tx.records(set(founded.values()))
    states = reader.tx.profiles({record.person for record in records.values()})
    names = {one: name_of(states.get(records[record].person, {}), reader) for one, record in founded.items()}
    return {one: name for one, name in names.items() if name}
