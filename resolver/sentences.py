"""Explanations in plain English, from the documents that ``resolver.explain`` makes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from graph_schema.store import Document

_SHOWN = 5


def why_said(document: Document) -> list[str]:
    """One sentence a link of the path, or a reason."""
    a, b = document["a"]["name"], document["b"]["name"]
    path = document["path"]
    if len(path) == 1:
        return [f"Both are one record: {path[0]['record']['name']}."]
    if path:
        return [
            text
            for place in range(1, len(path), 2)
            for text in [_linked(*path[place - 1 : place + 2]), *_waterfall(path[place].get("likeness"))]
        ]
    if document["outcome"] == "one_person":
        return [f"{_capital(a)} and {b} are one person."]
    alike = _waterfall(document["likeness"])
    if not document["reasons"]:
        nothing = f"Nothing connects {a} and {b}: they share no identifier, and no judgement speaks of both."
        if not alike:
            return [nothing]
        bits, merge = document["likeness"]["bits"], document["likeness"]["merge"]
        return [
            nothing,
            f"What they say weighs {bits:+.1f} bits for one person; it takes {merge:+.1f}.",
            *alike,
        ]
    weighed = any(one["kind"] == "veto" or "bits" in one for one in document["reasons"])
    return [*(_REASONS[one["kind"]](one) for one in document["reasons"]), *(alike if weighed else ())]


def how_said(document: Document) -> list[str]:
    """Her records, then a sentence a step, then what was refused."""
    names = [one["name"] for one in document["records"]]
    told = [f"One person of {counted(len(names), 'record')}: {_listed(names)}."]
    for number, step in enumerate(document["steps"]):
        parts = [_part([one["name"] for one in part]) for part in step["joined"]]
        told.append(f"{'Then' if number else 'First'} {_by(step)} joined {_listed(parts)}.")
        told += _waterfall(step.get("likeness"))
    for refused in document["kept_apart"]:
        for one in refused["reasons"]:
            told.append(f"Not {refused['from']['name']}. {_REASONS[one['kind']](one)}")
    return told


def _waterfall(likeness: Document | None) -> list[str]:
    """A line for each weight, the way from nothing to the sum."""
    if not likeness or "steps" not in likeness:
        return []
    told = [f"    {one['bits']:+6.1f} bits  {one['compared']}: {one['level']}" for one in likeness["steps"]]
    return [*told, f"    {likeness['bits']:+6.1f} bits  in all"]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 event", "12,000 events"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _listed(texts: Sequence[str]) -> str:
    shown = list(texts[:_SHOWN])
    if len(texts) > _SHOWN:
        shown.append(f"{len(texts) - _SHOWN:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _part(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (with {counted(len(names) - 1, 'record')} more)"


def _identifiers(held: Sequence[Document]) -> str:
    if not held:
        return "judgements"
    return _listed([f"{one['namespace']} {one['value']}" for one in held])


def _by(step: Document) -> str:
    if step["judgements"]:
        return _listed([f"a judgement of {_spoken(one)}" for one in step["judgements"]])
    return _identifiers(step["values"]) if step["values"] else "likeness of names, dates and addresses"


def _spoken(judgement: Mapping[str, Any]) -> str:
    on = f" on {judgement['at'][:10]}" if judgement["at"] else ""
    because = f" ({judgement['why']})" if judgement["why"] else ""
    return f"{judgement['by']}{on}{because}"


def _linked(one: Document, link: Document, two: Document) -> str:
    both = f"{_capital(one['record']['name'])} and {two['record']['name']} are one person"
    if "judgement" in link:
        return f"{both} by a judgement of {_spoken(link['judgement'])}."
    if "identifier" not in link:
        mean = link["likeness"]["mean_bits"]
        return f"{both} because their names, dates and addresses are alike ({mean:+.1f} bits in the mean)."
    seen = [_seen(each) for each in link["seen"]]
    claim = ", which one of them only claims" if any(each["claimed"] for each in link["seen"]) else ""
    when = seen[0] if seen[0] == seen[1] else " and ".join(seen)
    return f"{both} because both hold {_identifiers([link['identifier']])}{claim} (seen {when})."


def _seen(seen: Document) -> str:
    if seen["first_seen"] is None:
        return "at no known time"
    first, last = seen["first_seen"][:10], seen["last_seen"][:10]
    return first if first == last else f"{first} to {last}"


def _hold(reason: Document) -> str:
    by = _identifiers(reason["by"])
    if not reason["by"]:
        return "they are alike" if "bits" in reason else "judgements connect them"
    return (
        f"both hold {by}"
        if reason.get("direct", True)
        else f"{by} connect{'' if len(reason['by']) > 1 else 's'} them"
    )


def _unique(reason: Document) -> str:
    name = reason["namespace"]
    values = f"{name} {_listed(reason['a'])} ≠ {_listed(reason['b'])}"
    return f"Kept apart: {_hold(reason)}, but {values} and {name} is unique."


def _ambiguous(reason: Document) -> str:
    names = _listed([one["name"] for one in reason["between"]])
    by = "likeness" if reason.get("matching") else _identifiers(reason["by"])
    return (
        f"{_capital(reason['part']['name'])} belongs to one of several persons and nobody can say to whom: "
        f"by {by} it could be of {names}, who are kept apart."
    )


def _generic(reason: Document) -> str:
    if reason["namespace"] is None:
        many = f"more than {reason['above']:,} records hold it"
    else:
        many = f"its holders hold more than {reason['above']} different values of {reason['namespace']}"
    return f"Both hold {_identifiers(reason['by'])}, but it is generic: {many}, so it links nothing."


def _lease(reason: Document) -> str:
    until, since = (str(reason[name])[:10] for name in ("until", "since"))
    return (
        f"Both held {_identifiers(reason['by'])}, but it was not seen between {until} and {since}, longer "
        f"than its lease of {reason['lease_days']} days: it may have a new owner."
    )


_REASONS: Final[Mapping[str, Callable[[Document], str]]] = {
    "judgement": lambda one: f"Kept apart by a judgement of {_spoken(one)}.",
    "unique": _unique,
    "veto": lambda one: (
        f"Kept apart: {_hold(one)}, but their names and birth dates speak against one person."
    ),
    "review": lambda one: (
        f"Alike, but not enough to be one person ({one['bits']:+.1f} bits): a steward may say."
    ),
    "known": lambda one: (
        f"Kept apart: {_hold(one)}, but that joins anonymous evidence only, and each is known without it."
    ),
    "entangled": lambda one: (
        f"Kept apart: {_hold(one)}, but judgements keep each of them apart from others whom it connects too."
    ),
    "ambiguous": _ambiguous,
    "owner": lambda one: (
        f"{_capital(one['part']['name'])} is tied to both by {_identifiers(one['by'])}, and by the rules "
        f"belongs to whoever held it {one['owner']}."
    ),
    "alias": lambda one: (
        f"An alias of {one['source']} says that they are one, but {one['source']} is not trusted with that: "
        "a steward may say so."
    ),
    "undeclared": lambda one: (
        f"Both hold {_identifiers(one['by'])}, but the rules declare no such namespace."
    ),
    "generic": _generic,
    "blocked": lambda one: (
        f"Both hold {_identifiers(one['by'])}, but it is blocked and says nothing of anybody."
    ),
    "lease": _lease,
    "claimed": lambda one: (
        f"Both name {_identifiers(one['by'])}, but one of them only claims it, and a claim joins nobody "
        "who is known."
    ),
    "unattributed": lambda one: (
        f"Both hold {_identifiers(one['by'])}, but all that {one['part']['name']} says of a person is "
        "generic, so it joins nothing by that."
    ),
    "outweighed": lambda one: (
        f"Both hold {_identifiers(one['by'])}, but stronger evidence had parted them before."
    ),
}
