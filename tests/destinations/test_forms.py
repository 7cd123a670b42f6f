"""Every published vector, and the bugs that shipped in others' connectors."""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.telephone import e164
from serving.destinations import forms
from serving.destinations.contacts import Contact
from serving.destinations.forms import base64_digest, hex_digest
from serving.destinations.recognition import RECOGNITIONS
from serving.destinations.settings import Convention, Kind

KINDS: tuple[Kind, ...] = ("email", "phone", "device", "address")


def number(given: str, region: str) -> str:
    """A telephone number as the graph keeps it, by the region of its source."""
    found = e164(given, region)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("form", "digest"),
    [
        # developers.google.com/data-manager/api/get-started/formatting
        (
            forms.e164(number("(800) 555-0100", "US")),
            "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
        ),
        # The page of Meta's custom audiences, and its table of customer information.
        (
            forms.meta_email(" John_Smith@gmail.com "),
            "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
        ),
        (
            forms.digits(number("(650)555-1212", "US")),
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
        ),
        (forms.meta_name("Mary"), "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        (forms.meta_name("정"), "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        (forms.meta_name("Valéry"), "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        # ads.tiktok.com; the number that its page prints is hashed without its plus.
        (
            forms.tiktok_email("JaneDoe@gmail.com "),
            "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69",
        ),
    ],
)
def test_a_published_hash_comes_out(form: str, digest: str) -> None:
    assert hex_digest(form) == digest


def test_tiktoks_printed_number_is_the_one_without_its_plus() -> None:
    assert forms.digits("+37493828222") == "37493828222"
    assert hex_digest("37493828222").startswith("65b7e6dc")
    assert hex_digest("37493828222").endswith("a422d4")
    assert forms.e164("+37493828222") == "+37493828222"


@pytest.mark.parametrize(
    ("form", "digest"),
    [
        (forms.uid2_email("user@example.com"), "tMmiiTI7IaAcPpQPFQ65uMVCWH8av9jw4cwf/F5HVRQ="),
        (forms.uid2_email("JANE.SAOIRSE@gmail.com"), "ku4mBX7Z3qJTXWyLFB1INzkyR2WZGW4ANSJUiW21iI8="),
        (forms.uid2_email("JaneSaoirse+Work@gmail.com"), "ku4mBX7Z3qJTXWyLFB1INzkyR2WZGW4ANSJUiW21iI8="),
        (forms.uid2_email("JaneSaoirse+Work@example.com"), "KKruSBUjDNO069iMUVImVQZm6RrAGZKeOtrD9mwogYA="),
        (forms.e164("+12345678901"), "EObwtHBUqDNZR33LNSMdtt5cafsYFuGmuY4ZLenlue4="),
    ],
)
def test_uid2s_published_hashes_come_out(form: str, digest: str) -> None:
    assert base64_digest(form) == digest


@pytest.mark.parametrize(
    ("given", "google", "meta", "tiktok", "uid2"),
    [
        (
            " A.b.C+x@GMAIL.com",
            "abc+x@gmail.com",
            "a.b.c+x@gmail.com",
            "a.b.c+x@gmail.com",
            "abc@gmail.com",
        ),
        ("a.b@googlemail.com", "ab@googlemail.com", *["a.b@googlemail.com"] * 3),
        ("a.b+x@example.com", *["a.b+x@example.com"] * 4),
        ("a b@example.com", "ab@example.com", "a b@example.com", "ab@example.com", "a b@example.com"),
        ("no address", "", "", "", ""),
        ("@example.com", "", "", "", ""),
    ],
)
def test_each_platform_writes_an_address_its_own_way(
    given: str, google: str, meta: str, tiktok: str, uid2: str
) -> None:
    assert forms.google_email(given) == google
    assert forms.meta_email(given) == meta
    assert forms.tiktok_email(given) == tiktok
    assert forms.uid2_email(given) == uid2


def test_every_dot_goes_at_google_not_only_the_first() -> None:
    # Segment, google-enhanced-conversions: replace('.', '') took out one dot.
    assert forms.google_email("a.b.c@gmail.com") == "abc@gmail.com"


def test_tiktok_keeps_dots_and_tags_of_every_domain() -> None:
    # Segment, tiktok-audiences: took both out, at every domain.
    assert forms.tiktok_email("a.b+c@example.com") == "a.b+c@example.com"
    assert forms.tiktok_email("a.b+c@example.com", keep_tag=False) == "a.b@example.com"
    assert forms.device("AEBE52E7-03EE") == "aebe52e7-03ee"


def test_a_text_that_holds_a_hash_is_no_hash() -> None:
    # Segment: /[0-9abcdef]{64}/ was not anchored.
    digest = "0a" * 32
    assert forms.is_digest(digest)
    assert forms.is_digest(digest.upper())
    assert not forms.is_digest(f"x{digest}@example.com")
    assert not forms.is_digest(f"{digest}0")


def test_a_number_of_nothing_has_no_form_and_fails_no_batch() -> None:
    # Segment, Meta: +0000000000 became empty, and the whole request failed.
    contact = Contact({"email": ["ana@example.com"], "phone": ["+0000000000", "+33612345678"]})
    handles = RECOGNITIONS["meta"].handles(contact, KINDS)
    assert [one.partition(":")[0] for one in handles] == ["email", "phone"]


def test_names_keep_their_letters_and_places_too() -> None:
    # Meta's own helper made valry of Valéry; RudderStack mnchen of München, and nothing of 東京.
    assert forms.meta_name("Valéry") == "valéry"
    assert forms.meta_name("Vale\u0301ry") == "valéry"
    assert forms.meta_name("O'Neil-Smith.") == "oneilsmith"
    assert forms.meta_place("München") == "münchen"
    assert forms.meta_place("東京") == "東京"
    assert forms.meta_place("New York") == "newyork"


def test_who_says_neither_is_of_no_gender() -> None:
    # RudderStack made everybody male who isn't f or female.
    assert [forms.meta_gender(one) for one in ("F", "female", "m", "Male", "unknown", "x", "")] == [
        "f",
        "f",
        "m",
        "m",
        "",
        "",
        "",
    ]


def test_a_local_number_that_begins_like_its_country_is_read_as_local() -> None:
    # Others' formatToE164 put the country's code before it only where the digits didn't begin with it.
    assert number("(336) 555-0100", "US") == "+13365550100"
    assert number("0033 6 12 34 56 78", "FR") == "+33612345678"
    assert number("1 336 555 0100", "US") == "+13365550100"


@pytest.mark.parametrize(
    ("code", "country", "google", "meta"),
    [
        ("94025-1234", "us", "94025-1234", "94025"),
        ("940251234", "US", "94025-1234", "94025"),
        ("M1 1AE", "GB", "M1 1AE", "m11ae"),
        ("1050-002", "PT", "1050-002", "1050002"),
        ("9402", "US", "", ""),
        ("CA 94025", "US", "", ""),
        ("75|001", "FR", "", "75|001"),
    ],
)
def test_postal_codes(code: str, country: str, google: str, meta: str) -> None:
    assert forms.google_postal_code(code, country) == google
    assert forms.meta_zip(code, country) == meta


def test_google_takes_names_without_title_and_suffix() -> None:
    assert forms.google_given_name(" Mrs. Ana  Maria ") == "ana maria"
    assert forms.google_family_name("Lima Jr.") == "lima"
    assert forms.google_family_name("O'Brien-Lima, Jr.") == "o'brien-lima"
    assert forms.google_given_name("Jean-Pierre ") == "jean-pierre"
    assert forms.google_family_name("Jr") == "jr"


@pytest.mark.parametrize(
    ("birthday", "parts"),
    [
        ("1990-05-03", ("1990", "05", "03")),
        ("1990-5-3", ("1990", "05", "03")),
        ("19900503", ("1990", "05", "03")),
        ("1990-05-03T00:00:00Z", ("1990", "05", "03")),
        ("03/05/1990", ("", "", "")),
        ("1990-13-03", ("", "", "")),
        ("1990-05", ("", "", "")),
        ("1990112", ("", "", "")),
        ("199005031", ("", "", "")),
    ],
)
def test_a_birthday_is_a_whole_day_or_nothing(birthday: str, parts: tuple[str, str, str]) -> None:
    assert forms.meta_birthday(birthday) == parts


def test_a_state_of_the_united_states_is_its_two_letters_or_nothing() -> None:
    assert forms.meta_state("CA", "us") == "ca"
    assert forms.meta_state("New York", "US") == ""
    assert forms.meta_state("Nova Scotia", "CA") == "novascotia"


ADDRESS: dict[str, Any] = {
    "firstName": "Ana",
    "lastName": "Lima",
    "birthday": "1990-05-09",
    "gender": "other",
    "address": {"city": "São Paulo", "postalCode": "94025", "country": "us"},
}


def test_an_address_is_hashed_where_the_platform_wants_it_so() -> None:
    contact = Contact(traits=ADDRESS)
    (google,) = RECOGNITIONS["google"].handles(contact, ("address",))
    assert google == f"address:{hex_digest('ana')}|{hex_digest('lima')}|US|94025"
    (meta,) = RECOGNITIONS["meta"].handles(contact, ("address",))
    said = ["ana", "lima", "sãopaulo", "", "94025", "us", "1990", "05", "09", ""]
    assert meta == "address:" + "|".join(hex_digest(one) for one in said)
    assert RECOGNITIONS["tiktok"].handles(contact, ("address",)) == []
    less = Contact(traits={"firstName": "Ana", "address": ADDRESS["address"]})
    assert RECOGNITIONS["google"].handles(less, ("address",)) == []
    assert RECOGNITIONS["meta"].handles(less, ("address",)) == []


def test_devices_are_hashed_by_tiktok_alone() -> None:
    contact = Contact({"idfa": ["AB-1"], "gaid": ["cd-2"]})
    assert RECOGNITIONS["google"].handles(contact, ("device",)) == ["idfa:AB-1", "gaid:cd-2"]
    assert RECOGNITIONS["meta"].handles(contact, ("device",)) == ["idfa:ab-1", "gaid:cd-2"]
    assert RECOGNITIONS["tiktok"].handles(contact, ("device",)) == [
        f"idfa:{hex_digest('ab-1')}",
        f"gaid:{hex_digest('cd-2')}",
    ]
    assert RECOGNITIONS["uid2"].handles(contact, ("device",)) == []


def test_who_is_known_by_a_hash_alone_is_told_by_it() -> None:
    digest = hashlib.sha256(b"user@example.com").hexdigest()
    contact = Contact(hashed=(digest.upper(), "no hash"))
    for convention in ("google", "meta", "tiktok"):
        assert RECOGNITIONS[convention].handles(contact, ("email",)) == [f"email:{digest}"]
    (uid2,) = RECOGNITIONS["uid2"].handles(contact, ("email",))
    assert uid2 == "email:tMmiiTI7IaAcPpQPFQ65uMVCWH8av9jw4cwf/F5HVRQ="
    assert RECOGNITIONS["plain"].handles(contact, ("email",)) == []


CONVENTIONS = st.sampled_from(("google", "meta", "tiktok", "uid2"))


@given(CONVENTIONS, st.text(max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_given_nothing_but_hashes_leaves(
    convention: Convention, address: str, phone: str, name: str
) -> None:
    traits = {
        "firstName": name,
        "lastName": name,
        "address": {"postalCode": name, "country": name, "city": name},
    }
    contact = Contact({"email": [address, f"{address}@example.com"], "phone": [phone]}, traits=traits)
    for handle in RECOGNITIONS[convention].handles(contact, KINDS):
        kind, _, value = handle.partition(":")
        assert kind in KINDS
        if kind == "address":
            parts = value.split("|")
            hashed = parts[:2] if convention == "google" else [one for one in parts if one]
            assert all(forms.is_digest(one) for one in hashed)
        elif convention == "uid2":
            assert len(base64.b64decode(value, validate=True)) == 32
        else:
            assert forms.is_digest(value)


@given(st.text(max_size=40))
def test_a_form_is_its_own_form(text: str) -> None:
    for form in (forms.google_email, forms.meta_email, forms.tiktok_email, forms.uid2_email, forms.meta_name):
        assert form(form(text)) == form(text)
