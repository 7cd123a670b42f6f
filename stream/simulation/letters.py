"""What comes after and between purchases: parcels, letters, rewards, consents, accounts."""

from collections.abc import Mapping

from stream.simulation.messages import DAY, HOUR, MINUTE, Touch, iso
from stream.simulation.people import Person, Reward, code_text
from stream.simulation.town import Town
from stream.simulation.words import CAMPAIGNS


def follow_order(town: Town, shop: Touch, order: dict[str, object]) -> None:
    """The order's confirmation, parcel and perhaps its return; then perhaps a reward and a question."""
    order_id = order["order_id"]
    if town.chance(0.5):
        _mail(town, shop.person, shop.at + MINUTE, "order_confirmation", order_id=order_id)
    if town.chance(0.02):
        send_later(town, shop, town.between(HOUR, 8 * HOUR), "Order Cancelled", {"order_id": order_id})
        return
    shipped = town.between(10 * HOUR, 3 * DAY)
    parcel = {"order_id": order_id, "carrier": "Post", "tracking_id": f"T{code_text(town.rng, 12)}"}
    send_later(town, shop, shipped, "Order Shipped", parcel)
    if town.chance(0.9):
        delivered = shipped + town.between(DAY, 4 * DAY)
        send_later(town, shop, delivered, "Order Delivered", parcel)
        if town.chance(0.05):
            send_later(town, shop, delivered + town.between(DAY, 14 * DAY), "Order Refunded", order)
        elif town.chance(0.06):
            answer = {"question": "how_did_you_like_it", "answer": town.between(1, 6), "order_id": order_id}
            send_later(town, shop, delivered + town.between(DAY, 5 * DAY), "Survey Answered", answer)
    give_reward(town, shop.person, shop.at + town.between(2 * DAY, 9 * DAY))


def send_later(town: Town, touch: Touch, delay: int, event: str, body: Mapping[str, object]) -> None:
    """Queue an event of the same person and source `delay` µs on, unless too much is under way."""
    touch = Touch(touch.person, touch.source, touch.at + delay, None, touch.user_id, touch.context)
    if town.has_room():
        town.send(touch, "track", event, body)


def _letter_touch(person: Person, at: int) -> Touch:
    """The mailing system's touch: it knows the address only."""
    return Touch(person, "email", at, context={"traits": {"email": person.email}})


def _mail(town: Town, person: Person, at: int, campaign: str, **about: object) -> None:
    """A letter about an order or a reward, of which nothing more is heard."""
    told = {"campaign": campaign, "channel": "email", **about, "message_id": f"l{town.serial()}"}
    town.send(_letter_touch(person, at), "track", "Message Sent", told)


def give_reward(town: Town, person: Person, at: int) -> None:
    """Issue a reward by e-mail and on paper to a card holder who has none open, at that time."""
    if (
        person.card is None
        or person.reward is not None
        or not person.enrolled
        or not town.has_room()
        or town.chance(0.6)
    ):
        return
    amount = town.one_of((5, 10, 10, 20))
    code, expiry = f"RW{code_text(town.rng, 8)}", at + 180 * DAY
    person.reward = Reward(code, at, expiry)
    touch = Touch(person, "loyalty", at, context=card_context(person.card))
    issued = {
        "reward_code": code,
        "amount": amount,
        "currency": "EUR",
        "media": ["email", "paper"],
        "expires_at": iso(expiry),
    }
    town.send(touch, "track", "Reward Issued", issued)
    if person.mailed:
        _mail(town, person, at + HOUR, "reward_reminder", reward_code=code)


def card_context(card: str | None, **more: object) -> dict[str, object]:
    """A context that names the loyalty card, if there is one."""
    return {"externalIds": [{"type": "loyalty_card", "id": card}], **more} if card is not None else more


def expire_reward(town: Town, person: Person, at: int) -> None:
    """Report that the open reward ran out, if it has."""
    if person.reward is None or at < person.reward.expiry:
        return
    code, _, expiry = person.reward
    person.reward = None
    touch = Touch(person, "loyalty", at, context=card_context(person.card))
    town.send(touch, "track", "Reward Expired", {"reward_code": code, "expires_at": iso(expiry)})


def write_letter(town: Town, person: Person, at: int) -> int | None:
    """Write to the person once. Returns when they come to the site by a click, if they do."""
    campaign = town.one_of(CAMPAIGNS)
    body: dict[str, object] = {"campaign": campaign, "message_id": f"l{town.serial()}", "channel": "email"}
    if town.chance(0.12):
        touch = Touch(person, "email", at, context={"traits": {"phone": town.phone(person, at)}})
        town.send(touch, "track", "Message Sent", {**body, "channel": "sms"})
        return None
    touch = _letter_touch(person, at)
    if town.chance(0.015):
        town.send(touch, "track", "Message Bounced", body)
        return None
    town.send(touch, "track", "Email Delivered", body)
    if not town.chance(0.45):
        return None
    touch.at += town.between(5 * MINUTE, 20 * HOUR)
    town.send(touch, "track", "Email Opened", body)
    if town.chance(0.04):
        town.send(touch, "track", "Unsubscribed", body)
        return None
    if not town.chance(0.3):
        return None
    town.send(touch, "track", "Email Link Clicked", body)
    return touch.at


def serve_customer(town: Town, person: Person, at: int) -> None:
    """An errand of an account holder: consent, preference, account, question or objection."""
    touch = town.touch(person, "shop" if town.chance(0.7) else "app", at)
    kind = town.rng.random()
    if kind < 0.25:
        channel = town.one_of(("email", "sms", "push"))
        word = "Consent Granted" if town.chance(0.5) else "Consent Withdrawn"
        town.send(touch, "track", word, {"purpose": "marketing", "channel": channel})
    elif kind < 0.5:
        channel = town.one_of(("email", "sms", "app", "post"))
        town.send(touch, "track", "Preference Set", {"channel": channel})
    elif kind < 0.75:
        question = town.one_of(("buys_for", "favourite_store", "how_found"))
        answer = town.one_of(("self", "family", "friend"))
        town.send(touch, "track", "Survey Answered", {"question": question, "answer": answer})
    elif kind < 0.95:
        person.account_open = not person.account_open
        word = "Account Opened" if person.account_open else "Account Closed"
        town.send(touch, "track", word, {"account_id": f"acc-{person.user_id}", "product": "store_credit"})
    else:
        town.send(touch, "track", "Processing Objected", {"purpose": "marketing"})
