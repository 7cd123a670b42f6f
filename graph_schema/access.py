"""Who may see and judge: the part `[access]` of the rules. It decides nothing about persons."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from graph_schema.rules_table import RulesTable

Role = Literal["viewer", "steward", "admin"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class AccessKey(RulesTable):
    """One key that lets in: only its hash is written down."""

    role: Role
    sha256: Digest


class OpenIdConnect(RulesTable):
    """An identity provider. `roles` says which value of the claim `claim` is which role."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
    client_id: Annotated[str, StringConstraints(min_length=1)]
    claim: str = "roles"
    roles: dict[str, Role] = Field(min_length=1)
    scope: str = "openid profile email"


class Access(RulesTable):
    """Keys by the name of whoever has it, and the identity provider, where there is one."""

    key: dict[str, AccessKey] = Field(default={})
    oidc: OpenIdConnect | None = None

    @field_validator("key")
    @classmethod
    def _each_has_their_own(cls, key: dict[str, AccessKey]) -> dict[str, AccessKey]:
        names: dict[str, str] = {}
        for name, one in key.items():
            other = names.setdefault(one.sha256, name)
            if other != name:
                raise ValueError(f"gives {other!r} and {name!r} one key: make each their own")
        return key
