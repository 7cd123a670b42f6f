"""Match forms and shown forms, value by value."""

import pytest

from resolver.normalise import normalise, shown


@pytest.mark.parametrize(
    ("given", "form"),
    [
        (" Ana.Lopez@Example.COM ", "ana.lopez@example.com"),
        ("ana+shop@example.com", "ana@example.com"),
        ("ana+a+b@example.com", "ana@example.com"),
        ("a.+tag@example.com", "a@example.com"),
        ("+tag@example.com", "+tag@example.com"),
        ("a.n.a+x@gmail.com", "ana@gmail.com"),
        ("A.N.A@GoogleMail.com", "ana@gmail.com"),
        ("a.n.a@example.com", "a.n.a@example.com"),
        ("ana@gmail.com.example", "ana@gmail.com.example"),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("ana@xn--bcher-kva.example", "ana@xn--bcher-kva.example"),
        ("ÉLODIE@example.com", "élodie@example.com"),
        ("e\u0301lodie@example.com", "élodie@example.com"),
        ("ana@shop.test", "ana@shop.test"),
        ("ana@localhost", "ana@localhost"),
        ("ana@shop.local", "ana@shop.local"),
        ("ana@shop.invalid", "ana@shop.invalid"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_two_spellings_of_one_mailbox_have_one_form(given: str, form: str) -> None:
    assert normalise("email", given, None) == form


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "ana@@example.com",
        "a..b@example.com",
        ".a@example.com",
        "ana@-x.com",
        "ana@x..com",
        "ana@x.1",
        "ana b@example.com",
        "Ana <ana@example.com>",
        "ana@[10.0.0.1]",
        "ana,bob@example.com",
        '"ana"@example.com',
        "ana@ab--c.com",
        "ana@xn--a.com",
        "a" * 250 + "@example.com",
        "ana@" + "a" * 64 + ".com",
    ],
)
def test_what_is_no_address_has_no_form(given: str) -> None:
    assert normalise("email", given, None) is None


@pytest.mark.parametrize(
    ("given", "region", "form"),
    [
        ("+33612345678", None, "+33612345678"),
        ("+33 6 12 34 56 78", "US", "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06.12.34.56.78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("0033 612345678", "FR", "+33612345678"),
        ("(202) 555-0143", "US", "+12025550143"),
        ("1-202-555-0143", "US", "+12025550143"),
        ("(202) 555-0143", "CA", "+12025550143"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("0170 1234567", "DE", "+491701234567"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("tel:+33612345678", None, "+33612345678"),
        ("+33 6 12 34 56 78 ext. 9", None, "+33612345678"),
        ("+٣٣٦١٢٣٤٥٦٧٨", None, "+33612345678"),
        ("555-555-0100", "US", "+15555550100"),
    ],
)
def test_two_spellings_of_one_number_have_one_form(given: str, region: str | None, form: str) -> None:
    assert normalise("phone", given, region) == form


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ("06 12 34 56 78", None),
        ("", "FR"),
        ("call me", "FR"),
        ("12", "FR"),
        ("+999123456789", None),
        ("+336123456789012345", None),
        ("0612345678", "XX"),
        ("+33 6", None),
        ("ana@example.com", "FR"),
    ],
)
def test_what_can_t_be_a_number_has_no_form(given: str, region: str | None) -> None:
    assert normalise("phone", given, region) is None


@pytest.mark.parametrize(
    ("normaliser", "given", "form"),
    [
        ("text", "  Ab 1 ", "Ab 1"),
        ("text", "e\u0301", "é"),
        ("text", "  ", None),
        ("card", " 2900 abc-1.x ", "2900ABC1X"),
        ("card", "２９００‐１", "29001"),
        ("card", " - ", None),
        ("uuid", "AEBE52E7-03EE-455A-B3C4-E57283966239", "aebe52e7-03ee-455a-b3c4-e57283966239"),
        ("uuid", "{aebe52e703ee455ab3c4e57283966239}", "aebe52e7-03ee-455a-b3c4-e57283966239"),
        ("uuid", "urn:uuid:aebe52e7-03ee-455a-b3c4-e57283966239", "aebe52e7-03ee-455a-b3c4-e57283966239"),
        ("uuid", "aebe52e7", None),
        ("sha256", " " + "AB" * 32, "ab" * 32),
        ("sha256", "ab" * 31, None),
        ("sha256", "zz" * 32, None),
    ],
)
def test_other_normalisers(normaliser: str, given: str, form: str | None) -> None:
    assert normalise(normaliser, given, None) == form


def test_an_unknown_normaliser_is_an_error() -> None:
    with pytest.raises(KeyError):
        normalise("emial", "ana@example.com", None)


@pytest.mark.parametrize(
    ("normaliser", "given", "form"),
    [
        ("email", " Ana.L+shop@GoogleMail.COM ", "Ana.L+shop@googlemail.com"),
        ("email", " not an address ", "not an address"),
        ("phone", "06 12 34 56 78", "+33612345678"),
        ("phone", " none ", "none"),
        ("card", " 2900 abc-1 ", "2900 abc-1"),
        ("text", " u-1 ", "u-1"),
    ],
)
def test_the_shown_form_stays_as_it_was_given(normaliser: str, given: str, form: str) -> None:
    assert shown(normaliser, given, "FR") == form
