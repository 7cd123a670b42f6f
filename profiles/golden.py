"""The golden profile: one person as services, stewards and ad platforms see her (the names are a contract).

Drawn from a portrait at a clock; nothing in it is stored. Without a clock (`at` None) what depends on it is
left open: the stage, recency and lifetime value are null, and only what was reported to have run out has.
"""

from dataclasses import dataclass

from graph_schema.rules import Rules
from graph_schema.store import Document
from graph_schema.vocabulary import BLOCKED, CLAIMED
from profiles.accounts import accounts_of, shown_accounts
from profiles.affinity import bought_categories
from profiles.cart import cart_of, shown_cart
from profiles.channels import ADDRESSED, Ways
from profiles.consent import says_anything
from profiles.facts import CHANNELS, PURPOSES
from profiles.figures import born
from profiles.households import shown_households
from profiles.lifecycle import lifecycle_of
from profiles.messages import shown_messages
from profiles.moments import DAY, iso, kept
from profiles.orders import Orders
from profiles.portrait import Portrait, shown_form
from profiles.preferences import preference
from profiles.profile_rules import profile_rules
from profiles.rewards import shown_rewards
from profiles.settings import ProfileSettings
from profiles.survivorship import ranked, shown_attribute
from profiles.value import lifetime_value, purchases_of


def golden(portrait: Portrait, rules: Rules, at: int | None) -> Document:
    """The golden profile with the clock at `at` (microseconds since 1970 UTC)."""
    state, settings = portrait.state, profile_rules(rules).settings
    orders, accounts = Orders(state), accounts_of(state)
    ways = Ways(portrait)
    attributes = _attributes(portrait, ways, settings)

    def known(name: str) -> bool:
        return born(state, settings) is not None if name == "birthday" else name in attributes

    lifecycle: Document = {"stage": None, "since": None}
    if at is not None:
        found = lifecycle_of(orders.times, accounts, state.get("since"), settings.lifecycle, at)
        lifecycle = {"stage": found.stage, "since": iso(found.since)}
    return {
        "person_id": portrait.person_id,
        "aliases": list(portrait.aliases),
        "version": portrait.version,
        "as_of": iso(at),
        "identifiers": _identifiers(portrait, rules),
        "attributes": attributes,
        "missing": [name for name in settings.expected if not known(name)],
        "consents": _consents(portrait, ways),
        "preferences": _preferences(state),
        "orders": orders.shown(),
        "cart": shown_cart(cart_of(state, orders)),
        "rewards": shown_rewards(state, at),
        "messages": shown_messages(state),
        "accounts": shown_accounts(accounts),
        "lifecycle": lifecycle,
        "value": _value(orders, settings, at),
        "households": shown_households(state, attributes),
        "ambiguous": list(portrait.ambiguous),
        "records": [
            {"source": one.key.source, "record_id": one.key.record_id, "first_seen": iso(one.first_at)}
            for one in sorted(portrait.records, key=lambda record: record.key)
            if not one.ghost
        ],
    }


@dataclass(slots=True)
class _Seen:
    """What all records of a person say of one identifier; ``said``: somebody doesn't merely claim it."""

    first: int | None
    last: int | None
    sources: set[str]
    said: bool


def _identifiers(portrait: Portrait, rules: Rules) -> list[Document]:
    """Her identifiers, the strongest namespace first; one is claimed where nobody but who claims it says
    so."""
    found: dict[int, _Seen] = {}
    # Plain steps: of who has many records this is what takes longest.
    for record in portrait.records:
        source = record.key.source
        for one, (_, first, last, flags) in () if record.ghost else record.holdings.items():
            if flags & BLOCKED:
                continue
            seen = found.get(one)
            if seen is None:
                found[one] = _Seen(first, last, {source}, not flags & CLAIMED)
                continue
            seen.sources.add(source)
            seen.said |= not flags & CLAIMED
            if first is not None and (seen.first is None or first < seen.first):
                seen.first = first
            if last is not None and (seen.last is None or last > seen.last):
                seen.last = last
    places = {name: place for place, name in enumerate(rules.by_name)}
    nodes = ((portrait.identifiers[one], seen) for one, seen in found.items())
    ordered = [
        (places.get(node.identifier[0], len(places)), *node.identifier, node, seen) for node, seen in nodes
    ]
    return [
        {
            "namespace": namespace,
            "value": value,
            "shown": shown_form(portrait, namespace, value, kept(seen.last)),
            "first_seen": iso(seen.first),
            "last_seen": iso(seen.last),
            "sources": sorted(seen.sources),
            "claimed": not seen.said,
            "generic": node.generic,
        }
        for _, namespace, value, node, seen in sorted(ordered)
    ]


def _attributes(portrait: Portrait, ways: Ways, settings: ProfileSettings) -> Document:
    """Every attribute that somebody said; the address and the number that are written to are among them."""
    state = portrait.state
    names = {
        *state.get("traits", ()),
        *(name for name in state.get("preferences", ()) if name in settings.expected),
    }
    found = {name: shown_attribute(ranked(state, name, settings)) for name in sorted(names)}
    for namespace in ("email", "phone"):
        shown = [
            {
                "value": shown_form(portrait, namespace, one.value, one.last),
                "source": one.record.source,
                "record_id": one.record.record_id,
                "observed_at": iso(one.last),
            }
            for one in ways.addresses(namespace)
        ]
        if shown:
            found[namespace] = {**shown[0], "alternatives": shown[1:]}
    return found


def _consents(portrait: Portrait, ways: Ways) -> Document:
    """What stands for the address in use of each channel of which anything was said."""
    found: Document = {}
    for channel in CHANNELS:
        for purpose in PURPOSES:
            if says_anything(portrait.state, purpose, channel):
                address, word = ways.in_use(channel, purpose)
                if word is not None:
                    form = shown_form(portrait, ADDRESSED.get(channel, ""), address)
                    shown = {"state": word.state, "at": iso(word.at), "address": form or None}
                    found.setdefault(channel, {})[purpose] = shown
    return found


def _preferences(state: Document) -> Document:
    return {
        name: {"value": preference(state, name), "source": said[2], "record_id": said[3], "at": iso(said[0])}
        for name, said in sorted(state.get("preferences", {}).items())
    }


def _value(orders: Orders, settings: ProfileSettings, at: int | None) -> Document:
    """Recency, frequency, monetary in the currency of most orders, lifetime value by the rules' parameters,
    and what she buys for herself, by category."""
    last = orders.times[-1] if orders.times else None
    clv = None if at is None else lifetime_value(purchases_of(orders.paid, at), settings.value)
    return {
        "recency_days": None if last is None or at is None else max(at - last, 0) // DAY,
        "frequency": len(orders.counted),
        "monetary": orders.total,
        "clv": None if clv is None else round(clv, 2),
        "affinities": bought_categories(orders),
    }
