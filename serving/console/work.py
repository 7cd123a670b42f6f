"""The stewards' work: the queue, a case, the answer, the way back."""

import re
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from graph_schema.store import Document, Transaction
from graph_schema.vocabulary import Judgement, JudgementKind
from serving.console import sessions
from serving.console.decided import Only, decided
from serving.console.pages import came_from, go, page
from serving.console.queue import Queue, shown
from serving.question import Question
from serving.service import Service, TheService
from serving.stewardship import shown_case
from serving.waiting import CaseFilter, QueueFilter, State
from stream.cases import open_case, undecided
from stream.comparing import compare, names_of
from stream.desk import Steward, check_free, claim_next, claims, put_aside
from stream.judging import Judging, UnknownJudgement, Word
from stream.rehearsal import consequences
from stream.seeing import seen
from stream.stewarding import Doer, give, take_back

_SHOWN: Final = 100
_ANSWERS: Final = 100
_RECENT: Final = 8
_PERSON: Final = re.compile(r"/console/persons/[^/?]+")

router = APIRouter(route_class=Question, dependencies=[Depends(sessions.principal_of)])

Token = Annotated[str, Form()]


def _wanted(request: Request, asked: Annotated[QueueFilter, Query()]) -> CaseFilter:
    """The part of the queue that somebody works on: it stands in the address of each page until they leave
    it."""
    wanted = asked.of_viewer() if sessions.principal_of(request).role == "viewer" else asked
    request.state.within = wanted.query()
    return wanted


Wanted = Annotated[CaseFilter, Depends(_wanted)]


