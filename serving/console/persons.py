"""A person: what is known of her and from where, what happened, how she came to be, and what can be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from graph_schema.errors import Invalid, UnknownPerson
from graph_schema.store import Document
from profiles.moments import iso
from resolver.matching.text import fold
from serving.console import sessions
from serving.console.graph import picture
from serving.console.pages import go, page
from serving.console.queue import shown
from serving.console.work import Token, told_of
from serving.masking import masked
from serving.persons import hand_out
from serving.problems import answer
from serving.question import Question
from serving.service import Service, TheService, time_of
from serving.stewardship import shown_judgement
from serving.timeline import shown_records, timeline
from serving.waiting import ranked
from stream import stewarding
from stream.comparing import side, side_of
from stream.explaining import how
from stream.judging import Judging, Word
from stream.reader import Found
from stream.rehearsal import consequences
from stream.seeing import seen
from stream.stewarding import Doer, give

_RECORDS: Final = 300
"""Records of a person that one page shows."""
_EVENTS: Final = 50

router = APIRouter(
    prefix="/persons/{person_id}",
    route_class=Question,
    dependencies=[Depends(sessions.principal_of)],
)


@contextmanager
def _looked_at(service: Service, person_id: str, kind: str) -> Iterator[tuple[Judging, Found, Document]]:
    """A view of the store, a person in it, and the head of her page of a kind."""
    with service.engine.reader(whole=True) as reader:
        found = reader.find(person_id)
        yield reader, found, _head(side_of(reader, found), kind)


@router.get("")
def person_page(
    request: Request, service: TheService, person_id: str, done: str = "", as_of: str = ""
) -> Response:
    """The golden profile with where each value came from, and what else was said; as it was, where asked."""
    at = time_of("as_of", as_of or None)
    with service.engine.reader(whole=True) as reader:
        found = reader.find(person_id)
        profile = reader.profile_of(found, service.engine.clock())
        cases = [shown(one, None) for one in ranked(reader, reader.cases(found.records))]
        given = _judgements(reader, found)
    if at is not None:
        try:
            profile = service.as_of(person_id, at, "received")
        except UnknownPerson:
            raise UnknownPerson("nothing was known of this person by then", way_out="Look later") from None
    return page(
        request,
        "person.html",
        **_head(side(profile), "profile"),
        profile=profile,
        cases=cases,
        judgements=given,
        as_of=iso(at),
        done=told_of(service, done),
    )


@router.get("/timeline")
def timeline_page(
    request: Request,
    service: TheService,
    person_id: str,
    after: str = "",
    first: Literal["newest", "oldest"] = "newest",
) -> Response:
    """What happened, a page at a time."""
    with _looked_at(service, person_id, "timeline") as (reader, found, head):
        told = timeline(reader, found, after or None, _EVENTS, first == "newest")
    events = [
        {**one, "said": orjson.dumps(one["message"], option=orjson.OPT_INDENT_2).decode()}
        for one in told.events
    ]
    return page(request, "timeline.html", **head, events=events, word=first, next=told.following)


@router.get("/records")
def records_page(request: Request, service: TheService, person_id: str, q: str = "") -> Response:
    """The records and what each holds, all or those with something in them; some of them can be chosen to be
    split off."""
    asked = fold(q[:200]) if sessions.principal_of(request).may("steward") else ""
    with _looked_at(service, person_id, "records") as (reader, found, head):
        chosen = found.living
        if asked:
            nodes = reader.tx.shown({one for record in chosen for one in record.holdings})
            held = {one: node.identifier.value for one, node in nodes.items()}
            said = {
                one.id: fold(" ".join((*one.key, *(held[each] for each in one.holdings)))) for one in chosen
            }
            chosen = [one for one in chosen if f" {asked}" in f" {said[one.id]}"]
        records = shown_records(reader, Found(found.person, chosen[:_RECORDS]))
    return page(request, "records.html", **head, records=records, of=len(chosen), asked=asked or None)


@router.get("/how")
def how_page(request: Request, service: TheService, person_id: str) -> Response:
    """How she came to be, step by step, and who was kept apart from her."""
    with _looked_at(service, person_id, "how") as (reader, found, head):
        told = how(reader, found.person.person_id)
        given = _judgements(reader, found)
    return page(request, "how.html", **head, how=told, judgements=given)


@router.get("/graph")
def graph_page(request: Request, service: TheService, person_id: str) -> Response:
    """Records, identifiers and links as a graph; without a script, as a list."""
    with _looked_at(service, person_id, "graph") as (reader, found, head):
        drawn = picture(reader, Found(found.person, found.living[:_RECORDS]))
    return page(request, "graph.html", **head, graph=drawn)


@router.get("/graph.json")
def graph_data(request: Request, service: TheService, person_id: str) -> Response:
    """The same, for the script that draws it."""
    principal = sessions.principal_of(request)
    with service.engine.reader(whole=True) as reader:
        found = reader.find(person_id)
        drawn = picture(reader, Found(found.person, found.living[:_RECORDS]))
    content = masked(drawn) if principal.role == "viewer" else drawn
    return answer(content, headers={"Cache-Control": "no-store"})


@router.get("/split")
def split_page(
    request: Request, service: TheService, person_id: str, record: Annotated[list[str] | None, Query()] = None
) -> Response:
    """What would come of splitting off the chosen records."""
    sessions.principal_of(request).must("steward")
    if not record:
        raise Invalid("record", "None is chosen; choose those that are of somebody else.")
    word = Word("different", record, [], service.engine.clock(), "", "")
    with _looked_at(service, person_id, "records") as (reader, found, head):
        follows = consequences(service.engine, reader.tx, reader.judgement(word))
        token = sessions.sealed(seen(reader, (found.person.person_id,)))
    return page(request, "split.html", **head, chosen=record, follows=follows, seen=token)


@router.post("/split")
def split(
    request: Request,
    service: TheService,
    record: Annotated[list[str], Form()],
    csrf: Token,
    seen: Token,
    why: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Splits the chosen records off from the rest."""
    principal = sessions.sender_of(request, csrf, "steward")
    then = sessions.unsealed(seen)
    word = Word("different", record, [], service.engine.clock(), principal.name, why.strip())
    judgement = service.commits.run(lambda: give(service.engine, word, principal.role, then))
    request.app.state.queue.again()
    person_id = request.path_params["person_id"]
    return go(f"/console/persons/{person_id}?done={judgement.judgement_id}")


