"""The rules of profiles, campaigns and audiences, checked and compiled once."""

from functools import lru_cache
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from graph_schema.errors import RulesError, nearest
from graph_schema.rules import Rules
from profiles.conditions import Condition, condition
from profiles.figures import FIGURES
from profiles.settings import AudienceSettings, CampaignSettings, ProfileSettings


class Campaign(NamedTuple):
    """A campaign: its settings, per reason the condition under which it isn't sent, and all figures that
    they use."""

    name: str
    settings: CampaignSettings
    suppress: dict[str, Condition]
    figures: tuple[str, ...]


class Audience(NamedTuple):
    """An audience and the condition under which a person (with a product) is in it."""

    name: str
    settings: AudienceSettings
    when: Condition

    @property
    def is_per_product(self) -> bool:
        """Whether there is a membership for each product of a person."""
        return self.settings.per == "product"


class ProfileRules(NamedTuple):
    """All that profiles, decisions and audiences go by. `namespaces`: names by position, strongest first;
    `uncapped`: the campaigns whose messages count for nothing in the frequency cap."""

    settings: ProfileSettings
    campaigns: dict[str, Campaign]
    audiences: dict[str, Audience]
    namespaces: tuple[str, ...]
    uncapped: frozenset[str]
    audience_figures: tuple[str, ...]
    audience_parts: frozenset[str]


def profile_rules(rules: Rules) -> ProfileRules:
    """Checks and compiles, once for rules that say the same.

    Raises RulesError, which names the key, what is wrong, and the way out.
    """
    return _compiled(_ByHash(rules))


class _ByHash:
    """Rules as a key: equal where they say the same."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._hash = int(rules.hash[:15], 16)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByHash) and self.rules.hash == other.rules.hash


@lru_cache(maxsize=16)
def _compiled(key: _ByHash) -> ProfileRules:
    rules = key.rules
    audiences = {name: _audience(name, table) for name, table in sorted(rules.audiences.items())}
    asked = {figure for one in audiences.values() for figure in one.when.figures}
    campaigns = {name: _campaign(name, table) for name, table in sorted(rules.campaigns.items())}
    return ProfileRules(
        checked(ProfileSettings, rules.profile, "profile"),
        campaigns,
        audiences,
        tuple(namespace.name for namespace in rules.namespaces),
        frozenset(name for name, campaign in campaigns.items() if not campaign.settings.is_capped),
        tuple(
            sorted(
                {
                    figure
                    for one in audiences.values()
                    if not one.is_per_product
                    for figure in one.when.figures
                }
            )
        ),
        frozenset(part for figure in asked for part in FIGURES[figure].reads.split()),
    )


def _campaign(name: str, table: dict[str, object]) -> Campaign:
    where = f"campaign.{name}"
    settings = checked(CampaignSettings, table, where)
    suppress: dict[str, Condition] = {
        reason: condition(text, f"{where}.suppress.{reason}") for reason, text in settings.suppress.items()
    }
    figures = tuple(sorted({figure for one in suppress.values() for figure in one.figures}))
    return Campaign(name, settings, suppress, figures)


def _audience(name: str, table: dict[str, object]) -> Audience:
    settings = checked(AudienceSettings, table, f"audience.{name}")
    return Audience(name, settings, condition(settings.when, f"audience.{name}.when"))


_Model = TypeVar("_Model", bound=BaseModel)


def checked(model: type[_Model], table: dict[str, object], where: str) -> _Model:
    """A table as a model. Raises RulesError, which names the key, what is wrong, and the way out."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
    steps = [str(step) for step in detail["loc"] if step != "[key]"]
    place = ".".join((where, *steps))
    if detail["type"] == "extra_forbidden":
        known = nearest(steps[-1], model.model_fields) if len(steps) == 1 else ""
        raise RulesError(f"unknown key {steps[-1]!r}", where=place, way_out=known)
    raise RulesError(detail["msg"].removeprefix("Value error, "), where=place, way_out="See docs/rules.md")
