"""What did not fit together, as another writer was at work meanwhile, is asked again."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from graph_schema.errors import Overtaken
from serving import audiences, decisions, feed, persons, stewardship
from serving.console import lists, work
from serving.console import persons as of_a_person
from serving.problems import handle_problems, problem_of
from serving.question import Question
from stream import turns


class Torn:
    """An application whose answer is torn so many times."""

    def __init__(self, times: int) -> None:
        self.asked = 0
        self.views: list[str] = []
        router = APIRouter(route_class=Question)

        @router.get("/who")
        @router.post("/v1/decisions")
        @router.post("/said")
        def answer() -> int:
            self.asked += 1
            self.views.append(turns.view_of_whole())
            if self.asked <= times:
                raise Overtaken
            return self.asked

        app = FastAPI()
        app.include_router(router)
        handle_problems(app, problem_of)
        self.app = app

    def answer(self, method: str, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path)

        return asyncio.run(ask())


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_PAUSE_SECONDS", 0)


@pytest.mark.parametrize("asked", [("GET", "/who"), ("POST", "/v1/decisions")])
def test_a_question_is_asked_until_its_answer_fits(asked: tuple[str, str]) -> None:
    torn = Torn(3)
    told = torn.answer(*asked)
    assert (told.status_code, told.json()) == (200, 4)
    # Whoever was overtaken so often has the store for herself.
    assert torn.views == ["whole", "whole", "whole", "alone"]


def test_a_question_whose_answer_never_fits_is_to_be_asked_later() -> None:
    told = Torn(99).answer("GET", "/who")
    assert (told.status_code, told.headers["Retry-After"]) == (503, "1")


def test_what_may_write_is_done_once() -> None:
    torn = Torn(1)
    assert (torn.answer("POST", "/said").status_code, torn.asked) == (503, 1)


@pytest.mark.parametrize("of", [audiences, decisions, feed, lists, of_a_person, persons, stewardship, work])
def test_every_route_that_reads_a_store_is_a_question(of: Any) -> None:
    assert of.router.routes
    assert all(isinstance(one, Question) for one in of.router.routes)