@router.get("/queue")
def queue_page(request: Request, service: TheService, wanted: Wanted, done: str = "") -> Response:
    """What waits, the most consequential first, and what was decided lately."""
    steward = sessions.steward_of(request)
    queue: Queue = request.app.state.queue
    snapshot = queue.now()
    with service.engine.reader() as reader:
        working = claims(reader.tx, service.engine.clock())
        chosen, counts = wanted.choose(snapshot.waiting, _states(service, reader.tx, steward))
        recent = decided(reader, steward.name, "all", most=_RECENT).shown
        names = names_of(reader, {each for one in recent for each in one["persons"]})
    return page(
        request,
        "queue.html",
        cases=[shown(one, working.get(one.case.case_id)) for one in chosen[:_SHOWN]],
        more=max(0, len(chosen) - _SHOWN),
        wanted=wanted,
        counts={
            part: [{"bucket": name, "count": number} for name, number in found.most_common(_ANSWERS)]
            for part, found in counts.items()
        },
        found=len(chosen),
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
    with service.engine.reader() as reader:
        told = decided(reader, steward.name, only, after)
        names = names_of(reader, {each for one in told.shown for each in one["persons"]})
    return page(request, "decided.html", shown=told.shown, after=told.after, only=only, names=names)


@router.post("/next")
def next_case(
    request: Request, service: TheService, wanted: Wanted, csrf: Token, skipped: Annotated[str, Form()] = ""
) -> Response:
    """Gives the next case, to nobody else for a while."""
    sessions.check_form(request, csrf)
    return _onward(request, service, wanted, skipped or None)


@router.get("/cases/{case_id}")
def case_page(
    request: Request, service: TheService, wanted: Wanted, case_id: str, done: str = ""
) -> Response:
    """One case: its first two persons whom nobody has decided about yet, beside each other."""
    with service.engine.reader(whole=True) as reader:
        case = open_case(reader, case_id)
        if case is None:
            return page(request, "closed.html", 410, case_id=case_id, done=told_of(service, done))
        if len(case.persons) < 2:
            return go(f"/console/persons/{case.persons[0]}")
        a, b = undecided(reader, case.persons)
        content = _pair(service, reader, a, b)
    with service.engine.store.read() as tx:
        working = claims(tx, service.engine.clock()).get(case_id)
    content["case"] = {**shown_case(case), "by": working}
    return page(request, "pair.html", **content, done=told_of(service, done))


@router.get("/pair")
def pair_page(request: Request, service: TheService, a: str, b: str, done: str = "") -> Response:
    """Any two persons beside each other, to merge or to keep apart."""
    with service.engine.reader(whole=True) as reader:
        ids = [reader.find(one.strip()).person.person_id for one in (a, b)]
        if ids[0] == ids[1]:
            return go(f"/console/persons/{ids[0]}")
        content = _pair(service, reader, *ids)
    return page(request, "pair.html", **content, case=None, done=told_of(service, done))


class Answered(BaseModel):
    """An answer about two persons, as the form sends it."""

    kind: JudgementKind
    a: str
    b: str
    csrf: str
    seen: str
    why: str = Field("", max_length=2_000)
    case: str = ""


@router.post("/judge")
def judge(
    request: Request, service: TheService, wanted: Wanted, said: Annotated[Answered, Form()]
) -> Response:
    """Takes an answer about two persons, if they are still what was seen."""
    principal = sessions.sender_of(request, said.csrf, "steward")
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
        return _onward(request, service, wanted, done=judgement.judgement_id)
    request.app.state.queue.again()
    return go(f"/console/persons/{said.a}?done={judgement.judgement_id}")


@router.post("/undo")
def undo(
    request: Request, service: TheService, wanted: Wanted, judgement: Annotated[str, Form()], csrf: Token
) -> Response:
    """Takes a judgement back; on a person's page one stays with her."""
    doer = Doer(*sessions.sender_of(request, csrf, "steward"))
    given = service.commits.run(lambda: take_back(service.engine, judgement, doer))
    request.app.state.queue.again()
    person = _PERSON.match(came_from(request))
    where = person[0] if person else "/console/queue"
    return go(where + wanted.query(done=given.judgement_id))


def _states(service: Service, tx: Transaction, steward: Steward) -> Callable[[str], State]:
    """What becomes of each case at the console."""
    now = service.engine.clock()
    working, aside = claims(tx, now), put_aside(tx, now, steward)

    def state(case_id: str) -> State:
        if case_id in working:
            return "mine" if working[case_id] == steward.name else "others"
        return "aside" if case_id in aside else "free"

    return state


def _onward(
    request: Request, service: Service, wanted: CaseFilter, skipped: str | None = None, done: str = ""
) -> Response:
    """To the next case of those that are wanted, or to the queue where there is none."""
    sessions.principal_of(request).must("steward")
    steward = sessions.steward_of(request)
    snapshot = request.app.state.queue.now()
    with service.engine.store.read() as tx:
        chosen, _ = wanted.choose(snapshot.waiting, _states(service, tx, steward))
    waiting = [one.case.case_id for one in chosen]
    given = service.commits.run(lambda: claim_next(service.engine, steward, waiting, skipped))
    where = f"/console/cases/{given}" if given else "/console/queue"
    return go(where + wanted.query(done=done))


def _pair(service: Service, reader: Judging, a: str, b: str) -> Document:
    """Two persons, what follows from each answer, and what was seen."""
    now = service.engine.clock()
    content = compare(reader, a, b, now)
    words = (Word("same", [a], [b], now, "", ""), Word("different", [a], [b], now, "", ""))
    content["follows"] = {
        word.kind: consequences(service.engine, reader.tx, reader.judgement(word)) for word in words
    }
    content["seen"] = sessions.sealed(seen(reader, (a, b)))
    return content


def told_of(service: Service, judgement_id: str) -> Document | None:
    """The judgement that was given or taken back just now, to tell of it and to offer the way back."""
    if not judgement_id:
        return None
    with service.engine.reader() as reader:
        try:
            given = reader.retracted(judgement_id, 0)
        except UnknownJudgement:
            return None
    return {
        "judgement_id": given.judgement_id,
        "kind": given.kind,
        "retracted": bool(given.retracted_at),
        "records": len(given.a) + len(given.b),
    }
