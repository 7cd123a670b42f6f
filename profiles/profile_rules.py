"""The rules of profiles, campaigns and audiences, checked and compiled once."""

from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from graph_schema.errors import Invalid, RulesError, nearest
from graph_schema.rules import Rules, fault_in
from profiles.conditions import Condition, condition
from profiles.settings import AudienceSettings, CampaignSettings, ProfileSettings


class Campaign(NamedTuple):
    """A campaign: its settings, and per reason the condition under which it isn't sent."""

    name: str
    settings: CampaignSettings
    suppress: dict[str, Condition]


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
    """All that profiles, decisions and audiences go by. `uncapped`: the campaigns whose messages count for
    nothing in the frequency cap; `audience_parts`: the parts of a state that an audience goes by."""

    settings: ProfileSettings
    campaigns: dict[str, Campaign]
    audiences: dict[str, Audience]
    uncapped: frozenset[str]
    audience_parts: frozenset[str]

    def campaign(self, name: str) -> Campaign:
        """A campaign; raises ``Invalid`` for one that there isn't."""
        if name not in self.campaigns:
            raise Invalid("campaign", f"no campaign has this name. {nearest(name, self.campaigns)}")
        return self.campaigns[name]


def profile_rules(rules: Rules) -> ProfileRules:
    """Checks and compiles, once for rules that say the same.

    Raises RulesError, which names the key, what is wrong, and the way out.
    """
    found = _COMPILED.get(rules.hash)
    if found is None:
        if len(_COMPILED) >= _COMPILED_KEPT:
            _COMPILED.clear()
        found = _COMPILED[rules.hash] = _compiled(rules)
    return found


_COMPILED: Final[dict[str, ProfileRules]] = {}
_COMPILED_KEPT: Final = 16


def _compiled(rules: Rules) -> ProfileRules:
    audiences = {name: _audience(name, table) for name, table in sorted(rules.audiences.items())}
    campaigns = {name: _campaign(name, table) for name, table in sorted(rules.campaigns.items())}
    return ProfileRules(
        checked(ProfileSettings, rules.profile, "profile"),
        campaigns,
        audiences,
        frozenset(name for name, campaign in campaigns.items() if not campaign.settings.is_capped),
        frozenset(part for audience in audiences.values() for part in audience.when.reads),
    )


def _campaign(name: str, table: dict[str, object]) -> Campaign:
    where = f"campaign.{name}"
    settings = checked(CampaignSettings, table, where)
    suppress: dict[str, Condition] = {
        reason: condition(text, f"{where}.suppress.{reason}") for reason, text in settings.suppress.items()
    }
    return Campaign(name, settings, suppress)


def _audience(name: str, table: dict[str, object]) -> Audience:
    if not name.strip() or "/" in name:
        # Behind a slash destinations name a product, and an address its next part.
        what = f"no audience can be called {name!r}"
        raise RulesError(what, where=f"audience.{name}", way_out="Write a name without a /")
    settings = checked(AudienceSettings, table, f"audience.{name}")
    return Audience(name, settings, condition(settings.when, f"audience.{name}.when"))


_Model = TypeVar("_Model", bound=BaseModel)


def checked(model: type[_Model], table: dict[str, object], where: str) -> _Model:
    """A table as a model. Raises RulesError, which names the key, what is wrong, and the way out."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        found = fault_in(model, error.errors(include_url=False)[0])
    place = ".".join((where, *map(str, found.path)))
    raise RulesError(found.what, where=place, way_out=found.way_out)
