"""Who is known, and what of them: by person id (any that was ever issued) or by any identifier."""

from functools import partial
from typing import Annotated, Any, NamedTuple
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from starlette.convertors import StringConvertor, register_url_convertor

from graph_schema.errors import Invalid, OnefoldError, UnknownPerson
from graph_schema.store import Document
from profiles.moments import iso
from profiles.schema import GoldenProfile, golden_schema
from serving.models import PROBLEMS, Erased, Profiles, Timeline, Wanted
from serving.problems import answer
from serving.question import Question
from serving.service import Asker, Service, TheService, time_of
from serving.stewardship import shown_case, shown_judgement
from serving.timeline import shown_records, timeline
from stream import explaining, stewarding
from stream.as_of import By
from stream.letters import letters_of
from stream.reader import Found, Reader
from stream.stewarding import Doer
from stream.turns import undisturbed

router = APIRouter(route_class=Question, tags=["persons"])


class _Reference(StringConvertor):
    """A person id or ``namespace:value``, whose value may have slashes. The guard leaves them as %2F, and a
    percent sign as %25, so that what ends by one of our words is told from it; proxies may not."""

    regex = "[^/:]+(?::(?s:.+))?"


register_url_convertor("reference", _Reference())


class When(NamedTuple):
    """The clock, and the time up to which evidence counts; None for now and for all of it."""

    at: int | None
    as_of: int | None
    by: By


async def _when(
    at: Annotated[str | None, Query(description="the clock only, by ISO 8601")] = None,
    as_of_time: Annotated[
        str | None, Query(alias="as_of", description="the evidence by then, with the clock then")
    ] = None,
    as_of_by: Annotated[By, Query(description="received by then, or happened by then")] = "received",
) -> When:
    if at is not None and as_of_time is not None:
        raise Invalid("at", "as_of sets the clock too; send one of them.")
    if as_of_time is None and as_of_by != "received":
        raise Invalid("as_of_by", "it says by which time as_of counts; send as_of too.")
    return When(time_of("at", at), time_of("as_of", as_of_time), as_of_by)


Moment = Annotated[When, Depends(_when)]


async def _named(person_id: str) -> str:
    """The same, read whole. Nobody has a name that is neither a person id nor an identifier."""
    if ":" not in person_id and not person_id.startswith("per_"):
        raise UnknownPerson(way_out="Ask by a person id, or by namespace:value, as email:ana@example.com")
    return unquote(person_id)


PersonId = Annotated[str, Depends(_named)]


@router.get("/v1/persons", response_model=GoldenProfile, responses=PROBLEMS)
def by_identifier(identifier: str, service: TheService, when: Moment) -> Response:
    """The golden profile of whoever owns an identifier, such as email:ana@example.com."""
    # A + that was not encoded comes as a space.
    return answer(_profile_then(service, identifier.replace("phone: ", "phone:+"), when))


@router.get("/v1/schemas/golden-profile", response_model=dict[str, Any])
def schema() -> Response:
    """The JSON Schema of a golden profile."""
    return answer(golden_schema())


@router.post("/v1/persons:batchGet", response_model=Profiles, responses=PROBLEMS)
def batch_get(wanted: Wanted, service: TheService) -> Response:
    """Golden profiles in the order asked; null for whoever is not known, was erased, or is one of several."""
    now = service.engine.clock()
    persons: list[Document | None] = []
    for reference in wanted.identifiers:
        try:
            persons.append(undisturbed(partial(_profile, service, reference, now)))
        except OnefoldError as error:
            if error.status not in (400, 404, 409, 410):
                raise
            persons.append(None)
    return answer({"persons": persons})


