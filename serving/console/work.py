"""The stewards' work: the queue, a case, the answer, the way back."""

from collections import Counter
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from graph_schema.errors import UnknownPerson
from graph_schema.store import Document
from graph_schema.vocabulary import Judgement
from serving.console import sessions
from serving.console.called import called
from serving.console.decided import Only, decided
from serving.console.pages import go, page
from serving.console.queue import Queue, shown
from serving.service import Service, TheService
from stream.cases import open_case, undecided
from stream.comparing import compare
from stream.desk import check_free, claim_next, claims
from stream.judging import Judging, Word
from stream.rehearsal import consequences
from stream.seeing import seen
from stream.stewarding import Doer, give, take_back

_SHOWN: Final = 100
_RECENT: Final = 8

router = APIRouter(dependencies=[Depends(sessions.principal_of)])

Token = Annotated[str, Form()]


@router.get("/queue")
def queue_page(request: Request, service: TheService, kind: str = "", done: str = "") -> Response:
    """What waits, the most consequential first, and what was decided lately."""
    steward = sessions.steward_of(request)
    queue: Queue = request.app.state.queue
    snapshot = queue.now()
    kinds = Counter(one.case.kind for one in snapshot.waiting)
    chosen = [one for one in snapshot.waiting if kind in ("", one.case.kind)]
    with service.reader() as reader:
        working = claims(reader.tx, service.engine.clock())
        recent = decided(reader, steward.name, "all", most=_RECENT).shown
        names = called(reader, {each for one in recent for each in one["persons"]})
    return page(
        request,
        "queue.html",
        cases=[shown(one, working.get(one.case.case_id)) for one in chosen[:_SHOWN]],
        more=max(0, len(chosen) - _SHOWN),
        kinds=[{"kind": name, "count": number} for name, number in sorted(kinds.items())],
        kind=kind if kind in kinds else "",
        open=len(snapshot.waiting),
        decided=snapshot.decided,
        working=len(working),
        recent=recent,
        names=names,
        done=told_of(service, done),
    )


@router.get("/decided")
def decided_page(request: Request, service: TheService, only: Only = "changed", after: str = "") -> Response:
    """What this steward decided, and what changed since."""
    steward = sessions.steward_of(request)
    with service.reader() as reader:
        told = decided(reader, steward.name, only, after)
        names = called(reader, {each for one in told.shown for each in one["persons"]})
    return page(request, "decided.html", shown=told.shown, after=told.after, only=only, names=names)


@router.post("/next")
def next_case(
    request: Request, service: TheService, csrf: Token, skipped: Annotated[str, Form()] = ""
) -> Response:
    """Gives the next case, to nobody else for a while."""
    sessions.check_form(request, csrf)
    return _onward(request, service, skipped or None, "")


@router.get("/cases/{case_id}")
def case_page(request: Request, service: TheService, case_id: str, done: str = "") -> Response:
    """One case: its first two persons whom nobody has decided about yet, beside each other."""
    with service.reader() as reader:
        case = open_case(reader, case_id)
        if case is None:
            return page(request, "closed.html", 410, case_id=case_id, done=told_of(service, done))
        if len(case.persons) < 2:
            return go(request, f"/console/persons/{case.persons[0]}")
        a, b = undecided(reader, case.persons)
        content = _pair(service, reader, a, b)
        working = claims(reader.tx, service.engine.clock()).get(case_id)
        content["case"] = {
            "case_id": case_id,
            "kind": case.kind,
            "detail": case.detail,
            "persons": list(case.persons),
            "identifiers": [{"namespace": one.namespace, "value": one.value} for one in case.identifiers],
            "by": working,
        }
    return page(request, "pair.html", **content, done=told_of(service, done))


@router.get("/pair")
def pair_page(request: Request, service: TheService, a: str, b: str, done: str = "") -> Response:
    """Any two persons beside each other, to merge or to keep apart."""
    with service.reader() as reader:
        ids = [reader.find(one.strip()).person.person_id for one in (a, b)]
        if ids[0] == ids[1]:
            return go(request, f"/console/persons/{ids[0]}")
        content = _pair(service, reader, *ids)
    return page(request, "pair.html", **content, case=None, done=told_of(service, done))


class Answered(BaseModel):
    """An answer about two persons, as the form sends it."""

    kind: Literal["same", "different"]
    a: str
    b: str
    csrf: str
    seen: str
    why: str = Field("", max_length=2_000)
    case: str = ""


@router.post("/judge")
def judge(request: Request, service: TheService, said: Annotated[Answered, Form()]) -> Response:
    """Takes an answer about two persons, if they are still what was seen."""
    principal = sessions.principal_of(request)
    principal.must("steward")
    sessions.check_form(request, said.csrf)
    then = sessions.unsealed(said.seen)
    word = Word(said.kind, [said.a], [said.b], service.engine.clock(), principal.name, said.why.strip())
    steward = sessions.steward_of(request)

    def write() -> Judgement:
        if said.case:
            with service.engine.store.read() as tx:
                check_free(tx, said.case, steward, service.engine.clock())
        return give(service.engine, word, principal.role, then, (said.case,) if said.case else ())

    judgement = service.commits.run(write)
    if said.case:
        request.app.state.queue.close(said.case)
        return _onward(request, service, None, judgement.judgement_id)
    request.app.state.queue.again()
    return go(request, f"/console/persons/{said.a}?done={judgement.judgement_id}")


@router.post("/undo")
def undo(request: Request, service: TheService, judgement: Annotated[str, Form()], csrf: Token) -> Response:
    """Takes a judgement back."""
    principal = sessions.principal_of(request)
    principal.must("steward")
    sessions.check_form(request, csrf)
    doer = Doer(principal.name, principal.role)
    given = service.commits.run(lambda: take_back(service.engine, judgement, doer))
    request.app.state.queue.again()
    return go(request, f"/console/queue?done={given.judgement_id}")


def _onward(request: Request, service: Service, skipped: str | None, done: str) -> Response:
    """To the next case, or to the queue where there is none."""
    sessions.principal_of(request).must("steward")
    queue: Queue = request.app.state.queue
    steward = sessions.steward_of(request)
    waiting = [one.case.case_id for one in queue.now().waiting]
    given = service.commits.run(lambda: claim_next(service.engine, steward, waiting, queue.is_open, skipped))
    told = f"?done={done}" if done else ""
    return go(request, f"/console/cases/{given}{told}" if given else f"/console/queue{told}")


def _pair(service: Service, reader: Judging, a: str, b: str) -> Document:
    """Two persons, what follows from each answer, and what was seen."""
    now = service.engine.clock()
    content = compare(reader, a, b, now)
    content["follows"] = {}
    for kind in ("same", "different"):
        word = Word("same" if kind == "same" else "different", [a], [b], now, "", "")
        content["follows"][kind] = consequences(service.engine, reader.tx, reader.judgement(word))
    content["seen"] = sessions.sealed(seen(reader, (a, b)))
    return content


def told_of(service: Service, judgement_id: str) -> Document | None:
    """The judgement that was given or taken back just now, to tell of it and to offer the way back."""
    if not judgement_id:
        return None
    with service.reader() as reader:
        try:
            given = reader.retracted(judgement_id, 0)
        except UnknownPerson:
            return None
    return {
        "judgement_id": given.judgement_id,
        "kind": given.kind,
        "retracted": bool(given.retracted_at),
        "records": len(given.a) + len(given.b),
    }
