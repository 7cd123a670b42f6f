"""The mistakes people make when they type: in names, addresses, dates, e-mail addresses and phone numbers."""

import unicodedata
from random import Random

from stream.simulation.words import DOMAIN_SLIPS, STREET_SLIPS, UNACCENTED

_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopoasdfghjkkzxcvbnn", strict=False))


def unaccented(text: str) -> str:
    """The text in plain ASCII letters: "Świętosława" becomes "Swietoslawa"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(UNACCENTED))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def mistyped(rng: Random, text: str) -> str:
    """The text with one slip of the finger: two letters swapped, one lost, doubled or hit beside."""
    if len(text) < 3:
        return text
    at = 1 + int(rng.random() * (len(text) - 2))
    kind = int(rng.random() * 4)
    if kind == 0 and text[at] != text[at + 1]:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + _NEIGHBOURS.get(text[at].lower(), "e") + text[at + 1 :]


def misnamed(rng: Random, first: str, last: str) -> tuple[str, str]:
    """A name as somebody else might write it: accents lost, swapped, shortened, shouted or mistyped."""
    kind = rng.random()
    if kind < 0.25:
        return unaccented(first), unaccented(last)
    if kind < 0.35:
        return last, first
    if kind < 0.45:
        return first[0] + ".", last
    if kind < 0.55:
        return first.upper(), last.upper()
    if kind < 0.78:
        return mistyped(rng, first), last
    return first, mistyped(rng, last)


def misdated(rng: Random, day: str) -> str:
    """An ISO date (yyyy-mm-dd) with day and month swapped, or with another year or day."""
    year, month, date = day.split("-")
    kind = rng.random()
    if kind < 0.4 and int(date) <= 12:
        return f"{year}-{date}-{month}"
    if kind < 0.7:
        return f"{int(year) + (1 if rng.random() < 0.5 else -1)}-{month}-{min(int(date), 28):02d}"
    return f"{year}-{month}-{1 + int(rng.random() * 28):02d}"


def restreeted(rng: Random, street: str) -> str:
    """A street line as a hurried clerk writes it: shortened words, no accents, or a slip."""
    kind = rng.random()
    if kind < 0.4:
        for long, short in STREET_SLIPS.items():
            street = street.replace(long, short)
        return street
    if kind < 0.7:
        return unaccented(street)
    return mistyped(rng, street)


def email_as_typed(rng: Random, email: str, typo: float) -> str:
    """One way of typing an address: as it is, in other case, with a tag, with other Gmail dots.

    By the share `typo` it is wrong; but the digits of the local part, which make it one person's, are never
    touched: a wrong address is nobody else's.
    """
    local, _, domain = email.partition("@")
    if rng.random() < typo:
        if domain in DOMAIN_SLIPS and rng.random() < 0.4:
            return f"{local}@{DOMAIN_SLIPS[domain]}"
        letters = local.rstrip("0123456789")
        return f"{mistyped(rng, letters)}{local[len(letters) :]}@{domain}"
    kind = rng.random()
    if kind < 0.80:
        return email
    if kind < 0.88:
        return f"{local.title()}@{domain}"
    if kind < 0.90:
        return email.upper()
    if kind < 0.95:
        return f"{local}+shop@{domain}"
    if domain == "gmail.com":
        return local.replace(".", "") + "@gmail.com"
    return f" {email}"


def phone_as_typed(rng: Random, phone: str, calling: str, trunk: str) -> str:
    """One way of writing an E.164 number: as it is, in groups, with 00, or as it is dialled at home."""
    kind = rng.random()
    national = phone[1 + len(calling) :]
    if kind < 0.6:
        return phone
    if kind < 0.72:
        return f"+{calling} {national[:3]} {national[3:6]} {national[6:]}"
    if kind < 0.78:
        return f"00{calling}{national}"
    local = trunk + national
    return " ".join(local[at : at + 3] for at in range(0, len(local), 3)) if kind < 0.9 else local
