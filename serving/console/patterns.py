"""What the page of patterns shows: made-up content that brings every component into each of its states."""

from typing import Any, Final

from serving.waiting import QueueFilter

_ANA: Final[dict[str, Any]] = {
    "person_id": "per_408Y59MVRAN7YVVT",
    "called": "Ana Lima",
    "records": 4,
    "sources": ["crm", "web"],
    "orders": 2,
    "total": 46.4,
    "currency": "EUR",
    "last_seen": "2026-03-02T17:30:00Z",
}
_BO: Final[dict[str, Any]] = {
    **_ANA,
    "person_id": "per_R4MKCHRHBXZSSEQQ",
    "called": "Bo Lima",
    "records": 1,
    "orders": 0,
    "total": 0,
}
_SAID: Final = {"source": "crm", "at": "2026-03-02T09:00:00Z", "first": True}


def _row(field: str, verdict: str, a: list[str], b: list[str], more: int = 0) -> dict[str, Any]:
    sides = {name: [{**_SAID, "value": one} for one in said] for name, said in (("a", a), ("b", b))}
    return {"field": field, "verdict": verdict, **sides, "more": [more, 0]}


def _follows(*now: int) -> dict[str, Any]:
    return {
        "was": [
            {"person_id": _ANA["person_id"], "records": 4},
            {"person_id": _BO["person_id"], "records": 1},
        ],
        "now": [{"person_id": _ANA["person_id"], "records": one} for one in now],
        "orders": 2 if len(now) == 1 else 0,
        "audiences": [{"audience": "lapsed", "gains": 0, "loses": 1}] if len(now) == 1 else [],
    }


def _case(kind: str, by: str | None) -> dict[str, Any]:
    return {
        "case_id": f"case_{kind}_EXAMPLE",
        "kind": kind,
        "persons": [_ANA["person_id"], _BO["person_id"]],
        "called": [_ANA["called"], _BO["called"]],
        "identifiers": [{"namespace": "email", "value": "ana.lima@example.com"}],
        "detail": "user_id",
        "records": 5,
        "orders": 2,
        "total": 46.4,
        "currency": "EUR",
        "by": by,
    }


def _decision(now: int, *persons: str, holds: bool = True) -> dict[str, Any]:
    told = {"judgement_id": "jud_example", "kind": "same", "at": "2026-03-02T17:30:00Z", "records": 4}
    return {**told, "now": now, "persons": list(persons), "holds": holds, "changed": now != 4 or not holds}


CONTENT: Final[dict[str, Any]] = {
    "a": _ANA,
    "b": _BO,
    "rows": [
        _row("firstName", "conflict", ["Ana"], ["Bo"]),
        _row("lastName", "agree", ["Lima"], ["Lima"]),
        _row("birthday", "absent", ["1988-05-17"], []),
        _row("email", "agree", ["ana.lima@example.com"], ["ana.lima@example.com"], 3),
        _row("phone", "differ", ["+33612345678"], ["+33698765432"]),
    ],
    "weights": [
        {"compared": "firstName", "level": "unlike", "bits": -4.2},
        {"compared": "lastName", "level": "the same, seldom", "bits": 6.8},
        {"compared": "birthday", "level": "one digit off", "bits": 2.1},
        {"compared": "address", "level": "same street", "bits": 4.4},
    ],
    "follows": {"same": _follows(5), "different": _follows(4, 1)},
    "cases": [_case(kind, by) for kind, by in (("unique", None), ("veto", "Mia"), ("review", None))]
    + [_case("alias", None), _case("reward", None)],
    "decided": [
        _decision(4, _ANA["person_id"]),
        _decision(6, _ANA["person_id"]),
        _decision(4, _ANA["person_id"], _BO["person_id"], holds=False),
        _decision(0, holds=False),
    ],
    "wanted": QueueFilter(namespace="email", least=20, q="lima"),
    "counts": {
        "kind": [{"bucket": "veto", "count": 2}],
        "state": [{"bucket": "free", "count": 4}, {"bucket": "aside", "count": 1}],
        "namespace": [{"bucket": "email", "count": 3}, {"bucket": "phone", "count": 2}],
        "source": [{"bucket": "crm", "count": 5}, {"bucket": "web", "count": 4}],
    },
    "names": {_ANA["person_id"]: _ANA["called"]},
    "bars": [{"bucket": "1", "count": 120}, {"bucket": "2", "count": 48}, {"bucket": "3–5", "count": 0}],
    "done": {"judgement_id": "jud_example", "kind": "same", "retracted": False, "records": 5},
    "undone": {"judgement_id": "jud_example", "kind": "same", "retracted": True, "records": 5},
}
