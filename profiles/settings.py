"""The rules of profiles, campaigns and audiences as types, read from the tables of `rules.toml`.

Times are given as in "30 days" or "1 hour", and kept in microseconds.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from graph_schema.rules_table import RulesTable
from graph_schema.wire import Channel
from profiles.moments import DAY, SECOND

_UNITS: Final = {
    "second": SECOND,
    "minute": 60 * SECOND,
    "hour": 3600 * SECOND,
    "day": DAY,
    "week": 7 * DAY,
    "month": 30 * DAY,
    "year": 365 * DAY,
}
_SPAN: Final = re.compile(r"(\d{1,6}) *(second|minute|hour|day|week|month|year)s?")


def span(text: object) -> int:
    """A length of time in microseconds. Raises ValueError for anything but "30 days" and the like."""
    found = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('is not a length of time; write "30 days", "1 hour" or "2 weeks"')
    return int(found[1]) * _UNITS[found[2]]


Span = Annotated[int, BeforeValidator(span)]
_MOST: Final = 1e9
"""Of a parameter of lifetime value: no arithmetic holds much more."""
_Parameter = Annotated[float, Field(gt=0, le=_MOST)]
Rule = Literal["latest", "trusted", "frequent", "longest", "verified"]
Reason = Literal[
    "already_bought",
    "cart_converted",
    "not_due",
    "recent_purchase",
    "frequency_cap",
    "not_delivered",
    "reward_redeemed",
    "reward_expired",
    "relationship_ended",
    "no_consent",
    "no_channel",
    "already_sent",
    "missing_attribute",
    "ask_first",
    "not_eligible",
    "objected",
    "restricted",
    "unknown_person",
    "ambiguous",
]


class LifecycleSettings(RulesTable):
    """Limits of the stages. The stage after the last purchase is a number of rhythms."""

    new_for: Span = 90 * DAY
    rhythm: Span = 90 * DAY
    shortest_rhythm: Span = 14 * DAY
    longest_rhythm: Span = 365 * DAY
    defecting_after: float = Field(default=2.0, gt=0, le=1e6)
    inactive_after: float = Field(default=5.0, gt=0, le=1e6)

    @model_validator(mode="after")
    def _in_order(self) -> "LifecycleSettings":
        if self.shortest_rhythm > self.longest_rhythm:
            raise ValueError("shortest_rhythm is longer than longest_rhythm: no rhythm is left between them")
        if self.defecting_after > self.inactive_after:
            raise ValueError("defecting_after is more than inactive_after: nobody would ever be defecting")
        return self


class ValueSettings(RulesTable):
    """Frozen parameters of lifetime value (`profiles.value`), and the spending from which a customer is of
    high value.

    The defaults are the published ones of the CDNOW sample: time in weeks.
    """

    r: _Parameter = 0.243
    alpha: _Parameter = 4.414
    a: _Parameter = 0.793
    b: _Parameter = 2.426
    p: _Parameter = 6.25
    q: float = Field(default=3.74, gt=1, le=_MOST)
    v: _Parameter = 15.44
    horizon: Span = 364 * DAY
    high_value: float = Field(default=500.0, gt=0)


class AttributeRule(RulesTable):
    """Which of several values of an attribute survives; `sources` are those trusted or verified, best
    first."""

    rule: Rule = "latest"
    sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sources_where_they_count(self) -> "AttributeRule":
        if bool(self.sources) != (self.rule in ("trusted", "verified")):
            what = "are of no account" if self.sources else "are missing: name them, best first"
            raise ValueError(f"by the rule {self.rule!r} sources {what}")
        return self


class ProfileSettings(RulesTable):
    """The [profile] table.

    `expected`: attributes that are said to be missing where nobody knows them. `questions`: what to ask, in
    this order. `reorder`: per product the time that it lasts, where its orders don't say (supply_days).
    """

    expected: tuple[str, ...] = ()
    questions: tuple[str, ...] = ("channel",)
    survivorship: AttributeRule = AttributeRule()
    attributes: dict[str, AttributeRule] = Field(default={})
    quiet: Span = 7 * DAY
    delivered_within: Span = 30 * DAY
    messages: Annotated[int, Field(ge=0)] = 3
    messages_within: Span = 30 * DAY
    least_advantage: Annotated[float, Field(ge=0, le=1)] = 0.05
    reorder: dict[str, Span] = Field(default={})
    lifecycle: LifecycleSettings = LifecycleSettings()
    value: ValueSettings = ValueSettings()

    @field_validator("attributes")
    @classmethod
    def _addresses_go_by_no_rule(cls, attributes: dict[str, AttributeRule]) -> dict[str, AttributeRule]:
        for name in ("email", "phone"):
            if name in attributes:
                raise ValueError(f"can say nothing of {name}, which goes by no rule: leave it out")
        return attributes


class CampaignSettings(RulesTable):
    """One [campaign.<name>] table.

    `purpose` "service" needs no consent. `once`: what it may be sent about but once ("person": ever;
    "order", "reward", "product": about each; "cart": until the cart changes), or again after `again`.
    `suppress`: per reason the CEL expression under which it isn't sent.
    """

    purpose: Literal["service", "marketing", "advertising"] = "marketing"
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("email", "sms", "push", "in_app", "post")
    needs: tuple[str, ...] = ()
    capped: bool | None = None
    once: Literal["", "person", "order", "reward", "product", "cart"] = ""
    again: Span | None = None
    suppress: dict[Reason, str] = Field(default={})

    @field_validator("again")
    @classmethod
    def _again_needs_once(cls, again: int | None, info: ValidationInfo) -> int | None:
        if again is not None and info.data.get("once") not in ("person", "order", "reward"):
            raise ValueError('has no effect without once = "person", "order" or "reward"')
        return again

    @property
    def is_capped(self) -> bool:
        """Whether it waits while the person has had enough messages; service messages don't, unless told
        to."""
        return self.purpose != "service" if self.capped is None else self.capped


class AudienceSettings(RulesTable):
    """One [audience.<name>] table: the CEL expression under which a person is in it.

    `per` "product": once for each product that she bought or has in the cart, which the expression may ask
    about. `kind` "target" is for advertising, so that a destination may only be given members who consent
    to it.
    """

    when: str
    kind: Literal["target", "suppress"] = "target"
    per: Literal["person", "product"] = "person"
