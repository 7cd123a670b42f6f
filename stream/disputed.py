"""The part of the workspace that is about what stands between records: words, ambiguities and cases."""

from collections.abc import Collection, Mapping, Set

from graph_schema.store import StoredCase
from graph_schema.vocabulary import Judgement, Record
from stream.awaited import Awaited
from stream.holding import Holders


class Disputed(Holders):
    """What a batch reads and changes of what keeps records apart, or may."""

    awaited: Awaited
    any_judgements: bool

    def _fresh_cases(self) -> None:
        self._closed: dict[int, int] = {}
        """How many cases this batch had opened when those of a record were closed."""

    def judgements(self, records: Collection[int]) -> Collection[Judgement]:
        """The judgements, not retracted, that name one of these records; those of this batch among them."""
        stored = self.tx.judgements(records) if self.any_judgements else ()
        new = self.awaited.words
        ours = self.awaited.of({one.key for one in self.records(records).values()}) if new else ()
        standing = [*(one for one in stored if one.judgement_id not in new), *ours]
        return [one for one in standing if one.retracted_at is None]

    def settle(self, records: Set[int]) -> None:
        """Takes back every ambiguity of these records, and every case that names one; of this batch too."""
        self.writes.related_gone |= records
        self.writes.cases_gone |= records
        for one in records:
            self.writes.related.pop(one, None)
        self._closed.update(dict.fromkeys(records, len(self.writes.cases)))

    def _open_cases(self) -> list[StoredCase]:
        """The cases of this batch that were not closed again."""
        closed, opened = self._closed, enumerate(self.writes.cases)
        return [case for at, case in opened if all(closed.get(one, 0) <= at for one in case.records)]

    def records(self, ids: Collection[int]) -> Mapping[int, Record]:
        """Records by id, as this batch sees them."""
        raise NotImplementedError
