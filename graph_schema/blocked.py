"""Values that stand for "no value": blocked in every namespace, without a word in the rules.

They are compared, whole and without case, with an identifier's match form (for a phone that is E.164, for
a card upper case without dashes). A pattern belongs here only if no real customer can hold such a value; one
that merely is often shared (test@test.com, the desk's telephone) becomes generic by itself, and heals by
itself. So 7, 1111 and 12345 are customers' numbers, and what is reserved for examples (example.com,
+1 202 555 01xx) is not blocked.
"""

import re

# ITU country codes: none begins another, so what follows is the whole national number.
_COUNTRY_CODE = (
    r"(?:1|7|2(?:[07]|[1-689]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)"
    r"|6(?:[0-6]|[7-9]\d)|8(?:[1246]|[035789]\d)|9(?:[0-58]|[679]\d))"
)
_NOTHING = (
    r"null|undefined|none|nil|nan|n/?a|n\.a\.?|unknown|anonymous|guest|test|true|false|void|empty|blank|missing"
    r"|not[ _-]?(?:set|available|provided|applicable|given)|no[ _-]?(?:value|id|e?mail|phone|name)|-1"
)

_MARKS = (("{{", "}}"), ("${", "}"), ("%%", "%%"), ("*|", "|*"), ("<%", "%>"), ("{%", "%}"))
"""Between which a template stands that nobody filled in: {{customer.id}}, ${email}, %%EMAIL%%, *|EMAIL|*."""
_UNFILLED = "|".join(f"{re.escape(opening)}.*{re.escape(closing)}" for opening, closing in _MARKS)

# What a cell holds that a spreadsheet could not work out, such as #REF!; besides #N/A.
SPREADSHEET_MISTAKE = r"#(?:ref|value|name|num|div/0)[!?]"

BUNDLED_PATTERNS: tuple[str, ...] = (
    # nothing but zeros and punctuation: "", 0000000000, 000-00, ----, the all-zero UUID and advertising id
    r"[\W_0]*",
    # a word for nothing, also quoted or bracketed: null, "None", (not set), <unknown>
    rf"[\W_]*(?:{_NOTHING})[\W_]*",
    # the same behind a prefix that a program glued on: user_null, customer-undefined, id:None
    r"(?:user|customer|client|member|account|u?id)[ _:./-]?(?:id[ _:./-]?)?(?:null|undefined|none|nan)",
    # what a program prints of an object: [object Object], object Object; what a spreadsheet does of a mistake
    rf"\[?object \w+\]?|{SPREADSHEET_MISTAKE}",
    _UNFILLED,
    # one letter again and again: xxxx, FFFFFFFF-FFFF-…; a digit from 7 on, for 1111 is a customer's number
    r"(?P<letter>[^\W\d_])(?:-?(?P=letter)){3,}",
    r"(?P<digit>\d)(?:[-. ]?(?P=digit)){6,}",
    # the same as a telephone number (E.164): the whole national number is one digit
    rf"\+{_COUNTRY_CODE}?(?P<number>\d)(?P=number){{5,}}",
    # the keyboard's digits in their order
    r"(?:\+1)?1234567890|0?123456789|9876543210|0987654321",
    # the North American 555-555-…, dialled in every test
    r"\+1555555\d{4}",
    # mailboxes that nobody reads, and mailboxes for "has none"
    r"(?:no[._-]?reply|do[._-]?not[._-]?reply|mailer-daemon|no[._-]?e?-?mail|null|undefined|none)@.*",
)

_BUNDLED = re.compile("|".join(f"(?:{pattern})" for pattern in BUNDLED_PATTERNS), re.IGNORECASE | re.DOTALL)


def stands_for_nothing(value: str) -> bool:
    """Whether a match form is one of the values that are blocked in every namespace."""
    return _BUNDLED.fullmatch(value) is not None


def is_unfilled(text: str) -> bool:
    """Whether a template that nobody filled in stands anywhere in a text. A search for the pattern would go
    through all that follows from each mark on, which in a text of nothing but marks is its length squared."""
    return any(
        closing in line.partition(opening)[2]
        for opening, closing in _MARKS
        if opening in text
        for line in text.split("\n")
    )
