"""The rules of profiles: every mistake is named where it stands."""

import re
from pathlib import Path

import pytest

from graph_schema.errors import RulesError
from graph_schema.rules import Rules, load_rules
from profiles.conditions import FUNCTIONS, condition
from profiles.figures import FIGURES
from profiles.profile_rules import profile_rules
from profiles.scene import Request, Scene
from profiles.settings import (
    AudienceSettings,
    CampaignSettings,
    LifecycleSettings,
    ProfileSettings,
    ValueSettings,
    span,
)
from tests.unit.portraits import RETAIL, at, identify, portrait

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


def _rules(**parts: object) -> Rules:
    return Rules.model_validate({"namespaces": RETAIL.namespaces, **parts})


CAMPAIGNS = (
    "abandoned_cart product_retargeting reorder_reminder order_confirmation shipping_confirmation "
    "reward_reminder reward_thank_you promotion loyalty_offer account_offer survey_invite birthday "
    "first_purchase_thank_you second_purchase_incentive high_spender_gift win_back newsletter"
).split()


def test_retail_has_the_campaigns_and_audiences_of_the_contract() -> None:
    rules = profile_rules(RETAIL)
    assert set(rules.campaigns) == set(CAMPAIGNS)
    assert set(rules.audiences) == {
        "retarget_abandoned_cart", "suppress_buyers", "suppress_always", "lapsed", "high_value",
    }  # fmt: skip
    service = {name for name, one in rules.campaigns.items() if one.settings.purpose == "service"}
    assert service == {"order_confirmation", "shipping_confirmation"}


def test_rules_are_compiled_once() -> None:
    assert profile_rules(_rules()) is profile_rules(_rules())


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("cart_sise > 0", "cart_size"),
        ("cart_size >", "not CEL"),
        ("cart_size", "true nor false"),
        ("stage > 3", "evaluated"),
        ("past(cart_at)", "passed"),
        ("passed(cart_at, 'soon')", "length of time"),
        ("passed(cart_at)", "is called as passed(cart_at, '30 days')"),
        ("reached(orders_count)", "is told no time"),
        ("was_sent(3)", "is called as was_sent('newsletter')"),
        ("objected || stage > 3", "stage = 'new'"),
        ("stage == 'closed' && orders_count > 'a'", "stage = 'closed'"),
        ("orders_count > 2 && orders_count < 4 && stage > 3", "orders_count = 3"),
        ("10 / orders_count > 2", "orders_count = 0"),
        ("orders_count % 0 == 1", "modulo by zero"),
        ("spent / double(orders_count) > 50.0", "orders_count > 0 &&"),
        ("int(preferred_channel) > 2", "can't be evaluated"),
        ("cart_at != null && cart_at > 5", "can't be evaluated"),
        ("[true, false][orders_count]", "can't be evaluated"),
        (" " * 70_000 + "cart_size >", "70,011 characters"),
    ],
)
def test_a_mistake_in_an_expression_is_named_with_its_place(expression: str, what: str) -> None:
    with pytest.raises(RulesError) as caught:
        profile_rules(_rules(campaigns={"x": {"suppress": {"not_due": expression}}}))
    assert caught.value.where == "campaign.x.suppress.not_due"
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "where", "what"),
    [
        (
            {"campaigns": {"x": {"suppress": {"too_late": "true"}}}},
            "campaign.x.suppress.too_late",
            "already_bought",
        ),
        ({"campaigns": {"x": {"chanels": ["email"]}}}, "campaign.x.chanels", "'channels'"),
        ({"campaigns": {"x": {"channels": ["fax"]}}}, "campaign.x.channels.0", "It can be email, sms"),
        ({"campaigns": {"x": {"channels": "email"}}}, "campaign.x.channels", "should be a valid list"),
        ({"campaigns": {"x": {"once": "persn"}}}, "campaign.x.once", "Did you mean 'person'"),
        ({"audiences": {"x": {}}}, "audience.x", "'when' is missing"),
        ({"audiences": {"x": {"when": "stage > 3"}}}, "audience.x.when", "evaluated"),
        ({"profile": {"quiet": "a while"}}, "profile.quiet", "length of time"),
        ({"audiences": {"a/b": {"when": "objected"}}}, "audience.a/b", "without a /"),
        ({"profile": {"quiet": 7}}, "profile.quiet", "length of time"),
        ({"campaigns": {"x": {"again": "1 day"}}}, "campaign.x.again", 'once = "person"'),
        ({"campaigns": {"x": {"once": "cart", "again": "1 day"}}}, "campaign.x.again", "no effect"),
        ({"profile": {"survivorship": {"rule": "trusted"}}}, "profile.survivorship", "sources are missing"),
        (
            {"profile": {"attributes": {"name": {"sources": ["crm"]}}}},
            "profile.attributes.name",
            "by the rule 'latest' sources are of no account",
        ),
        ({"profile": {"attributes": {"email": {"rule": "longest"}}}}, "profile.attributes", "of email"),
        ({"profile": {"lifecycle": {"inactive_after": 1.5}}}, "profile.lifecycle", "ever be defecting"),
        ({"profile": {"lifecycle": {"longest_rhythm": "1 day"}}}, "profile.lifecycle", "no rhythm is left"),
        ({"profile": {"lifecycle": {"inactive_after": 1e300}}}, "profile.lifecycle.inactive_after", "less"),
        ({"profile": {"lifecycle": {"new_form": "1 day"}}}, "profile.lifecycle.new_form", "mean 'new_for'"),
    ],
)
def test_a_mistake_is_named_with_its_place(parts: dict[str, object], where: str, what: str) -> None:
    with pytest.raises(RulesError) as caught:
        profile_rules(_rules(**parts))
    assert caught.value.where == where
    assert what in str(caught.value)


