"""The shape of the Segment Spec's messages on the wire, and of the properties that profiles are folded from.

Anything that is not named here is let through as it is. Which shape the properties have depends on the event.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError, with_config
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from graph_schema.errors import Invalid
from graph_schema.iso_time import read_time
from graph_schema.json_limits import shorten

LONGEST_IDENTIFIER: Final = 1024
_NO_CONTROL: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
_NUMBER: Final = r"^ *[+-]?([0-9]{1,15}(\.[0-9]{0,12})?|\.[0-9]{1,12}) *$"
_CURRENCY: Final = r"^[A-Za-z]{3}$"
_LARGEST: Final = 1e15
"""No amount, price or quantity is larger: sums of a million of them stay exact enough and finite."""


def _time(text: str) -> str:
    if read_time(text) is None:
        raise ValueError("time")
    return text


_Text = Annotated[str, Strict(), Field(max_length=LONGEST_IDENTIFIER, pattern=_NO_CONTROL)]
_Whole = Annotated[int, Strict(), AfterValidator(str)]
Id = _Text | _Whole | None
"""An identifier: text, or a whole number, which becomes text. Null and "" are none."""
_Int = Annotated[int, Strict(), Field(ge=-_LARGEST, le=_LARGEST)]
_Float = Annotated[float, Strict(), Field(ge=-_LARGEST, le=_LARGEST, allow_inf_nan=False)]
Number = _Int | _Float | Annotated[str, Strict(), Field(pattern=_NUMBER)] | None
Currency = Annotated[str, Strict(), Field(pattern=_CURRENCY)] | None
Time = Annotated[str, Strict(), AfterValidator(_time)] | None
Purpose = Literal["marketing", "advertising"] | None
Channel = Literal["email", "sms", "push", "in_app", "display", "social", "post", "phone"]
Medium = Literal["email", "paper"]

_open = with_config(ConfigDict(extra="allow"))


@_open
class Properties(TypedDict, total=False):
    """What any event may name: the identifiers among its properties."""

    order_id: Id
    receipt_id: Id
    reward_code: Id
    payment_token: Id


@_open
class Product(TypedDict, total=False):
    product_id: Id
    sku: Id
    price: Number
    quantity: Number
    supply_days: Number


@_open
class Commerce(Properties, Product, total=False):
    """Browsing, cart and order events; some carry one product, some a list."""

    total: Number
    revenue: Number
    amount: Number
    currency: Currency
    products: list[Product] | None


@_open
class Reward(Properties, total=False):
    amount: Number
    currency: Currency
    media: Medium | list[Medium] | None
    expires_at: Time


@_open
class Sending(Properties, total=False):
    """A message that went out to a person, or came back."""

    campaign: Id
    channel: Channel | None
    message_id: Id
    product_id: Id


@_open
class Consent(Properties, total=False):
    purpose: Purpose
    channel: Channel | None


@_open
class Account(Properties, total=False):
    account_id: Id
    product: Id


@_open
class Preference(Properties, total=False):
    channel: Id


@_open
class Survey(Properties, total=False):
    question: Id


@_open
class Traits(TypedDict, total=False):
    email: Id
    phone: Id


@_open
class ExternalId(TypedDict):
    type: Annotated[str, Strict(), Field(min_length=1, max_length=LONGEST_IDENTIFIER, pattern=_NO_CONTROL)]
    id: Id


@_open
class Device(TypedDict, total=False):
    advertisingId: Id
    type: _Text | None


@_open
class Context(TypedDict, total=False):
    traits: Traits | None
    externalIds: list[ExternalId] | None
    recordId: Id
    device: Device | None
    sessionId: Id


_P = TypeVar("_P")


@_open
class Wire(TypedDict, Generic[_P], total=False):
    """A message; its fields in the order in which the first wrong one is named."""

    messageId: Annotated[str, Strict(), Field(max_length=256, pattern=_NO_CONTROL)] | None
    userId: Id
    anonymousId: Id
    previousId: Id
    groupId: Id
    name: Annotated[str, Strict()] | None
    traits: Traits | None
    context: Context | None
    integrations: dict[str, Any] | None
    properties: _P | None


_EVENTS: Final[Mapping[Any, Iterable[str]]] = {
    Wire[Commerce]: (
        *("Product List Viewed", "Product Clicked", "Product Viewed", "Product Added", "Product Removed"),
        *("Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart"),
        *("Product Shared", "Product Reviewed", "Cart Viewed", "Cart Shared", "Checkout Started"),
        *("Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Order Completed"),
        *("Order Updated", "Order Refunded", "Order Cancelled", "Order Shipped", "Order Delivered"),
    ),
    Wire[Reward]: ("Reward Issued", "Reward Expired", "Reward Redeemed"),
    Wire[Sending]: ("Message Sent", "Message Bounced"),
    Wire[Consent]: (
        *("Consent Granted", "Consent Withdrawn", "Processing Objected", "Objection Withdrawn"),
        *("Processing Restricted", "Restriction Lifted"),
    ),
    Wire[Account]: ("Account Opened", "Account Closed"),
    Wire[Preference]: ("Preference Set",),
    Wire[Survey]: ("Survey Answered",),
}


_BY_EVENT: Final[dict[str, TypeAdapter[Any]]] = {}
for _shape, _events in _EVENTS.items():
    _BY_EVENT.update(dict.fromkeys(_events, TypeAdapter(_shape)))
_ANY_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(Wire[Properties])

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "It is missing; every entry of this list needs it.",
    "string_too_short": "It is empty; name it, or leave the whole entry out.",
    "greater_than_equal": "This number is out of all proportion; check its unit.",
    "less_than_equal": "This number is out of all proportion; check its unit.",
    "finite_number": "This is not a finite number; leave the field out where there is no number.",
    "value_error": "This is not a time; write it by ISO 8601, such as 2026-03-02T09:00:00Z.",
    "dict_type": 'It must be an object ({"name": value}), or left out.',
    "list_type": "It must be a list, or left out.",
    _NO_CONTROL: "It holds a control character; remove it before sending.",
    _NUMBER: "This is not a number; write it plainly, such as 19.90, without currency or separators.",
    _CURRENCY: "This is not a currency code; give its three letters, such as EUR.",
}


def check_shape(body: dict[str, Any], event: str | None) -> dict[str, Any]:
    """The message, copied, with every identifier as text. Raises `Invalid` for the first wrong field."""
    try:
        checked: dict[str, Any] = _BY_EVENT.get(event or "", _ANY_EVENT).validate_python(body)
        return checked
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    field = _path(body, details[0])
    raise Invalid(shorten(field), _reason([detail for detail in details if _path(body, detail) == field]))


def _path(body: object, detail: ErrorDetails) -> str:
    """The dotted path of an error, without what pydantic adds to it to name the branch of a union."""
    path, at = "", body
    for part in detail["loc"]:
        if isinstance(at, dict) and part in at:
            path, at = f"{path}.{part}" if path else str(part), at[part]
        elif isinstance(at, list) and isinstance(part, int):
            path, at = f"{path}[{part}]", at[part]
        elif detail["type"] == "missing":
            return f"{path}.{part}"
    return path


def _reason(details: list[ErrorDetails]) -> str:
    """One sentence for all that pydantic says of one field: a union complains once for each branch."""
    kinds = {detail["type"] for detail in details}
    for detail in details:
        context = detail.get("ctx", {})
        if detail["type"] == "string_too_long":
            return f"It is longer than {context['max_length']} characters; shorten it."
        if detail["type"] == "literal_error":
            return f"It must be {context['expected']}, or left out."
        key = context["pattern"] if detail["type"] == "string_pattern_mismatch" else detail["type"]
        if key in _SENTENCES:
            return _SENTENCES[key]
    if "float_type" in kinds:
        return "It must be a number, or text that is a plain number such as 19.90."
    if "int_type" in kinds:
        return "An identifier must be text or a whole number; send it as text."
    return "It must be text, or left out."
