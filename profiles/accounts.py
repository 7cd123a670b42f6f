"""Accounts: open or closed, by the latest word on each (ties closed)."""

from typing import NamedTuple

from graph_schema.store import Document
from profiles.moments import iso


class Account(NamedTuple):
    """One account; times are kept ones, None where it was never opened or closed as far as anybody said."""

    account_id: str
    product: str
    opened: int | None
    closed: int | None

    @property
    def is_closed(self) -> bool:
        """Whether the last that was heard of it is that it was closed."""
        return self.closed is not None and (self.opened is None or self.closed >= self.opened)


def accounts_of(state: Document) -> list[Account]:
    """All her accounts, by id. A closing that names only the product, in whatever case, closes every account
    of it."""
    told = state.get("accounts", {})
    of_all: dict[str, int] = {}
    for account_id, (_, closed, (_, product)) in told.items():
        if product == account_id and closed is not None:
            of_all[product.casefold()] = max(of_all.get(product.casefold(), closed), closed)
    found = []
    for account_id, (opened, closed, (_, product)) in sorted(told.items()):
        closings = [at for at in (closed, of_all.get(product.casefold())) if at is not None]
        found.append(Account(account_id, product, opened, max(closings, default=None)))
    return found


def ended(accounts: list[Account], account_id: str | None = None, product: str | None = None) -> bool:
    """Whether the relationship in question is over: this account's, else all there ever were (of a product).

    An account of the same product that was opened after the closing is the relationship begun again; of which
    product one is that nobody named, nobody knows.
    """
    asked = [
        one
        for one in accounts
        if account_id in (None, one.account_id)
        and (product is None or product.casefold() == one.product.casefold())
    ]
    if not asked or not all(one.is_closed for one in asked):
        return False
    closed = max(one.closed for one in asked if one.closed is not None)
    products = {one.product.casefold() for one in asked if one.product}
    begun = (one for one in accounts if not one.is_closed and one.product.casefold() in products)
    return not any(one.opened is not None and one.opened > closed for one in begun)


def shown_accounts(accounts: list[Account]) -> list[Document]:
    """`accounts` of the golden profile."""
    return [
        {
            "account_id": one.account_id,
            "product": one.product or None,
            "state": "closed" if one.is_closed else "open",
            "opened_at": iso(one.opened),
            "closed_at": iso(one.closed),
        }
        for one in accounts
    ]
