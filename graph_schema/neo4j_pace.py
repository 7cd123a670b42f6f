"""How a process goes about its batches beside others, by what became of its last ones."""

from typing import Final

_QUIET: Final = 4
_MOST: Final = 64


class Pace:
    """Whether others write too, and whether to stand in line before working a batch out or only after it.

    Who is overtaken stands in line first for some batches, for twice as many each time in a row: so two who
    write about the same people take turns, and neither works in vain. ``first`` says that it does so now.
    """

    def __init__(self) -> None:
        self._quiet = 0
        self._whole = False
        self._in_a_row = 0
        self._left = 0

    @property
    def first(self) -> bool:
        """Whether the batch at hand stands in line before it is worked out."""
        return self._left > 0

    def begins(self, others_wrote: bool) -> bool:
        """Notes whether others wrote since the last batch; returns whether all that is remembered of it
        holds, and nobody is likely to write meanwhile."""
        self._quiet = 0 if others_wrote else self._quiet + 1
        return self._whole and not others_wrote and (self.first or self._quiet >= _QUIET)

    def passed(self, others_wrote: bool) -> None:
        """A batch is written; whether others wrote while it was worked out."""
        self._whole = True
        self._quiet = 0 if others_wrote else self._quiet
        if self.first:
            self._left -= 1
        else:
            self._in_a_row = 0

    def overtaken(self) -> None:
        """A batch was worked out in vain."""
        self.broken()
        self._left = min(_MOST, 2**self._in_a_row)
        self._in_a_row += 1

    def broken(self) -> None:
        """A batch failed."""
        self._whole = False
        self._quiet = 0
