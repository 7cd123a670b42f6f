"""What people do on the web and in the app: look, log in or register, fill a cart, order."""

from stream.simulation.letters import follow_order
from stream.simulation.messages import SECOND, Product, Touch, context_of, order_of
from stream.simulation.people import Person, code_text, uuid_text
from stream.simulation.town import Town
from stream.simulation.words import JUNK_USER_IDS, TEST_EMAIL


def visit_site(town: Town, person: Person, at: int, *, clicked: bool = False) -> None:
    """A visit with a browser: the person's own cookie, a new one, or the household's tablet.

    `clicked`: it follows a link in a letter.
    """
    home = person.household
    device = person.cookie
    if home.tablet is not None and town.chance(0.35):
        device = home.tablet
    elif town.chance(0.12):
        device = person.cookie = uuid_text(town.rng)
    context = context_of("web", sessionId=f"s-{code_text(town.rng, 10)}")
    touch = Touch(person, "web", at, device, context=context)
    if town.chance(0.006):
        touch.user_id = town.one_of(JUNK_USER_IDS)
    town.send(touch, "page", "Home", {"path": "/", "title": "Home"})
    if town.chance(0.003):
        town.send(touch, "identify", None, {"email": TEST_EMAIL})
    if (clicked and person.registered) or town.chance(0.3):
        _log_in(town, touch)
    cart = _browse(town, touch)
    if cart and town.chance(0.55):
        _check_out(town, touch, cart)


def visit_app(town: Town, person: Person, at: int) -> None:
    """A visit with the app: on the phone, or on the tablet at home. The app keeps its user logged in."""
    home = person.household
    device = person.app_id
    if home.tablet is not None and town.chance(0.1):
        device = home.tablet
    context = context_of(
        "app",
        sessionId=f"s-{code_text(town.rng, 10)}",
        device={
            "type": "ios" if person.ios else "android",
            "advertisingId": person.advertising_id,
            "adTrackingEnabled": True,
        },
    )
    touch = Touch(person, "app", at, device, person.user_id if person.registered else None, context)
    town.send(touch, "track", "Application Opened", {"from_background": town.chance(0.6)})
    town.send(touch, "screen", "Start", {})
    if touch.user_id is None and town.chance(0.5):
        _log_in(town, touch)
    cart = _browse(town, touch)
    if cart and town.chance(0.5):
        _check_out(town, touch, cart)


def _log_in(town: Town, touch: Touch) -> None:
    """Log in, or register first where there is no account: from here on the touch has the user id."""
    person = touch.person
    touch.user_id = person.user_id
    if person.registered:
        # A login verifies the address: never with a slip.
        traits: dict[str, object] = (
            {"email": town.typed_email(person, verified=True)} if town.chance(0.7) else {}
        )
        town.send(touch, "identify", None, traits)
        return
    person.registered = person.mailed = True
    traits = {"email": town.typed_email(person, verified=True), **town.traits(person, whole=town.chance(0.3))}
    if town.chance(0.5):
        traits["phone"] = town.typed_phone(person, touch.at)
    town.send(touch, "identify", None, traits)
    if town.chance(0.04):
        town.send(touch, "alias")
    town.send(touch, "track", "Signed Up", {"method": "e-mail"})
    if town.chance(0.5):
        consent = {"purpose": "marketing", "channel": "email"}
        town.send(touch, "track", "Consent Granted", consent)
        if town.chance(0.3):
            town.send(touch, "track", "Consent Granted", {"purpose": "advertising"})
    if town.chance(0.12):
        person.account_open = True
        account = {"account_id": f"acc-{person.user_id}", "product": "store_credit"}
        town.send(town.touch(person, "shop", touch.at), "track", "Account Opened", account)


def _browse(town: Town, touch: Touch) -> list[Product]:
    """Look at some goods and put some in the cart; returns the lines of the cart."""
    cart: list[Product] = []
    page = "page" if touch.source == "web" else "screen"
    if town.chance(0.2):
        town.send(touch, "track", "Products Searched", {"query": "gift"})
    for _ in range(town.between(0, 4)):
        product = town.article(touch.person, 0.75)
        if town.chance(0.3):
            town.send(touch, page, "Category", {"category": product["category"]})
        town.send(touch, "track", "Product Viewed", product)
        if town.chance(0.3):
            line = {**product, "quantity": 1 if town.chance(0.8) else 2}
            town.send(touch, "track", "Product Added", line)
            cart.append(line)
    if cart and town.chance(0.1):
        town.send(touch, "track", "Product Removed", cart.pop())
    if cart and town.chance(0.4):
        town.send(touch, "track", "Cart Viewed", {"products": cart})
    return cart


def _check_out(town: Town, touch: Touch, cart: list[Product]) -> None:
    """Order online: the shop's server reports it, often the site too.

    A guest's e-mail address is typed once, and not verified.
    """
    person = touch.person
    town.send(touch, "track", "Checkout Started", {"products": cart})
    order = order_of(f"o{town.serial()}", cart, gift=town.chance(0.06))
    if town.chance(0.6):
        order["payment_token"] = person.token
    context: dict[str, object] = {}
    if touch.user_id != person.user_id:
        context["traits"] = {"email": town.typed_email(person, verified=False)}
        person.mailed = True
    reward = person.reward
    if reward is not None and reward.usable(touch.at) and town.chance(0.6):
        person.reward = None
        redeemed = {"reward_code": reward.code, "order_id": order["order_id"], "channel": touch.source}
        town.send(touch, "track", "Reward Redeemed", redeemed)
    shop = town.touch(person, "shop", touch.at, **context)
    shop.user_id = touch.user_id if touch.user_id == person.user_id else None
    if town.chance(0.7):
        shop.anonymous_id = touch.anonymous_id
    if touch.source == "web" and town.chance(0.3):
        town.send(touch, "track", "Order Completed", order)
    shop.at += 2 * SECOND
    town.send(shop, "track", "Order Completed", order)
    follow_order(town, shop, order)
