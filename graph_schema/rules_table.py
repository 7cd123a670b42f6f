"""What every table of the rules is as a type."""

from pydantic import BaseModel


class RulesTable(BaseModel, frozen=True, extra="forbid"):
    """A table of the rules: it stays as it was written, and a key that nobody knows is a mistake."""
