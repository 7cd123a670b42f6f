"""The fast paths say what the libraries say, and a match form is its own match form."""

import phonenumbers
from hypothesis import example, given
from hypothesis import strategies as st

from resolver.mailbox import mailbox, mailbox_by_validator
from resolver.normalise import normalise
from resolver.telephone import e164, e164_by_library

DOMAINS = """
example.com gmail.com GoogleMail.com shop.test test localhost a.local x.onion invalid münchen.de BÜCHER.local
xn--mnchen-3ya.de xn--a.com ab--c.de a.1 a.b1 a..b -a.b a-.b a.b. faß.de ｇmail.com 1.אב.com
""".split()
LOCALS = st.text(alphabet="abcXYZ019.+-_'@!# ßİéÀ\u0301\u0345ŉΐﬃ＠ｇ。٠א", max_size=12)
DOMAIN = st.one_of(st.sampled_from(DOMAINS), st.text(alphabet="abcZ09-.éß", max_size=12))
ADDRESSES = st.one_of(st.builds(lambda local, domain: f"{local}@{domain}", LOCALS, DOMAIN), LOCALS)

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


@st.composite
def dialled(draw: st.DrawFn) -> tuple[str, str | None]:
    """A number near a real one, in one of the ways that people write it, and the region of its source."""
    region = draw(st.sampled_from(REGIONS))
    real = phonenumbers.example_number_for_type(region, draw(st.sampled_from(KINDS)))
    digits = str(real.national_number) if real and real.national_number else "612345678"
    start = draw(st.integers(0, len(digits)))
    digits = digits[:start] + draw(st.text("0123456789", max_size=len(digits) - start + 1))
    code = phonenumbers.country_code_for_region(region)
    prefixes = [
        "",
        "0",
        "00",
        "1",
        "8",
        "06",
        f"+{code}",
        f"+{code}0",
        f"+{code} (0)",
        f"{code}",
        f"00{code}",
        "(+",
    ]
    number = draw(st.sampled_from(prefixes)) + digits
    for place in draw(st.lists(st.integers(0, len(number)), max_size=3)):
        number = number[:place] + draw(st.sampled_from(" .-()/")) + number[place:]
    return number, draw(st.sampled_from([region, None, "FR", "US", "DE"]))


@given(ADDRESSES)
@example("a.+x@gmail.com")
@example("a@b.local")
def test_the_fast_path_of_addresses_agrees_with_the_validator(address: str) -> None:
    address = address.strip()
    form = mailbox_by_validator(address)
    if form is None or mailbox_by_validator(form) == form:
        assert mailbox(address) == form


@given(dialled())
@example(("+490030123456", None))
@example(("8 800 123 45 67", "RU"))
def test_the_fast_path_of_numbers_agrees_with_libphonenumber(given_number: tuple[str, str | None]) -> None:
    number, region = given_number
    assert e164(number, region) == e164_by_library(number, region)


@given(dialled())
def test_a_number_s_match_form_needs_no_region_and_stays(given_number: tuple[str, str | None]) -> None:
    form = normalise("phone", *given_number)
    if form is not None:
        assert normalise("phone", form, None) == normalise("phone", form, "US") == form


@given(
    st.sampled_from(["email", "text", "card", "uuid", "sha256"]),
    st.one_of(ADDRESSES, st.text(), st.uuids().map(str)),
)
def test_a_match_form_is_its_own(normaliser: str, value: str) -> None:
    form = normalise(normaliser, value, None)
    if form is not None:
        assert normalise(normaliser, form, None) == form


@given(st.sampled_from(["email", "text", "card", "phone"]), st.one_of(ADDRESSES, st.text()))
def test_spaces_around_a_value_mean_nothing(normaliser: str, value: str) -> None:
    assert normalise(normaliser, f" \t{value}\n ", "FR") == normalise(normaliser, value, "FR")
