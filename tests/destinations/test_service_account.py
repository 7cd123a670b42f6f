"""Signing in at Google as a service account, against a token endpoint that checks the assertion."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from graph_schema.errors import Invalid, RulesError
from serving.destinations.platforms import DestinationRefuses
from tests.destinations.google_emulator import GoogleEmulator
from tests.destinations.shop import (
    ANA,
    BORIS,
    CART,
    Shop,
    google,
    ordered,
    two,
)

KEY = RSAKey.generate_key(2048, private=True)


class Counter:
    """An emulator, and a shop that signs in there by a key file."""

    def __init__(self, emulator: GoogleEmulator, folder: Path) -> None:
        self.emulator = emulator
        self.file = folder / "key.json"
        emulator.account = RSAKey.import_key(KEY.as_pem(private=False))
        self.put(KEY)
        self.shop = Shop({"google": google(emulator.url, access_token=None, service_account=self.secret)})

    @property
    def secret(self) -> dict[str, str]:
        """Where the key is, as the rules have it."""
        return {"file": str(self.file)}

    def put(self, key: RSAKey) -> None:
        """Writes the file that Google makes for a service account."""
        said = {
            "type": "service_account",
            "project_id": "shop",
            "private_key_id": "key-1",
            "private_key": key.as_pem(private=True).decode(),
            "client_email": "onefold@shop.example",
            "token_uri": f"{self.emulator.url}/token",
        }
        self.file.write_text(json.dumps(said), encoding="utf-8")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Counter]:
    with GoogleEmulator() as emulator:
        yield Counter(emulator, tmp_path)


def test_it_signs_in_once_for_many_requests(there: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    two(there.shop)
    there.shop.sync()
    there.shop.tell(ordered("u-1", "o-1"))
    with there.shop.syncing("google") as running:
        while running.round():
            pass
        running.rest()
        assert not running.refusals
    assert there.emulator.lists[CART] == {BORIS}
    # Once for each process that syncs.
    assert len(there.emulator.signed_in) == 2
    said = caplog.text
    assert "ya29" not in said
    assert "PRIVATE KEY" not in said
    assert "assertion" not in said


def test_a_token_is_replaced_before_it_ends(there: Counter) -> None:
    # It is replaced five minutes early, so one of five minutes serves a single request.
    there.emulator.holds_s = 300
    two(there.shop)
    there.shop.sync()
    there.shop.wait(1 / 24)
    there.shop.tell(ordered("u-1", "o-1"))
    with there.shop.syncing("google") as running:
        while running.round():
            pass
        assert not running.refusals
    asked = there.emulator.requests["POST 200"] - len(there.emulator.signed_in)
    asked += there.emulator.requests["GET 200"]
    assert len(there.emulator.signed_in) == asked > 2


def test_a_token_that_was_called_off_is_replaced(there: Counter) -> None:
    two(there.shop)
    with there.shop.syncing("google") as running:
        running.round()
        there.emulator.tokens = set()
        while running.round():
            pass
        assert not running.refusals
    assert there.emulator.lists[CART] == {ANA, BORIS}


def test_a_key_that_was_called_off_is_told_and_a_new_one_taken_up(
    there: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(there.shop)
    there.put(RSAKey.generate_key(2048, private=True))
    with there.shop.syncing("google") as running:
        while running.round():
            pass
        refusal = next(iter(running.refusals.values()))
        assert isinstance(refusal, DestinationRefuses)
        assert "invalid_grant" in str(refusal)
        assert "JWT Signature" not in str(refusal)
    there.put(KEY)
    there.shop.sync()
    assert there.emulator.lists[CART] == {ANA, BORIS}
    # The same from the environment.
    monkeypatch.setenv("TEST_KEY", there.file.read_text(encoding="utf-8"))
    rules = google(there.emulator.url, access_token=None, service_account={"env": "TEST_KEY"})
    elsewhere = Shop({"google": rules})
    two(elsewhere)
    elsewhere.sync()


@pytest.mark.parametrize("said", ["", "{}", '{"type": "authorized_user"}', "-----BEGIN PRIVATE KEY-----"])
def test_what_is_no_key_is_told_by_its_place_alone(there: Counter, said: str) -> None:
    there.file.write_text(said, encoding="utf-8")
    two(there.shop)
    with there.shop.syncing("google") as running, pytest.raises(Invalid) as told:
        running.round()
    assert told.value.field == str(there.file)
    assert not said or said not in told.value.reason


@pytest.mark.parametrize("both", [True, False])
def test_one_way_of_signing_in_is_declared(there: Counter, both: bool) -> None:
    settings = google(there.emulator.url)
    settings = settings | {"service_account": there.secret} if both else settings | {"access_token": None}
    with pytest.raises(RulesError, match="one of the two"):
        Shop({"google": settings})
