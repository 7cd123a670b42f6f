"""The [destination.NAME] tables of the rules as types, checked; secrets are only named there."""

import os
import re
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, NamedTuple, Self, get_args
from urllib.parse import urlsplit

import orjson
from pydantic import BeforeValidator, Field, field_validator, model_validator

from graph_schema.errors import Invalid, RulesError, nearest
from graph_schema.rules import Rules
from graph_schema.rules_table import RulesTable
from profiles.moments import DAY, SECOND
from profiles.profile_rules import checked, profile_rules
from profiles.settings import Span
from serving.loopback import is_loopback

Kind = Literal["email", "phone", "device", "address"]
Convention = Literal["google", "meta", "tiktok", "uid2", "plain"]
"""In whose form addresses are hashed; plain: in clear."""
LONGEST_LIFETIME: Final = 540 * DAY
"""How long Google keeps a member at most."""
_NAME: Final = re.compile(r"[\w-]+")


class Secret(RulesTable):
    """Where a secret is: in an environment variable, or in a file. It is read when it is used."""

    env: str = ""
    file: str = ""

    @model_validator(mode="before")
    @classmethod
    def _is_named(cls, said: object) -> object:
        if not isinstance(said, dict) or (bool(said.get("env")) == bool(said.get("file"))):
            raise ValueError('must only say where it is: write {env = "NAME"} or {file = "/path"}')
        return said

    def read(self) -> str:
        """The secret. Raises ``Invalid``, which names where it should be, not what is there."""
        if self.env:
            found = os.environ.get(self.env, "").strip()
            if not found:
                raise Invalid(self.env, "This environment variable is not set; a destination needs it.")
            return found
        try:
            return Path(self.file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Invalid(self.file, f"The secret in this file can't be read: {error.strerror}.") from None

    def read_token(self) -> str:
        """A secret that goes into a header. Raises ``Invalid`` as ``read``, and where none can hold it."""
        found = self.read()
        if not found.isascii() or not found.isprintable():
            raise self.wrong("What is there is no token: it holds characters that no token has.")
        return found

    def wrong(self, reason: str) -> Invalid:
        """The error of what is there, which names where it is."""
        return Invalid(self.env or self.file, reason)


def _lists(said: object) -> object:
    """A list of audience names stands for a table in which each keeps its name."""
    return {name: name for name in said} if isinstance(said, list | tuple) else said


Lists = Annotated[dict[str, str], BeforeValidator(_lists), Field(min_length=1)]


def _encrypted(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("is no https:// address; only this machine itself may be spoken to without it")
    return address.rstrip("/")


Address = Annotated[str, BeforeValidator(_encrypted)]


class DestinationSettings(RulesTable):
    """What every destination can say.

    `audiences`: which audience goes into which list there; "name/product" is one product of an audience per
    product. `refresh`: after how long members are added again. `account`: the keys that say whose the lists
    are.
    """

    account: ClassVar[tuple[str, ...]] = ()
    audiences: Lists
    identifiers: Annotated[tuple[Kind, ...], Field(min_length=1)] = ("email", "phone")
    endpoint: Address = ""
    rows_per_request: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    requests_per_minute: Annotated[int, Field(ge=1)] = 300
    attempts: Annotated[int, Field(ge=1)] = 8
    timeout: Span = 30 * SECOND
    refresh: Span | None = None


class GoogleSettings(DestinationSettings):
    """Google's Data Manager API. `account_id` is the account that owns the lists, `login_account_id` the one
    that calls for it, `service_account` the JSON key of whoever signs in; or an `access_token` is kept there
    by somebody else."""

    account: ClassVar = ("account_type", "account_id")
    convention: ClassVar[Convention] = "google"
    type: Literal["google"]
    account_id: str
    account_type: Literal["GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER"] = "GOOGLE_ADS"
    login_account_id: str = ""
    service_account: Secret | None = None
    access_token: Secret | None = None
    terms_accepted: bool = False
    lifetime: Span = LONGEST_LIFETIME
    endpoint: Address = "https://datamanager.googleapis.com"
    requests_per_minute: Annotated[int, Field(ge=1, le=300)] = 300

    @field_validator("lifetime")
    @classmethod
    def _can_be_had(cls, lifetime: int) -> int:
        if lifetime > LONGEST_LIFETIME or lifetime % DAY or not lifetime:
            raise ValueError("must be whole days, at most 540 days: Google keeps no member for longer")
        return lifetime

    @model_validator(mode="after")
    def _signs_in(self) -> Self:
        if self.refresh is not None and self.refresh > self.lifetime:
            raise ValueError("refresh must not be longer than lifetime: until then members would be gone")
        if (self.service_account is None) == (self.access_token is None):
            raise ValueError("service_account or access_token: one of the two must be there")
        return self


class MetaSettings(DestinationSettings):
    """Meta's Custom Audiences. With `app_secret` each request is proved to be this app's."""

    convention: ClassVar[Convention] = "meta"
    type: Literal["meta"]
    access_token: Secret
    app_secret: Secret | None = None
    version: str = "v25.0"
    limited_data_use: bool = False
    endpoint: Address = "https://graph.facebook.com"


class TikTokSettings(DestinationSettings):
    """TikTok's segments. `phone` and `tag`: which of its pages is followed where they contradict."""

    account: ClassVar = ("advertiser_id",)
    convention: ClassVar[Convention] = "tiktok"
    type: Literal["tiktok"]
    advertiser_id: str
    access_token: Secret
    phone: Literal["e164", "digits"] = "e164"
    tag: Literal["keep", "strip"] = "keep"
    endpoint: Address = "https://business-api.tiktok.com"
    rows_per_request: Annotated[int, Field(ge=1, le=10_000)] = 5_000


class Uid2Settings(DestinationSettings):
    """UID2's identity map: members become raw UID2s, written to `path` (CSV or Parquet)."""

    account: ClassVar = ("path",)
    convention: ClassVar[Convention] = "uid2"
    type: Literal["uid2"]
    api_key: Secret
    secret: Secret
    path: str
    endpoint: Address = "https://prod.uidapi.com"
    refresh: Span | None = DAY
    rows_per_request: Annotated[int, Field(ge=1, le=5_000)] = 5_000


class FileSettings(DestinationSettings):
    """A file, CSV or Parquet by its name, written anew whenever somebody came or went; {audience} in its path
    is the list's name. `convention`: in whose form the addresses are hashed; "plain": in clear."""

    account: ClassVar = ("path",)
    type: Literal["file"]
    path: str
    convention: Convention = "meta"

    @field_validator("path")
    @classmethod
    def _has_a_form(cls, path: str) -> str:
        if not path.endswith((".csv", ".parquet")):
            raise ValueError("must end in .csv or .parquet: the name tells the form")
        return path


class WebhookSettings(DestinationSettings):
    """An address of yours that is told who came and went, signed with `secret`."""

    account: ClassVar = ("url",)
    type: Literal["webhook"]
    url: Address
    secret: Secret
    convention: Convention = "plain"
    rows_per_request: Annotated[int, Field(ge=1, le=10_000)] = 1_000


Settings = GoogleSettings | MetaSettings | TikTokSettings | Uid2Settings | FileSettings | WebhookSettings
_TYPES: Final[dict[str, type[Settings]]] = {
    kind: model for model in get_args(Settings) for kind in get_args(model.model_fields["type"].annotation)
}


class Target(NamedTuple):
    """One list of one destination: what it holds, and what it is called there."""

    destination: str
    key: str
    audience: str
    product: str | None
    remote: str


def destination_settings(rules: Rules) -> dict[str, Settings]:
    """Every destination that the rules declare. Raises RulesError, which names the key and the way out."""
    found = {name: _checked(name, table, rules) for name, table in sorted(rules.destinations.items())}
    said: dict[str, str] = {}
    for name, settings in found.items():
        for target in targets(name, settings):
            where = f"destination.{name}.audiences.{target.key}"
            other = said.setdefault(place_of(settings, target.remote), where)
            if other != where:
                raise RulesError(
                    f"it goes into the same list as {other}",
                    where=where,
                    way_out="Each would take out the other's members: give it a list of its own "
                    "({audience} in a path), or make one audience of both, with ||",
                )
    return found


def account_of(settings: Settings) -> list[str]:
    """Whose lists a destination's are."""
    return [settings.type, *(getattr(settings, key) for key in settings.account)]


def place_of(settings: Settings, remote: str) -> str:
    """Which list it is, whatever the rules call the destination and the audience."""
    if isinstance(settings, FileSettings | Uid2Settings):
        return orjson.dumps(["path", str(path_of(settings.path, remote))]).decode()
    return orjson.dumps([*account_of(settings), remote]).decode()


def path_of(path: str, remote: str) -> Path:
    """Where a list is written that is a file."""
    return Path(path.replace("{audience}", remote.replace("/", "_")))


def targets(name: str, settings: Settings) -> list[Target]:
    """The lists of a destination."""
    found = []
    for key, remote in sorted(settings.audiences.items()):
        audience, slash, product = key.partition("/")
        found.append(Target(name, key, audience, product if slash else None, remote))
    return found


def _checked(name: str, table: dict[str, object], rules: Rules) -> Settings:
    where = f"destination.{name}"
    if not _NAME.fullmatch(name):
        raise RulesError("a destination's name is made of letters, digits, _ and -", where=where)
    kind = table.get("type")
    model = _TYPES.get(str(kind))
    if model is None:
        raise RulesError(
            "type is missing" if kind is None else f"type can't be {kind!r}",
            where=where,
            way_out=nearest(str(kind), _TYPES),
        )
    settings = checked(model, table, where)
    audiences = profile_rules(rules).audiences
    for target in targets(name, settings):
        place = f"{where}.audiences.{target.key}"
        if target.audience not in audiences:
            raise RulesError(
                f"no audience is named {target.audience!r}",
                where=place,
                way_out=nearest(target.audience, audiences),
            )
        if target.product is not None and not audiences[target.audience].is_per_product:
            raise RulesError(
                f"{target.audience!r} is no audience per product",
                where=place,
                way_out='Leave the product out, or say per = "product" in the audience',
            )
    return settings
