"""The stewards' work: the cases that wait for them, their judgements, and taking those back."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from graph_schema.vocabulary import Case, Judgement
from profiles.moments import iso
from serving.marks import marked, page_of
from serving.models import PROBLEMS, Cases, IdempotencyKey, Judgements, NewJudgement
from serving.models import Judgement as ShownJudgement
from serving.problems import answer
from serving.question import Question
from serving.service import Asker, TheService
from serving.waiting import CasesAsked, rank, ranked
from stream.cases import open_cases
from stream.judging import Word
from stream.stewarding import Doer, give, take_back

router = APIRouter(route_class=Question, tags=["stewardship"])


@router.get("/v1/cases", response_model=Cases, responses=PROBLEMS)
def cases(service: TheService, asker: Asker, asked: Annotated[CasesAsked, Query()]) -> Response:
    """The open cases that are asked for, the most consequential first: persons kept apart by something that a
    steward should see; `next` asks for the following page, null where there is none."""
    wanted = asked.of_viewer() if asker.role == "viewer" else asked
    with service.engine.reader() as reader:
        chosen, _ = wanted.choose(ranked(reader, open_cases(reader)))
    part, following = page_of(chosen, rank, marked(asked.after, float, int, str, int), asked.limit)
    return answer({"cases": [shown_case(one.case) for one in part], "next": following})


@router.get("/v1/judgements", response_model=Judgements, responses=PROBLEMS)
def judgements(
    service: TheService,
    after: Annotated[str | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
) -> Response:
    """Every judgement that was ever given, the newest first; `next` asks for the following page, null where
    there is none."""

    def place(one: Judgement) -> tuple[int, str]:
        return -(one.at or 0), one.judgement_id

    with service.engine.store.read() as tx:
        given = sorted(tx.judgements(), key=place)
    part, following = page_of(given, place, marked(after, int, str), limit)
    return answer({"judgements": [shown_judgement(one) for one in part], "next": following})


@router.post("/v1/judgements", status_code=201, response_model=ShownJudgement, responses=PROBLEMS)
async def judge(
    said: NewJudgement, service: TheService, asker: Asker, idempotency_key: IdempotencyKey = None
) -> Response:
    """Takes a steward's word on the records that the two sides name now."""
    by = asker.name if service.keyring.enforced else said.by

    def write() -> Judgement:
        word = Word(said.kind, said.a, said.b, service.engine.clock(), by, said.why, idempotency_key or "")
        return give(service.engine, word, asker.role)

    return answer(shown_judgement(await service.commits.done(write)), 201)


@router.delete("/v1/judgements/{judgement_id:path}", response_model=ShownJudgement, responses=PROBLEMS)
async def retract(judgement_id: str, service: TheService, asker: Asker) -> Response:
    """Takes a judgement back: older words stand again. A second time changes nothing."""
    taken = await service.commits.done(lambda: take_back(service.engine, judgement_id, Doer(*asker)))
    return answer(shown_judgement(taken))


def shown_case(case: Case) -> dict[str, Any]:
    """A case as JSON."""
    return {**asdict(case), "identifiers": [one._asdict() for one in case.identifiers]}


def shown_judgement(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON. A record reads ``source/record_id``."""
    return {
        "judgement_id": judgement.judgement_id,
        "kind": judgement.kind,
        "a": ["/".join(key) for key in judgement.a],
        "b": ["/".join(key) for key in judgement.b],
        "at": iso(judgement.at),
        "by": judgement.by,
        "why": judgement.why,
        "retracted_at": iso(judgement.retracted_at),
    }
