"""By which handles a platform recognises a member: `kind:value`, the value in the platform's form.

A handle says all that a platform is told, and no more: it is what the ledger remembers, and by which somebody
is taken out again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from graph_schema.wire import LONGEST_IDENTIFIER
from serving.destinations import forms
from serving.destinations.contacts import NAMESPACES, Contact
from serving.destinations.settings import Convention, Kind

Form = Callable[[str], str]
ADDRESS_TRAITS: Final = ("firstName", "lastName", "address", "birthday", "gender")
"""The attributes from which a handle of the kind "address" is made."""
META_ADDRESS: Final = ("FN", "LN", "CT", "ST", "ZIP", "COUNTRY", "DOBY", "DOBM", "DOBD", "GEN")
"""What Meta's handle of that kind holds, in this order, each hashed."""


class Recognition(NamedTuple):
    """One platform's forms. ``hashed`` makes of a SHA-256 (hexadecimal) what the platform wants for an
    e-mail."""

    email: Form
    phone: Form
    device: Form
    hashed: Form
    address: Callable[[Mapping[str, Any]], str]

    def handles(self, contact: Contact, kinds: tuple[Kind, ...]) -> list[str]:
        """Her handles, each once, the best of each kind first; what has no form is left out."""
        form = {"email": self.email, "phone": self.phone, "device": self.device}
        found: list[str] = []
        for kind in kinds:
            for space in NAMESPACES[kind]:
                found += [f"{space}:{form[kind](one)}" for one in contact.held.get(space, ())]
            if kind == "email":
                found += [f"email:{self.hashed(one)}" for one in contact.hashed if forms.is_digest(one)]
            elif kind == "address":
                found.append(f"address:{self.address(contact.traits)}")
        return [one for one in dict.fromkeys(found) if not one.endswith(":")]


def _text(traits: Mapping[str, Any], name: str) -> str:
    value = traits.get(name)
    return str(value) if isinstance(value, str | int) and len(str(value)) <= LONGEST_IDENTIFIER else ""


def _place(traits: Mapping[str, Any]) -> Mapping[str, Any]:
    address = traits.get("address")
    return address if isinstance(address, dict) else {}


def _google_address(traits: Mapping[str, Any]) -> str:
    """Given and family name hashed, region and postal code in clear: all four, or nothing."""
    place = _place(traits)
    country = _text(place, "country")
    parts = (
        forms.hex_digest(forms.google_given_name(_text(traits, "firstName"))),
        forms.hex_digest(forms.google_family_name(_text(traits, "lastName"))),
        forms.google_region(country),
        forms.google_postal_code(_text(place, "postalCode"), country),
    )
    return "|".join(parts) if all(parts) else ""


def _meta_address(traits: Mapping[str, Any]) -> str:
    """Each part hashed, "" for one that nobody knows: both names and at least one thing more."""
    place = _place(traits)
    country = _text(place, "country")
    parts = [
        forms.meta_name(_text(traits, "firstName")),
        forms.meta_name(_text(traits, "lastName")),
        forms.meta_place(_text(place, "city")),
        forms.meta_state(_text(place, "state"), country),
        forms.meta_zip(_text(place, "postalCode"), country),
        forms.meta_country(country),
        *forms.meta_birthday(_text(traits, "birthday")),
        forms.meta_gender(_text(traits, "gender")),
    ]
    known = parts[0] and parts[1] and any(parts[2:9])
    return "|".join(map(forms.hex_digest, parts)) if known else ""


def hashed(form: Form, digest: Form = forms.hex_digest) -> Form:
    """A form, then its digest."""
    return lambda one: digest(form(one))


def _none(_: object) -> str:
    return ""


RECOGNITIONS: Final[Mapping[Convention, Recognition]] = {
    "google": Recognition(
        hashed(forms.google_email), hashed(forms.e164), str.strip, str.lower, _google_address
    ),
    "meta": Recognition(
        hashed(forms.meta_email), hashed(forms.digits), forms.device, str.lower, _meta_address
    ),
    "tiktok": Recognition(
        hashed(forms.tiktok_email), hashed(forms.e164), hashed(forms.device), str.lower, _none
    ),
    "uid2": Recognition(
        hashed(forms.uid2_email, forms.base64_digest),
        hashed(forms.e164, forms.base64_digest),
        _none,
        forms.base64_of,
        _none,
    ),
    "plain": Recognition(str.strip, str.strip, str.strip, _none, _none),
}
"""The forms of each convention."""
