"""Rules files: what they say, what they inherit, and how a mistake is named."""

import inspect
import re
from pathlib import Path

import pytest

from graph_schema import errors
from graph_schema.access import AccessKey, OpenIdConnect
from graph_schema.errors import AmbiguousIdentifier, Invalid, OnefoldError, RulesError
from graph_schema.namespaces import Namespace
from graph_schema.rule_parts import Matching, RulesParts, Source
from graph_schema.rules import Rules, load_rules

DAY = 86_400_000_000
TWO = '[[namespace]]\nname = "a"\njoins = "people"\n\n[[namespace]]\nname = "b"\njoins = "anonymous"\n'
COMPARISON = f'{TWO}[matching]\nafter = "a"\n[[matching.comparison]]\ntrait = "x"\nas = "y"\n'
DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


@pytest.fixture
def write(tmp_path: Path) -> Path:
    """The path at which a test writes its rules."""
    return tmp_path / "rules.toml"


def refused(path: Path, text: str) -> RulesError:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    return caught.value


def loaded(path: Path, text: str) -> Rules:
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def test_retail_declares_the_table_of_namespaces() -> None:
    rules = load_rules()
    table = [(n.name, n.joins, n.unique, n.generic_above, n.lease_us, n.normaliser) for n in rules.namespaces]
    assert table == [
        ("user_id", "people", True, 50, None, "text"),
        ("loyalty_card", "people", False, 10, None, "card"),
        ("email", "people", False, 10, None, "email"),
        ("phone", "people", False, 5, 540 * DAY, "phone"),
        *((name, "anonymous", False, 10, None, "text") for name in ("session_id", "order_id", "receipt_id")),
        *((name, "anonymous", False, 10, None, "text") for name in ("reward_code", "payment_token")),
        *((name, "anonymous", False, 10, None, "text") for name in ("anonymous_id", "idfa", "gaid")),
    ]
    assert {n.max_records for n in rules.namespaces} == {10_000}
    assert {n.contested for n in rules.namespaces} == {"apart"}
    assert rules.by_name["email"] is rules.namespaces[2]
    assert load_rules("retail").hash == rules.hash


def test_an_undeclared_source_has_nothing_particular(write: Path) -> None:
    rules = loaded(write, 'extends = "retail"\n[source.web]\nregion = "FR"\nclaims = ["email"]\n')
    assert rules.source("web") == Source(region="FR", claims=frozenset({"email"}))
    assert rules.source("never-heard-of") == Source()
    assert rules.source("x").alias == "user_id"


