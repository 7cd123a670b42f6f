"""A person and a request at one moment: what campaigns and audiences ask about, computed where it is asked.

Whatever depends on the clock goes through `Scene.turned`, which remembers the next moment at which the
answer can be another one.
"""

from collections.abc import Mapping
from typing import NamedTuple

from graph_schema.store import Document
from profiles.accounts import Account, accounts_of
from profiles.cart import Cart, cart_of
from profiles.channels import Ways
from profiles.consent import HALTS, is_halted
from profiles.lazily import lazily
from profiles.lifecycle import Lifecycle, lifecycle_of
from profiles.orders import Orders
from profiles.portrait import Sketch
from profiles.rewards import reward_asked
from profiles.settings import ProfileSettings

Plain = bool | int | float | str | None


class Request(NamedTuple):
    """What a decision is about, as `POST /v1/decisions` has it."""

    campaign: str
    product: str | None = None
    category: str | None = None
    offer: Mapping[str, float] | None = None
    account_id: str | None = None
    order_id: str | None = None
    reward_code: str | None = None


class Scene:
    """One person, one request, one clock (microseconds since 1970 UTC). `figures` are those of
    `profiles.figures` that were computed."""

    def __init__(self, sketch: Sketch, settings: ProfileSettings, at: int, request: Request) -> None:
        self.sketch = sketch
        self.state = sketch.state
        self.settings = settings
        self.at = at
        self.request = request
        self.next_at: int | None = None
        self.figures: dict[str, Plain] = {}

    @property
    def may_advertise(self) -> bool:
        """Whether she consents to advertising, and neither objected to it nor had it restricted."""
        halted = (is_halted(self.state, kind, "advertising") for kind in HALTS)
        return self.ways.open("advertising", ("display", "social")) is not None and not any(halted)

    def turned(self, moment: int | None) -> bool:
        """Whether a moment has come; if not, the answer changes then. No moment never comes."""
        if moment is None:
            return False
        if moment <= self.at:
            return True
        if self.next_at is None or moment < self.next_at:
            self.next_at = moment
        return False

    def about(self, product: str) -> "Scene":
        """The same person and clock, asked about one product."""
        other = Scene(self.sketch, self.settings, self.at, self.request._replace(product=product))
        for part in ("orders", "ways", "accounts", "lifecycle"):
            if part in self.__dict__:
                other.__dict__[part] = self.__dict__[part]
        return other

    @lazily
    def orders(self) -> Orders:
        """Her orders."""
        return Orders(self.state)

    @lazily
    def ways(self) -> Ways:
        """How she can be reached."""
        return Ways(self.sketch)

    @lazily
    def cart(self) -> Cart:
        """Her cart; where a product is asked about, what is in it of that one."""
        return cart_of(self.state, self.orders, self.request.product)

    @lazily
    def accounts(self) -> list[Account]:
        """Her accounts."""
        return accounts_of(self.state)

    @lazily
    def order(self) -> Document | None:
        """The order that is asked about, else her last one."""
        if self.request.order_id is not None:
            return self.orders.find(self.request.order_id)
        return self.orders.latest

    @lazily
    def reward(self) -> Document | None:
        """The reward that is asked about, else the one that is best to speak of."""
        return reward_asked(self.state, self.request.reward_code, self.at)

    @lazily
    def lifecycle(self) -> Lifecycle:
        """Her stage."""
        found = lifecycle_of(
            self.orders.times, self.accounts, self.state.get("since"), self.settings.lifecycle, self.at
        )
        self.turned(found.until)
        return found
