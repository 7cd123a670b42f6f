"""Finding and looking back: search, merges and splits, the audit log, values, health, and every component."""

from importlib.resources import files
from typing import Annotated, Any, Final

import yaml
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import Audited, Change
from profiles.moments import iso
from resolver.founding import is_person_id
from serving.console import sessions
from serving.console.pages import page
from serving.feed import LAST
from serving.question import Question
from serving.service import TheService
from serving.waiting import QueueFilter
from stream.comparing import names_of, side
from stream.feed import shown
from stream.searching import MOST, search

_PAGE: Final = 50
_LOOKED_THROUGH: Final = 5_000
_AT_ONCE: Final = 1_000

Before = Annotated[int, Query(ge=0, le=LAST)]

router = APIRouter(route_class=Question, dependencies=[Depends(sessions.principal_of)])


@router.get("/search")
def search_page(request: Request, service: TheService, q: str = "") -> Response:
    """Persons by identifier, id, record or name, with typing errors."""
    hits: list[Document] = []
    with service.engine.reader() as reader:
        for hit in search(reader, q[:200]):
            profile = reader.profile_of(hit.found, service.engine.clock())
            hits.append({**side(profile), "by": hit.by, "held": _strongest(profile)})
    return page(request, "search.html", query=q[:200], hits=hits, asked=bool(q.strip()), most=MOST)


@router.get("/changes")
def changes_page(request: Request, service: TheService, before: Before = 0) -> Response:
    """Recent merges and splits, the newest first."""
    with service.engine.reader() as reader:
        told, oldest = recent_changes(reader.tx, before)
        names = names_of(reader, {each for one in told for each in (one.person_id, *one.went_into)})
    return page(
        request,
        "changes.html",
        changes=[shown(one) for one in told],
        before=oldest,
        first=not before,
        names=names,
    )


@router.get("/audit")
def audit_page(request: Request, service: TheService, before: Before = 0) -> Response:
    """Who did what, when and why, the newest first."""
    with service.engine.reader() as reader:
        entries = reader.tx.audit(before or None, _PAGE)
        given = reader.tx.given([each for one in entries for each in one.about if each.startswith("jud_")])
        standing = {one.judgement_id for one in given.values() if one.retracted_at is None}
        names = names_of(reader, {each for one in entries for each in one.about if is_person_id(each)})
    shown = [_entry(one, standing) for one in entries]
    before = entries[-1].seq if len(entries) == _PAGE else 0
    return page(request, "audit.html", entries=shown, before=before, names=names)


@router.get("/values")
def values_page(request: Request) -> Response:
    """Values that link nothing: generic by themselves, or blocked by the rules."""
    return page(request, "values.html", survey=request.app.state.surveys.last())


@router.get("/health")
def health_page(request: Request) -> Response:
    """The graph in pictures: how big persons are, how it grows, what is refused."""
    return page(request, "health.html", survey=request.app.state.surveys.last())


@router.get("/patterns")
def patterns_page(request: Request) -> Response:
    """Every component in each of its states."""
    content = yaml.safe_load(files("serving.console").joinpath("patterns.yaml").read_text("utf-8"))
    wanted = QueueFilter(namespace="email", least=20, q="lima")
    return page(request, "patterns.html", **content, wanted=wanted)


def recent_changes(tx: Transaction, before: int) -> tuple[list[Change], int]:
    """Merges, splits and erasures below a number of the feed, and the number to go on below (0: no more)."""
    end = before - 1 if before else tx.last_change()
    stop = max(0, end - _LOOKED_THROUGH)
    found: list[Change] = []
    while end > stop and len(found) < _PAGE:
        start = max(stop, end - _AT_ONCE)
        part = [one for one in tx.changes(start, end - start) if one.kind in ("merged", "split", "erased")]
        found += reversed(part)
        end = start
    shown = found[:_PAGE]
    if len(found) > _PAGE:
        return shown, shown[-1].seq
    return shown, end + 1 if end > 0 else 0


def _entry(one: Audited, standing: set[str]) -> dict[str, Any]:
    judgement = next((each for each in one.about if each.startswith("jud_")), None)
    stands = one.what in ("same", "different") and judgement in standing
    return {
        **one._asdict(),
        "at": iso(one.at),
        "said": one.why,
        "judgement_id": judgement if stands else None,
    }


def _strongest(profile: Document) -> list[Document]:
    return [
        {"namespace": one["namespace"], "value": one["shown"], "generic": one["generic"]}
        for one in profile["identifiers"][:3]
    ]
