"""Audiences: who is in, and the feed of who came and went, for destinations and for whoever looks."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from graph_schema.errors import OnefoldError, nearest
from graph_schema.rules import Rules
from graph_schema.store import Transaction
from profiles.moments import iso
from serving.feed import LAST, After
from serving.marks import mark, marked
from serving.models import PROBLEMS, Deltas, Members
from serving.problems import answer
from serving.question import Question
from serving.service import TheService
from stream.feed import seen_to

router = APIRouter(route_class=Question, tags=["audiences"])


class UnknownAudience(OnefoldError):
    """The rules declare no audience of this name."""

    status = 404


def check_audience(rules: Rules, name: str) -> None:
    """Raises ``UnknownAudience`` for a name that the rules don't have."""
    if name not in rules.audiences:
        raise UnknownAudience("no audience has this name", way_out=nearest(name, rules.audiences))


@router.get("/v1/audiences/{name}/members", response_model=Members, responses=PROBLEMS)
def members(
    name: str,
    service: TheService,
    product: Annotated[str | None, Query(description="of an audience per product: this one only")] = None,
    after: Annotated[str | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Response:
    """Who is in an audience; `next` asks for the following page, null where there is none."""
    check_audience(service.engine.rules, name)
    with service.engine.store.read() as tx:
        return answer({"audience": name, **page(tx, name, product, after, limit)})


@router.get("/v1/audiences/{name}/deltas", response_model=Deltas, responses=PROBLEMS)
def deltas(
    name: str, service: TheService, after: After = 0, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> Response:
    """Who came in and who went, with a number above `after`."""
    check_audience(service.engine.rules, name)
    with service.engine.store.read() as tx:
        found = tx.deltas(name, after, limit)
        last = seen_to(tx, found, after, limit)
    shown = [
        {
            "seq": one.seq,
            "op": "add" if one.added else "remove",
            "person_id": one.person_id,
            "product": one.product or None,
            "at": iso(one.at),
        }
        for one in found
    ]
    return answer({"audience": name, "deltas": shown, "next": last})


def page(tx: Transaction, name: str, product: str | None, after: str | None, limit: int) -> dict[str, Any]:
    """A page of members, by product and then in the order in which the store came to know them."""
    last, person = marked(after, str, int) or ("", 0)
    found = tx.enrolled(name, product, (last, min(person, LAST)), limit)
    persons = tx.persons({one.person for one in found})
    shown = [
        {"person_id": persons[one.person].person_id, "product": one.product or None}
        for one in found
        if one.person in persons
    ]
    return {
        "members": shown,
        "next": mark(found[-1].product, found[-1].person) if len(found) == limit else None,
    }