@router.get("/v1/persons/{person_id:reference}/timeline", response_model=Timeline, responses=PROBLEMS)
def events(
    person_id: PersonId,
    service: TheService,
    after: Annotated[str | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """What happened to a person, oldest first."""
    with service.engine.reader(whole=True) as reader:
        found = reader.find(person_id)
        page = timeline(reader, found, after, limit)
    return answer({"person_id": found.person.person_id, "events": page.events, "next": page.following})


@router.get("/v1/persons/{person_id:reference}/records", responses=PROBLEMS)
def records(person_id: PersonId, service: TheService) -> Response:
    """The records that are this person, with the identifiers that each holds."""
    with service.engine.reader(whole=True) as reader:
        found = reader.find(person_id)
        return answer({"person_id": found.person.person_id, "records": shown_records(reader, found)})


@router.get("/v1/persons/{person_id:reference}/export", responses=PROBLEMS)
def export(person_id: PersonId, service: TheService, asker: Asker) -> Response:
    """Everything that is kept of a person, to hand to her."""
    return answer(hand_out(service, person_id, Doer(*asker) if service.keyring.enforced else None))


def hand_out(service: Service, reference: str, doer: Doer | None) -> Document:
    """Everything that is kept of a person, once it is noted who had it, where that is known."""
    with service.engine.reader(whole=True) as reader:
        document = exported(reader, reader.find(reference), service.engine.clock())
    if doer is not None:
        about = (document["person_id"],)
        service.commits.run(lambda: stewarding.note_only(service.engine, doer, "exported", about))
    return document


def exported(reader: Reader, found: Found, now: int) -> Document:
    """Everything that is kept of a person, as JSON."""
    given = reader.tx.judgements({record.id for record in found.records})
    letters = [letter for _, letter in letters_of(reader.tx, reader.intake, found.living)]
    return {
        "person_id": found.person.person_id,
        "exported_at": iso(now),
        "profile": reader.profile_of(found, now),
        "records": shown_records(reader, found),
        "events": timeline(reader, found, None, None).events,
        "judgements": [shown_judgement(one) for one in given],
        "cases": [shown_case(case) for case in reader.cases(found.records)],
        "dead_letters": [
            {**one._asdict(), "at": iso(one.at), "raw": one.raw.decode(errors="replace")} for one in letters
        ],
    }


@router.get("/v1/persons/{person_id:reference}/how", responses=PROBLEMS)
def how(person_id: PersonId, service: TheService) -> Response:
    """How a person came to be: which evidence joined her records."""
    with service.engine.reader(whole=True) as reader:
        return answer(explaining.how(reader, person_id))


# After all that ends with a word of its own, which a value with slashes would take for a part of it.
@router.get("/v1/persons/{person_id:reference}", response_model=GoldenProfile, responses=PROBLEMS)
def by_id(person_id: PersonId, service: TheService, when: Moment) -> Response:
    """The golden profile of the person in whom the record that founded this id is now."""
    return answer(_profile_then(service, person_id, when))


@router.delete("/v1/persons/{person_id:reference}", response_model=Erased, responses=PROBLEMS)
async def erase(person_id: PersonId, service: TheService, asker: Asker) -> Response:
    """Erases a person: nothing of her can be read or comes back, and nobody else changes."""
    erased = await service.commits.done(lambda: stewarding.erase(service.engine, person_id, Doer(*asker)))
    return answer({"person_id": erased, "erased": True})


@router.get("/v1/why", tags=["stewardship"], responses=PROBLEMS)
def why(a: str, b: str, service: TheService) -> Response:
    """The evidence that joins two persons, identifiers or records, or that keeps them apart."""
    with service.engine.reader(whole=True) as reader:
        return answer(explaining.why(reader, a, b))


def _profile_then(service: Service, reference: str, when: When) -> Document:
    if when.as_of is not None:
        return service.as_of(reference, when.as_of, when.by)
    return _profile(service, reference, service.engine.clock() if when.at is None else when.at)


def _profile(service: Service, reference: str, at: int) -> Document:
    with service.engine.reader(whole=True) as reader:
        return reader.profile(reference, at)
