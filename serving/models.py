"""The shapes of requests and answers, as /openapi.json tells them; answers are not checked against them."""

from typing import Annotated, Any, Final, Literal

from fastapi import Header
from pydantic import BaseModel, Field

from graph_schema.vocabulary import JudgementKind
from profiles.decide import Decision
from profiles.scene import Request
from profiles.schema import GoldenProfile

IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="the same key again is the same request: it counts once")
]


class Open(BaseModel, extra="allow"):
    """A shape that may hold more than it tells."""


class Problem(Open):
    """RFC 9457: what is wrong, where, and the way out."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="400: the dotted path of what is wrong")
    reason: str | None = None
    persons: list[str] | None = Field(None, description="409: the persons who hold the identifier")


class Success(Open):
    """Durable. `rejected` tells which messages of a batch, counted from 0, went to the dead letters."""

    success: Literal[True]
    rejected: list[dict[str, int | str | None]] | None = None


class Wanted(BaseModel, extra="forbid"):
    """Person ids or identifiers, in the order of the answer."""

    identifiers: list[str] = Field(max_length=1000)


class Profiles(BaseModel):
    """Golden profiles in the order asked; null where nobody is known, or not which of several."""

    persons: list[GoldenProfile | None]


class Moment(Open):
    """One event of a person's timeline."""

    at: str | None
    received_at: str
    source: str
    record_id: str
    message_id: str
    type: str
    message: dict[str, Any]


class Timeline(BaseModel):
    """Events in the order of time, those without one last; `next` asks for what follows."""

    person_id: str
    events: list[Moment]
    next: str | None


class Change(BaseModel):
    """What became of a person."""

    seq: int
    kind: Literal["created", "merged", "split", "updated", "erased"]
    person_id: str
    came_from: list[str] = Field(alias="from")
    into: list[str]
    version: int
    at: str


class Changes(BaseModel):
    """A page of the feed; `next` is the number to go on after."""

    changes: list[Change]
    next: int


class Case(BaseModel):
    """Persons kept apart by something that a steward should see."""

    case_id: str
    kind: str
    persons: list[str]
    identifiers: list[dict[str, str]]
    detail: str


class Cases(BaseModel):
    """A page of the stewards' queue."""

    cases: list[Case]
    next: str | None


class NewJudgement(BaseModel, extra="forbid"):
    """A steward's word on two sides; `different` without `b` splits `a` off from the rest of its person."""

    kind: JudgementKind
    a: list[str] = Field(min_length=1, description="person ids, namespace:value or source/record_id")
    b: list[str] = []
    why: str = Field("", max_length=2000)
    by: str = Field("steward", min_length=1, max_length=200)


class Judgement(Open):
    """A judgement as it is kept, its sides as records."""

    judgement_id: str
    kind: JudgementKind
    a: list[str]
    b: list[str]
    at: str | None
    by: str
    why: str
    retracted_at: str | None


class Judgements(BaseModel):
    """A page of all judgements, retracted ones too."""

    judgements: list[Judgement]
    next: str | None


class Erased(BaseModel):
    """Whom an erasure concerned."""

    person_id: str
    erased: Literal[True]


class Offer(BaseModel, extra="forbid", allow_inf_nan=False):
    """Two prices of one article: what is asked now, and what it is compared with."""

    price: float = Field(ge=0)
    reference_price: float = Field(ge=0)


class DecisionRequest(BaseModel, extra="forbid", coerce_numbers_to_str=True):
    """May this campaign go to this person now?"""

    identifier: str = Field(min_length=1, description="a person id, or namespace:value")
    campaign: str
    at: str | None = Field(None, description="the clock, by ISO 8601; now by default")
    product: str | None = None
    category: str | None = None
    offer: Offer | None = None
    account_id: str | None = None
    order_id: str | None = None
    reward_code: str | None = None

    def about(self) -> Request:
        """What it is about, without whom and when."""
        return Request(**self.model_dump(exclude={"identifier", "at"}))


class DecisionRequests(BaseModel, extra="forbid"):
    """Up to 1,000 questions at a time."""

    requests: list[DecisionRequest] = Field(max_length=1000)


class Decisions(BaseModel):
    """Decisions in the order asked."""

    decisions: list[Decision]


class ClaimRequest(BaseModel, extra="forbid", coerce_numbers_to_str=True):
    """Where a reward is to be used, with which order, and by whom where that is known."""

    channel: str = Field(min_length=1, max_length=200, description="web, app, store, ...")
    order_id: str | None = Field(None, min_length=1, max_length=200)
    identifier: str | None = Field(None, min_length=1, description="a person id, or namespace:value")


class Claimed(Open):
    """The reward, redeemed by this claim."""

    reward_code: str
    state: Literal["redeemed"]
    amount: float | None
    currency: str | None
    redeemed_at: str | None
    channel: str | None
    order_id: str | None


class Members(BaseModel):
    """A page of an audience's members."""

    audience: str
    members: list[dict[str, str | None]]
    next: str | None


class Deltas(BaseModel):
    """A page of the feed of an audience: `op` is add or remove. `next` is the number to go on after."""

    audience: str
    deltas: list[dict[str, Any]]
    next: int


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": "An RFC 9457 problem"} for status in ("4XX", "5XX")
}
