"""What happens at the counter: receipts, cards, paper rewards, the tablet in the store.

And the rows of the loyalty office.
"""

from stream.simulation.letters import card_context, give_reward, send_later
from stream.simulation.messages import DAY, HOUR, SECOND, Product, Touch, context_of, order_of
from stream.simulation.people import Person
from stream.simulation.town import Town


def buy_in_store(town: Town, person: Person, at: int) -> None:
    """A purchase at a till, with the card or without; where none is shown a cashier may lend their own."""
    store = town.stores[int(town.rng.random() ** 2 * len(town.stores))]
    card = town.card(person) if town.chance(0.8) else None
    if card is not None and not person.enrolled:
        enrol(town, person, at - HOUR)
    elif card is None and store.house_card is not None and town.chance(0.3):
        card = store.house_card
    context = card_context(card, **context_of("store", channel="store"))
    if town.chance(0.2):
        # The receipt goes by e-mail: the cashier types what the customer says.
        context["traits"] = {"email": town.typed_email(person, verified=False)}
        person.mailed = True
    touch = Touch(person, "store", at, context=context)
    number = town.serial()
    order = order_of(f"r{number}", _basket(town, person), gift=town.chance(0.04))
    order["receipt_id"] = f"{store.number:03d}-{number}"
    order["store_id"] = f"store-{store.number:03d}"
    if town.chance(0.65):
        order["payment_token"] = person.token
    _redeem_paper(town, touch, order)
    town.send(touch, "track", "Order Completed", order)
    if town.chance(0.02):
        send_later(town, touch, town.between(DAY, 10 * DAY), "Order Refunded", order)
    give_reward(town, person, touch.at + town.between(2 * DAY, 9 * DAY))


def _basket(town: Town, person: Person) -> list[Product]:
    return [
        {**town.article(person, 0.6), "quantity": 1 if town.chance(0.75) else 2}
        for _ in range(town.between(1, 5))
    ]


def _redeem_paper(town: Town, touch: Touch, order: dict[str, object]) -> None:
    """Use a paper reward on this purchase: one's own, or one that somebody at home handed on."""
    for person in touch.person.household.members:
        if person.reward is None or not person.reward.usable(touch.at) or not town.chance(0.3):
            continue
        code = person.reward.code
        # Unless it is forgotten that it was used: then it will be tried again online.
        if not town.chance(0.03):
            person.reward = None
        lent = Touch(touch.person, "store", touch.at, context={"channel": "store"})
        redeemed = {
            "reward_code": code,
            "order_id": order["order_id"],
            "receipt_id": order["receipt_id"],
            "channel": "store",
        }
        town.send(touch if touch.person is person else lent, "track", "Reward Redeemed", redeemed)
        return


def sign_up_at_kiosk(town: Town, person: Person, at: int) -> None:
    """Register on the tablet in a store, which many do: name, e-mail, perhaps phone, all typed standing."""
    store = town.one_of([one for one in town.stores if one.kiosk is not None])
    context = context_of("app", kiosk=f"store-{store.number:03d}")
    touch = Touch(person, "app", at, store.kiosk, context=context)
    traits = {"email": town.typed_email(person, verified=False), **town.traits(person, whole=False)}
    if town.chance(0.5):
        traits["phone"] = town.typed_phone(person, at)
    person.mailed = True
    town.send(touch, "screen", "Join us", {})
    town.send(touch, "identify", None, traits)
    town.send(touch, "track", "Signed Up", {"method": "kiosk"})
    if person.card is not None and not person.enrolled:
        enrol(town, person, touch.at + 30 * SECOND)


def enrol(town: Town, person: Person, at: int, *, again: bool = False) -> None:
    """A row of the loyalty office's customer table.

    `again`: the same person a second time, under another row, without the card.
    """
    person.enrolled = True
    record = f"crm-{person.number:07d}{'-b' if again else ''}"
    context = card_context(None if again else person.card, recordId=record)
    traits = town.traits(person, whole=True)
    if town.chance(0.7):
        traits["email"] = town.typed_email(person, verified=False)
        person.mailed = True
    if town.chance(0.7):
        traits["phone"] = town.typed_phone(person, at)
    town.send(Touch(person, "loyalty", at, context=context), "identify", None, traits)
