"""A small matching model, and people who are alike: so few blocks and so small caps that all of it bites."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from graph_schema.rule_parts import Matching
from graph_schema.rules import Rules
from resolver.matching.model import BIT, Comparison, Model, to_dict

NAMES = ("Ana", "Anna", "Ana Maria", "Bob", "Rob", "Cleo")
BORN = ("1980-01-02", "1980-02-01", "1980-01-03", "1990-05-06")
CITIES = ("Bonn", "Lyon", "Lyons")


def _bits(*weights: float) -> tuple[int, ...]:
    return tuple(round(weight * BIT) for weight in weights)


NOTHING = (0,) * 9

MODEL = Model(
    comparisons=(
        Comparison("name", "given name", ("firstName",), _bits(5, 3, 3, 2, 1, 1, -5), (NOTHING[:7],)),
        Comparison(
            "born", "birth date", ("birthday",), _bits(7, 4, 4, 3, 2, 1, 0, -3, -6), (_bits(*[0] * 9),)
        ),
        Comparison("city", "text", ("city",), _bits(2, 1.5, 0, -2), (_bits(1, 1, 0, -1),)),
        Comparison("mail", "email", ("email",), _bits(5, 4, 3, 2, 0, -1), (_bits(3, 1, 1, 0, 0, 0),)),
    ),
    blocking=(
        ("name: sound",),
        ("born: whole",),
        ("born: month day", "name: initial"),
        ("city: whole", "name: initial"),
        ("name: both", "born: year"),
    ),
    prior=-6 * BIT,
    explanations=(("household", -5 * BIT),),
    merge=BIT,
    review=-BIT,
    veto=-4 * BIT,
    floor=0,
    block_cap=2,
    component_cap=2,
)


@st.composite
def matching(draw: st.DrawFn, rules: Rules) -> Rules:
    """The same rules with matching, after one of the people-joining namespaces."""
    after = draw(st.sampled_from([space.name for space in rules.namespaces if space.joins == "people"]))
    blocks, components = draw(st.sampled_from((2, 3, 20))), draw(st.sampled_from((2, 3, 300)))
    model = to_dict(replace(MODEL, block_cap=blocks, component_cap=components))
    digest = f"{blocks}/{components}"
    said: dict[str, Any] = {"matching": Matching(after=after), "model": model, "model_digest": digest}
    return rules.model_copy(update=said)


@st.composite
def messages(draw: st.DrawFn, names: tuple[str, ...], number: int) -> tuple[str, dict[str, Any]]:
    """A source, and what it says of somebody: seldom more than one identifier, often none."""
    said = {
        "firstName": draw(st.sampled_from((None, *NAMES))),
        "birthday": draw(st.sampled_from((None, *BORN))),
        "city": draw(st.sampled_from((None, None, *CITIES))),
    }
    one = st.tuples(st.sampled_from(names), st.sampled_from(("a", "b", "c")))
    held = sorted(draw(st.sets(one, max_size=2))) if draw(st.booleans()) else []
    at = draw(st.sampled_from((None, *range(8))))
    message: dict[str, Any] = {
        "type": "identify",
        "messageId": f"m{number}",
        "traits": {name: value for name, value in said.items() if value is not None},
        "context": {"externalIds": [{"type": name, "id": value} for name, value in held]},
    }
    if at is not None:
        message["timestamp"] = datetime.fromtimestamp(1_700_000_000 + at * 43_200, UTC).isoformat()
    if not held or draw(st.booleans()):
        message["context"]["recordId"] = f"r{draw(st.integers(0, 9))}"
    return draw(st.sampled_from(("crm", "shop", "web"))), message