def test_extends_replaces_declared_parts_whole_and_inherits_the_others(tmp_path: Path, write: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text(
        'extends = "retail"\n[source.web]\nregion = "FR"\nclaims = ["email"]\n[source.app]\nregion = "DE"\n'
        '[campaign.x]\nwhen = "a"\nlimit = 3\n[campaign.y]\nwhen = "b"\n'
        '[matching]\nafter = "phone"\nmerge = 0.9\n'
    )
    own = '[source.web]\nregion = "US"\n[campaign.x]\nwhen = "c"\n[matching]\nafter = "email"\n'
    rules = loaded(write, f'extends = "shop.toml"\n{own}')
    assert rules.source("web") == Source(region="US")
    assert rules.source("app") == Source(region="DE")
    assert rules.campaigns == {**load_rules().campaigns, "x": {"when": "c"}, "y": {"when": "b"}}
    assert rules.matching == Matching(after="email")
    assert rules.namespaces == load_rules().namespaces
    own = f'{TWO}[source.web]\n[matching]\nafter = "a"\n'
    assert list(loaded(write, f'extends = "shop.toml"\n{own}').by_name) == ["a", "b"]


def test_matching_finds_its_place_among_namespaces_that_lack_its_own(write: Path) -> None:
    rules = loaded(write, f'extends = "retail"\n{TWO}')
    assert list(rules.by_name) == ["a", "b"]
    assert rules.matching is not None
    assert rules.matching.after == "a"
    alone = '[[namespace]]\nname = "c"\njoins = "anonymous"\n'
    assert loaded(write, f'extends = "retail"\n{alone}').matching is None


@pytest.mark.parametrize(
    ("text", "line", "sentences"),
    [
        (f"{TWO}uniqe = true\n", 8, ["unknown key 'uniqe' in [[namespace]]", "Did you mean 'unique'?"]),
        (
            'extends = "retail"\n\n[source.web]\nclaim = ["email"]\n',
            4,
            ["'claim' in [source.web]", "'claims'?"],
        ),
        ('extends = "retail"\n[sorce.web]\n', 2, ["unknown key 'sorce'", "Did you mean 'source'?"]),
        (TWO.replace("anonymous", "anonimous"), 7, ["'anonimous'", "Did you mean 'anonymous'?"]),
        ('[[namespace]]\njoins = "people"\n', 1, ["'name' is missing", "Add a line: name"]),
        (f"{TWO}unique = true\n", 8, ['unique needs joins = "people"']),
        (TWO.replace('"a"', '"a b"'), 2, ["name is empty or has a space"]),
        (TWO.replace('"b"', '"a"'), 6, ["'a' is declared twice"]),
        (f'{TWO}lease = "1 fortnight"\n', 8, ["lease is not a length of time", '"18 months"']),
        (f'{TWO}lease = "0 days"\n', 8, ["lease is not a length of time"]),
        (f'{TWO}blocked = ["ok", "("]\n', 8, ["number 2", "unterminated"]),
        (f'{TWO}generic_above = "50"\n', 8, ["generic_above should be a valid integer"]),
        (f"{TWO}generic_above = 0\n", 8, ["generic_above should be greater than or equal to 1"]),
        (f'{TWO}[source.web]\nclaims = ["c"]\n', 9, ["no [[namespace]] is named 'c'", "It can be a, b"]),
        (f'{TWO}[source.web]\nclaims = ["b"]\n', 9, ["'b' can't be claimed"]),
        (f'{TWO}[source.web]\nscoped = ["c"]\n', 9, ["no [[namespace]] is named 'c'"]),
        (f'{TWO}[source.uk]\nregion = "UK"\n', 9, ["region is not a country", "GB"]),
        (f'{TWO}[source.fr]\nregion = "fr"\n', 9, ["region is not a country", "two capital letters"]),
        (f'{TWO}[source.x]\nalias = "anonymous"\n', 9, ["alias can't be 'anonymous'", "'anonymous_id'?"]),
        (
            f'{TWO}[source."a/b"]\nregion = "FR"\n',
            8,
            ["'a/b' can name no source", 'holds no "/"', "rename it"],
        ),
        (f'{TWO}[source.x]\nwrite_key = ""\n', 9, ["write_key is empty"]),
        (
            f'{TWO}[source.x]\nwrite_key = "a:b"\n',
            9,
            ["write_key is empty or has a colon", "Write it without"],
        ),
        (
            f'{TWO}[access.oidc]\nissuer = "https://id.example.com"\nclient_id = "x"\nroles = {{}}\n',
            11,
            ["access.oidc.roles should have at least 1 item"],
        ),
        (f'{TWO}[matching]\nafter = "c"\n', 9, ["no [[namespace]] is named 'c'"]),
        (f'{TWO}[matching]\nafter = "a"\nmerge = 0.2\nreview = 0.5\n', 11, ["review is above merge"]),
        (f'{TWO}[matching]\nafter = "b"\n', 9, ["'b', which joins only anonymous", "put it after a"]),
        (
            f'{TWO}[matching]\nafter = "a"\nmodel = "m.json"\n',
            10,
            ["the model can't be read", "onefold train"],
        ),
        (f'{COMPARISON}like = "y"\n', 13, ["unknown key 'like'", "trait, as"]),
        (
            "".join(f'[access.key.{one}]\nrole = "admin"\nsha256 = "{"a" * 64}"\n' for one in ("ana", "bob")),
            1,
            ["access.key gives 'ana' and 'bob' one key"],
        ),
        (f'{TWO}blocked = ["^9", "^TEST|"]\n', 8, ["blocked would block every value by number 2"]),
        ("x = = 3\n", 1, ["not TOML"]),
        ('# nothing\nextends = "retial"\n', 2, ["no bundled rules and no file", "Did you mean 'retail'?"]),
    ],
)
def test_a_mistake_is_named_with_line_and_way_out(
    write: Path, text: str, line: int, sentences: list[str]
) -> None:
    error = refused(write, text)
    assert error.where == f"{write}, line {line}"
    assert str(error).startswith(f"{write}, line {line}: ")
    for sentence in sentences:
        assert sentence in str(error)


def test_a_model_that_says_nothing_is_no_model(tmp_path: Path, write: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    error = refused(write, f'{TWO}[matching]\nafter = "a"\nmodel = "m.json"\n')
    assert (error.where, "empty" in error.what) == (f"{write}, line 10", True)


def test_a_pattern_for_what_is_empty_is_taken(write: Path) -> None:
    assert loaded(write, f'{TWO}blocked = ["^$", "^x*$"]\n').namespaces[1].blocks("xx")


def test_brackets_without_end_are_a_mistake(write: Path) -> None:
    assert "too many brackets" in refused(write, f"x = {'[' * 9000}{']' * 9000}\n").what


def test_a_number_beyond_64_bits_is_a_mistake(write: Path) -> None:
    error = refused(write, f"[profile]\nquestions = []\n[profile.value]\nhigh_value = {1 << 63}\n")
    assert (error.where, "64 bits" in error.what) == (f"{write}, line 4", True)
    loaded(write, f"{TWO}generic_above = {(1 << 63) - 1}\n")


def test_the_first_of_several_mistakes_is_named(write: Path) -> None:
    assert refused(write, f"{TWO}generic_above = 0\n[source.x]\nregin = 1\n").where.endswith("line 8")
    assert refused(write, f"[source.x]\nregin = 1\n{TWO}generic_above = 0\n").where.endswith("line 2")


def test_a_mistake_is_placed_in_the_file_that_declares_it(tmp_path: Path, write: Path) -> None:
    (tmp_path / "below.toml").write_text(f'{TWO}[source.web]\nclaims = ["a"]\n')
    other = '[[namespace]]\nname = "c"\njoins = "people"\n'
    assert refused(write, f'extends = "below.toml"\n{other}').where == f"{tmp_path / 'below.toml'}, line 9"


def test_a_file_may_begin_with_a_byte_order_mark(write: Path) -> None:
    """Editors of Windows write one."""
    assert loaded(write, "\ufeff" + TWO).namespaces == loaded(write, TWO).namespaces


def test_files_that_are_missing_empty_or_extend_themselves_are_refused(tmp_path: Path, write: Path) -> None:
    with pytest.raises(RulesError, match="Did you mean 'retail'"):
        load_rules("retial")
    with pytest.raises(RulesError, match="can't be read"):
        load_rules(tmp_path)
    assert "no [[namespace]] is declared" in str(refused(write, ""))
    assert "extends itself" in str(refused(write, 'extends = "rules.toml"'))


def test_write_keys_are_one_source_s_own_and_are_never_told(write: Path) -> None:
    key = "very-secret"
    error = refused(write, f'{TWO}[source.x]\nwrite_key = "{key}"\n[source.y]\nwrite_key = "{key}"\n')
    assert error.where.endswith("line 11")
    assert key not in str(error)
    assert key not in repr(loaded(write, f'{TWO}[source.x]\nwrite_key = "{key}"\n'))


@pytest.mark.parametrize(
    ("lease", "days"),
    [("1 day", 1), ("30 days", 30), ("2 weeks", 14), ("1 month", 30), ("18 months", 540), ("2 years", 730)],
)
def test_a_lease_is_in_days_of_fixed_months_and_years(lease: str, days: int) -> None:
    assert Namespace(name="x", joins="people", lease=lease).lease_us == days * DAY


def test_hashes_depend_on_what_is_said_not_on_how(write: Path) -> None:
    plain = loaded(write, f'{TWO}[source.x]\nregion = "FR"\nclaims = []\n')
    spelled = loaded(
        write,
        TWO.replace("people", 'people"\ngeneric_above = 10\ncontested = "apart')
        + '[source.y]\nwrite_key = "k"\n[source.x]\nwrite_key = "kk"\nregion = "FR"\n',
    )
    assert spelled.identity_hash == plain.identity_hash
    months = loaded(write, TWO.replace("people", 'people"\nlease = "1 month'))
    days = loaded(write, TWO.replace("people", 'people"\nlease = "30 days'))
    assert months.hash == days.hash


@pytest.mark.parametrize(
    ("more", "identity"),
    [
        ("generic_above = 9\n", True),
        ('blocked = ["x"]\n', True),
        ('[source.x]\nclaims = ["a"]\n', True),
        ('[matching]\nafter = "a"\n', True),
        ('[campaign.x]\nwhen = "true"\n', False),
        ("[profile]\nx = 1\n", False),
    ],
)
def test_each_kind_of_change_shows_in_its_hash(write: Path, more: str, identity: bool) -> None:
    before, after = loaded(write, TWO), loaded(write, TWO + more)
    assert before.hash != after.hash
    assert (before.identity_hash != after.identity_hash) is identity


def test_the_order_of_namespaces_is_part_of_the_identity(write: Path) -> None:
    first, second = TWO.split("\n\n")
    assert loaded(write, TWO).identity_hash != loaded(write, f"{second}\n{first}\n").identity_hash


def test_a_model_counts_by_its_content_not_by_its_place(tmp_path: Path, write: Path) -> None:
    text = f'{TWO}[matching]\nafter = "a"\nmodel = "%s"\n'
    (tmp_path / "one.json").write_text('{"a": 1}')
    (tmp_path / "same.json").write_text('{"a": 1}')
    (tmp_path / "other.json").write_text('{"a": 2}')
    one, same, other = (loaded(write, text % f"{name}.json") for name in ("one", "same", "other"))
    assert one.identity_hash == same.identity_hash != other.identity_hash
    assert one.matching is not None
    assert Path(one.matching.model) == tmp_path / "one.json"


PLACEHOLDERS = (
    """
null|NULL|'null'|"None"|undefined|(none)|<unknown>|n/a|N.A.|NA|nan|nil|unknown|anonymous|Guest|test|true|false
(not set)|-1|0|000|0000000000|000-00-00|----|1111111|1111111111|222-222-2222|xxxx|1234567890|0123456789
00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff|[object Object]|object Object
user_null|customer-undefined|id:none|{{customer.id}}|${email}|%%EMAIL%%|noreply@shop.com|No-Reply@shop.com
<%= user.id %>|{% user %}|#REF!|#N/A|#DIV/0!
donotreply@x.org|do_not_reply@x.org|noemail@x.org|null@x.org|mailer-daemon@x.org
+15555550100|+15555555555|+11111111111|+33000000000|+33666666666|+11234567890
""".strip()
    .replace("\n", "|")
    .split("|")
)
REAL = """
1 7 11 1111 99999 12345 123456 10000 1000000 u-1 c-1 abc123 AAA anna Nullius nana testuser guest1 unknown7
user_nancy userid test@test.com ana@example.com nan@example.com nil@example.org +12025550143 +33612345678
+33123456789 +491777777777 +15551234567 +442079460000 550e8400-e29b-41d4-a716-446655440000 客 2900000000017
#1 #name #ref
""".split()


@pytest.mark.parametrize("value", [*PLACEHOLDERS, ""])
def test_values_that_stand_for_nothing_are_blocked(value: str) -> None:
    assert Namespace(name="x", joins="people").blocks(value)


@pytest.mark.parametrize("value", REAL)
def test_what_a_customer_may_hold_is_not_blocked(value: str) -> None:
    assert not Namespace(name="x", joins="people").blocks(value)


def test_own_patterns_are_searched_for_without_case() -> None:
    namespace = Namespace(name="x", joins="people", blocked=("^kiosk-", "^7$"))
    assert [v for v in ("Kiosk-3", "my-kiosk-3", "7", "77", "null") if namespace.blocks(v)] == [
        "Kiosk-3",
        "7",
        "null",
    ]


def test_rules_made_in_a_program_are_checked_too() -> None:
    namespaces = (Namespace(name="a", joins="people"),)
    with pytest.raises(RulesError, match="no \\[\\[namespace\\]\\] is named 'b'"):
        Rules(namespaces=namespaces, sources={"web": Source(claims=frozenset({"b"}))})


def test_every_example_of_the_document_is_rules_that_load(write: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        loaded(write, example)


def test_the_document_names_every_key() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    keys = [*Namespace.model_fields, *Source.model_fields, *Matching.model_fields]
    keys += [*AccessKey.model_fields, *OpenIdConnect.model_fields]
    assert [key for key in keys if f"| `{key}` |" not in text] == []
    parts = [field.validation_alias or name for name, field in RulesParts.model_fields.items()]
    assert [part for part in parts if str(part) not in text] == []


def test_every_error_tells_its_status_and_exit_code_as_drawn() -> None:
    drawn = re.findall(r"(\w+) +(\d{3})  exit (\d)", inspect.getdoc(errors) or "")
    classes = {
        name: cls
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, OnefoldError)
    }
    assert {(name, str(cls.status), str(cls.exit_code)) for name, cls in classes.items()} == set(drawn)


def test_errors_say_what_where_and_the_way_out() -> None:
    assert str(RulesError("it is wrong", where="a.toml, line 1", way_out="Mend it")) == (
        "a.toml, line 1: it is wrong. Mend it"
    )
    assert str(Invalid("traits.email", "must be text")) == "traits.email: must be text"
    between = AmbiguousIdentifier(["p2", "p1"])
    assert (between.persons, "p1, p2" in str(between)) == (("p1", "p2"), True)
