"""Decisions, one or a thousand at a time, and claims of rewards."""

import uuid
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import SkipValidation, TypeAdapter, ValidationError

from graph_schema.errors import Invalid
from graph_schema.json_limits import shorten
from profiles.decide import Decision
from serving.models import (
    PROBLEMS,
    Claimed,
    ClaimRequest,
    DecisionRequest,
    DecisionRequests,
    Decisions,
    IdempotencyKey,
)
from serving.problems import answer, misshapen
from serving.question import Question
from serving.service import Service, TheService, time_of
from stream.claiming import Claim, claim
from stream.deciding import Asked, decide_all
from stream.parts import in_parts
from stream.turns import undisturbed

router = APIRouter(route_class=Question, tags=["decisions"])

_MOST: Final = 1_000
_AT_ONCE: Final = 100
"""Decided from one view of the store: the more persons, the likelier one of them changes meanwhile."""
_WANTED: Final = TypeAdapter(list[DecisionRequest])
_Asked = DecisionRequest | list[DecisionRequest] | DecisionRequests
"""As it is told; what comes is read below, which names the first that is wrong."""


@router.post("/v1/decisions", response_model=Decision | list[Decision] | Decisions, responses=PROBLEMS)
def decisions(
    said: Annotated[SkipValidation[_Asked], Body(description="one request, a list, or {requests: [...]}")],
    service: TheService,
) -> Response:
    """Whether a campaign may go to a person now, by which channel, and if not, all reasons why."""
    several = _unwrapped(said)
    is_list = isinstance(several, list)
    wanted = _read(several if isinstance(several, list) else [several], is_list)
    places = [f"{place}." if is_list else "" for place in range(len(wanted))]
    now = service.engine.clock()
    asked = [
        Asked(one.identifier, one.about(), now if one.at is None else time_of(f"{place}at", one.at) or 0)
        for place, one in zip(places, wanted, strict=True)
    ]
    found: list[Decision] = []
    for part in in_parts(zip(asked, places, strict=True), _AT_ONCE):
        found += undisturbed(partial(_decided, service, part))
    if several is not said:
        return answer({"decisions": found})
    return answer(found if is_list else found[0])


@router.post("/v1/rewards/{code:path}/claim", response_model=Claimed, responses=PROBLEMS)
async def claim_reward(
    code: str,
    said: ClaimRequest,
    service: TheService,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Redeems a reward for who asks first. 409 tells the others when and where it was used."""
    asked = Claim(code, idempotency_key or uuid.uuid4().hex, said.channel, said.order_id, said.identifier)
    return answer(await service.commits.done(lambda: claim(service.engine, asked)))


def _unwrapped(said: object) -> object:
    """The list that stands in ``requests``; what stands beside it would be passed over."""
    if not isinstance(said, dict) or "requests" not in said:
        return said
    for other in said.keys() - {"requests"}:
        raise Invalid(shorten(other), "Beside requests nothing is known here; say it in each request.")
    return said["requests"]


def _decided(service: Service, asked: list[tuple[Asked, str]]) -> list[Decision]:
    with service.engine.reader(whole=True) as reader:
        try:
            return decide_all(reader, [one for one, _ in asked])
        except Invalid:
            # Only now is it looked for which of them is wrong.
            for one, place in asked:
                try:
                    decide_all(reader, [one])
                except Invalid as error:
                    raise Invalid(f"{place}{error.field}", error.reason) from None
            raise


def _read(said: list[Any], is_list: bool) -> list[DecisionRequest]:
    if len(said) > _MOST:
        raise Invalid("requests", f"Up to {_MOST:,} can be asked at a time; ask the rest in another request.")
    try:
        return _WANTED.validate_python(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = first["loc"] if is_list else first["loc"][1:]
        raise misshapen(first, place) from None