@router.get("/export")
@router.get("/erase")
def confirm_page(request: Request, service: TheService, person_id: str) -> Response:
    """Asks once more before everything that is kept of her is handed out, or she is erased."""
    what = request.url.path.rpartition("/")[2]
    sessions.principal_of(request).must("admin" if what == "erase" else "steward")
    with _looked_at(service, person_id, "profile") as (_, _, head):
        return page(request, "confirm.html", **head, what=what)


@router.post("/export")
def export(
    request: Request, service: TheService, person_id: str, csrf: Token, why: Annotated[str, Form()] = ""
) -> Response:
    """Everything that is kept of her, as a file."""
    principal = sessions.sender_of(request, csrf, "steward")
    document = hand_out(service, person_id, Doer(*principal, why.strip()))
    headers = {
        "Content-Disposition": f'attachment; filename="{document["person_id"]}.json"',
        "Cache-Control": "no-store",
    }
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    return Response(body, media_type="application/json", headers=headers)


@router.post("/erase")
def erase(
    request: Request,
    service: TheService,
    person_id: str,
    csrf: Token,
    again: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> Response:
    """Erases her, where her id was written once more."""
    principal = sessions.sender_of(request, csrf, "admin")
    if again.strip() != person_id:
        raise Invalid("again", "This is not her id. Nothing was erased.")
    doer = Doer(*principal, why.strip())
    service.commits.run(lambda: stewarding.erase(service.engine, person_id, doer))
    request.app.state.queue.again()
    return page(request, "erased.html", person_id=person_id)


def _head(person: Document, tab: str) -> Document:
    """What stands at the head of each of her pages; ``tab`` is the page."""
    return {"person": person, "called": person["called"], "kind": tab}


def _judgements(reader: Judging, found: Found) -> list[Document]:
    given = reader.tx.judgements({record.id for record in found.records})
    return [shown_judgement(one) for one in sorted(given, key=lambda one: -(one.at or 0))]
