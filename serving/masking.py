"""What whoever has the role viewer sees of values: that there is one, and how it begins.

Everything is masked that is not known to be harmless, so that what is added later is masked until somebody
says otherwise here. Sentences are made again of what is masked.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from resolver.sentences import how_said, why_said

_OPEN: Final = frozenset(
    "person_id person_ids persons aliases founds judgement_id case_id kind namespace source sources relation "
    "state stage missing media channel currency product_id product category outcome reasons question word "
    "verdict by role op audience type title field reason from into next owner status what about url csrf "
    "way_out compared level bucket".split()
)
"""Keys whose texts say nothing that is a person's own. Numbers, truths and times are open anyway."""
_CLOSED: Final = frozenset({"message", "value", "alternatives", "shown"})
"""Keys below which nothing is open, whatever it is called: what sources said."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z)?")
_HINTED: Final = 6


def masked(value: Any, key: str = "", closed: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """A document with the values hidden."""
    if isinstance(value, Mapping):
        return _masked_document(value, key, closed)
    if isinstance(value, list | tuple):
        return [masked(one, key, closed) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if closed:
        return hidden(str(value))
    if not isinstance(value, str) or key in _OPEN or _TIME.fullmatch(value):
        return value
    return hidden(value)


def hidden(text: str) -> str:
    """What is shown in the place of a value."""
    return f"{text[0]}•••" if len(text) >= _HINTED else "•••"


def _masked_document(value: Mapping[str, Any], key: str, closed: bool) -> dict[str, Any]:
    inner = closed or (key in _CLOSED and "recency_days" not in value)
    found = {
        name: masked(one, name, inner or (name in _CLOSED and not isinstance(one, Mapping)))
        for name, one in value.items()
        if name != "sentences"
    }
    if inner:
        return found
    if isinstance(value.get("name"), str):
        found["name"] = _name(value)
    if "detail" in value and (
        str(value.get("type", "")).startswith(("urn:onefold:", "about:")) or _told(value)
    ):
        found["detail"] = value["detail"]
    if "sentences" in value:
        found["sentences"] = how_said(found) if "steps" in value else why_said(found)
    return found


def _told(value: Mapping[str, Any]) -> bool:
    """Whether a case's detail is a word of the rules."""
    return value.get("kind") in ("unique", "alias", "reward")


def _name(value: Mapping[str, Any]) -> str:
    """The name of a record without what it holds; names of products and of events of the Spec stay."""
    if "product_id" in value or value.get("type") == "track":
        return str(value["name"])
    if "record_id" in value and "source" in value:
        return f"a record of {value['source']}" if value["source"] else "an erased record"
    return hidden(str(value["name"]))