def test_a_condition_knows_what_it_asks() -> None:
    found = condition("cart_size > 0 && passed(cart_at, '1 hour') && stage in ['new']", "here")
    assert set(found.figures) == {"cart_size", "cart_at", "stage"}


@pytest.mark.parametrize(
    "expression",
    [
        "orders_count > 0 && spent / double(orders_count) > 50.0",
        "orders_count < 9223372036854775807 && cart_at == null",
        "size(stage) == 3 || double(orders_count) * 1.5 > spent && passed(cart_at, '3 days')",
        " || ".join(f"{name} == true" for name, figure in FIGURES.items() if figure.sample is True),
    ],
)
def test_what_can_always_be_evaluated_is_taken(expression: str) -> None:
    assert condition(expression, "here").where == "here"


@pytest.mark.parametrize("known", [True, False])
def test_a_name_by_itself_is_what_the_library_makes_of_it(known: bool) -> None:
    said = [identify(email="ana@example.com", birthday="1990-03-12")] if known else [identify(email="a@b.de")]
    scene = Scene(portrait(*said), profile_rules(RETAIL).settings, at(1), Request(""))
    for text in ("birthday_known", "!birthday_known", " ! birthday_known ", "!!birthday_known"):
        spelt = text.replace("birthday_known", "(birthday_known == true)")
        holds = [condition(one, "here").holds(scene) for one in (text, spelt)]
        assert holds == [known != (text.count("!") == 1)] * 2


def test_scenes_that_are_asked_in_turns_keep_apart() -> None:
    asked = condition("birthday_known == true && stage == 'new'", "here")
    settings = profile_rules(RETAIL).settings
    scenes = [
        Scene(portrait(one), settings, at(1), Request(""))
        for one in (identify(email="a@b.de", birthday="1990-03-12"), identify(email="a@b.de"))
    ]
    assert [asked.holds(one) for one in scenes * 2] == [True, False] * 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("1 hour", 3600), ("2 weeks", 14 * 86_400), ("30 days", 30 * 86_400)]
)
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert span(text) == seconds * 1_000_000


def test_the_document_names_every_key_figure_and_function() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    tables = (ProfileSettings, CampaignSettings, AudienceSettings, LifecycleSettings, ValueSettings)
    keys = [key for table in tables for key in table.model_fields]
    assert [key for key in keys if f"| `{key}` |" not in text] == []
    assert [name for name in FIGURES if f"| `{name}` |" not in text] == []
    assert [name for name in FUNCTIONS if f"| `{name}(" not in text] == []


def test_every_example_of_the_document_is_rules_of_profiles(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "rules.toml"
    for example in examples:
        path.write_text(example, encoding="utf-8")
        rules = load_rules(path)
        assert profile_rules(rules).campaigns.keys() == rules.campaigns.keys()
