"""Namespaces that hold the hashes of others."""

from pathlib import Path

import pytest

from graph_schema.rules import load_rules
from tests.unit.test_rules import TWO, loaded, refused

EMAIL = '[[namespace]]\nname = "email"\njoins = "people"\nnormaliser = "email"\n'
HASHED = '[[namespace]]\nname = "email_sha256"\njoins = "people"\nnormaliser = "sha256"\n'


def test_a_namespace_holds_hashes_by_its_name_or_as_it_says(tmp_path: Path) -> None:
    assert load_rules().hashes == {}
    assert loaded(tmp_path / "rules.toml", EMAIL + HASHED).hashes == {"email_sha256": "email"}
    assert loaded(tmp_path / "rules.toml", f'{EMAIL}{HASHED}hashes = ""\n').hashes == {}
    other = HASHED.replace("email_sha256", "hem")
    assert loaded(tmp_path / "rules.toml", EMAIL + other).hashes == {}
    assert loaded(tmp_path / "rules.toml", f'{EMAIL}{other}hashes = "email"\n').hashes == {"hem": "email"}
    assert loaded(tmp_path / "rules.toml", EMAIL + HASHED.replace('"people"', '"anonymous"')).hashes == {}
    with_hashes, without = (
        loaded(tmp_path / "rules.toml", EMAIL + HASHED + more) for more in ("", 'hashes = ""\n')
    )
    assert with_hashes.identity_hash != without.identity_hash


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f'{EMAIL}{HASHED}hashes = "emial"\n', "'email'"),
        (f'{EMAIL}{HASHED.replace("sha256", "text", 2)}hashes = "email"\n', 'normaliser = "sha256"'),
        (f'{TWO}{HASHED}hashes = "a"\n', "Only e-mail addresses"),
        (f'{EMAIL}lease = "6 months"\n{HASHED}', 'Write lease = "6 months"'),
        (f'{EMAIL}lease = "6 months"\n{HASHED}lease = "1 year"\nhashes = "email"\n', "line 10"),
    ],
)
def test_what_can_t_hold_hashes_is_named(tmp_path: Path, text: str, what: str) -> None:
    error = refused(tmp_path / "rules.toml", text)
    assert "line" in error.where
    assert what in str(error)
