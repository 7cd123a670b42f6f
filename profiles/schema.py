"""The golden profile as types, field by field: what its JSON Schema and the documentation are made from.

Profiles are rendered without it (`profiles.golden`), and tests hold the two together. `SCHEMA_VERSION` rises
when a field goes or changes its meaning; new fields may come at any time.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Final = 1

Time = Annotated[str, Field(description="ISO 8601 in UTC, with Z", pattern=r"^-?\d+-\d\d-\d\dT[\d:.]+Z$")]
Amount = int | float
Value = Any
"""Any JSON value: what a source gave."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Identifier(_Part):
    """An identifier of hers, in the form in which it is compared and looked up."""

    namespace: str
    value: str = Field(description="Match form; a scoped one reads source/value")
    shown: str = Field(description="As it was last given: the form to show and to write to")
    first_seen: Time | None
    last_seen: Time | None
    sources: list[str]
    claimed: bool = Field(description="Every source that names it only claims it; it leads nobody to her")
    generic: bool = Field(description="Too common to say who somebody is; it links nothing")


class Said(_Part):
    """A value with the source and record that gave it, and when it did last."""

    value: Value
    source: str
    record_id: str
    observed_at: Time | None


class Attribute(Said):
    """The value that survives, and all others, each once."""

    alternatives: list[Said]


class Consent(_Part):
    """What stands for the address in use of a channel."""

    state: Literal["granted", "withdrawn"]
    at: Time | None = Field(description="When the word was given")
    address: str | None = Field(description="As it is written to; null where the channel has none")


class Preference(_Part):
    """Something that she said, by a preference or in answer to a question."""

    value: Value
    source: str
    record_id: str
    at: Time | None


class Product(_Part):
    """A line of an order."""

    product_id: str
    quantity: Amount
    price: Amount | None
    category: str | None
    supply_days: Amount | None
    name: str | None


class Order(_Part):
    """An order that counts for her, or was cancelled."""

    order_id: str
    state: Literal["placed", "shipped", "delivered", "partly_refunded", "returned", "cancelled"]
    at: Time | None = Field(description="When it was completed")
    total: Amount = Field(description="As ordered; refunds are not taken off")
    currency: str | None
    refunded: Amount
    channel: str | None
    source: str = Field(description="Of the record that reported it first, for which it counts")
    record: str
    gift: bool = Field(description="Flagged as one, or delivered to another person")
    shipped_at: Time | None
    delivered_at: Time | None
    cancelled_at: Time | None
    refunded_at: Time | None
    products: list[Product]


class Orders(_Part):
    """All her orders, each once however many sources report it."""

    count: int = Field(description="Without cancelled ones")
    total: Amount = Field(description="In `currency`, refunds taken off")
    currency: str | None = Field(description="That of most orders")
    totals: dict[str, Amount] = Field(description="By currency; XXX where none was named")
    first_at: Time | None
    last_at: Time | None
    items: list[Order]


class CartItem(_Part):
    """An article put into the cart and neither taken out nor bought since."""

    product_id: str
    quantity: Amount
    at: Time | None
    name: Value = None
    price: Value = None
    category: Value = None
    currency: Value = None


class Cart(_Part):
    """The cart, over all her devices."""

    items: list[CartItem]


class Redeemer(_Part):
    """The record whose event reported the redemption."""

    source: str
    record_id: str


class Redemption(_Part):
    """A second redemption, which doesn't stand."""

    redeemed_at: Time | None
    channel: str | None


class Reward(_Part):
    """A reward of hers: one state, over paper and digital."""

    code: str
    state: Literal["issued", "redeemed", "expired"]
    amount: Amount | None
    left: Amount | None = Field(description="What can still be spent")
    currency: str | None
    media: list[str]
    issued_at: Time | None
    expires_at: Time | None
    redeemed_at: Time | None
    channel: str | None = Field(description="Where it was used")
    order_id: str | None = Field(description="On which order it was used")
    redeemed_by: Redeemer | None
    conflict: Redemption | None


class Messages(_Part):
    """What reached her, by whatever channel and at whichever address."""

    count: int
    last_at: Time | None
    by_channel: dict[str, int] = Field(description="Of the latest messages")
    opened: int
    clicked: int
    bounced: int


class Account(_Part):
    """An account, by the last that was heard of it."""

    account_id: str
    product: str | None
    state: Literal["open", "closed"]
    opened_at: Time | None
    closed_at: Time | None


class Lifecycle(_Part):
    """Her stage, by her own rhythm of purchase."""

    stage: Literal["new", "active", "defecting", "inactive", "closed"] | None
    since: Time | None


class CustomerValue(_Part):
    """What she is worth."""

    recency_days: int | None = Field(description="Whole days since her last order")
    frequency: int = Field(description="Orders that count")
    monetary: Amount = Field(description="What she paid, in the currency of most orders")
    clv: float | None = Field(description="Expected spending within the horizon of the rules")
    affinities: dict[str, int] = Field(description="In how many orders she bought a category for herself")


class Household(_Part):
    """What she shares with others, who stay persons of their own."""

    kind: Literal["group", "place"]
    key: str
    last_seen: Time | None


class Ambiguous(_Part):
    """Evidence that may be hers, or a person to whom it may belong."""

    person_id: str
    namespace: str
    relation: str


class RecordShown(_Part):
    """A record of hers."""

    source: str
    record_id: str
    first_seen: Time | None


class GoldenProfile(_Part):
    """One person as everybody who serves her sees her."""

    person_id: str
    aliases: list[str] = Field(description="The ids that her other records could found; each leads to her")
    version: int = Field(description="Counts the changes that this store saw; one batch is one")
    as_of: Time | None = Field(description="The clock; null without one")
    identifiers: list[Identifier]
    attributes: dict[str, Attribute]
    missing: list[str] = Field(description="Expected attributes that nobody gave")
    consents: dict[str, dict[str, Consent]] = Field(description="By channel and purpose")
    preferences: dict[str, Preference]
    orders: Orders
    cart: Cart
    rewards: list[Reward]
    messages: Messages
    accounts: list[Account]
    lifecycle: Lifecycle
    value: CustomerValue
    households: list[Household]
    ambiguous: list[Ambiguous]
    records: list[RecordShown]


def golden_schema() -> dict[str, Any]:
    """The JSON Schema of a golden profile."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:onefold:golden-profile:{SCHEMA_VERSION}",
        **GoldenProfile.model_json_schema(),
    }
