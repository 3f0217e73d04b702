"""The sections of the config, and what each refuses."""

import base64
import binascii
from enum import Enum
from typing import Annotated, Literal, TypeVar

import jwt
from jwt.algorithms import AllowedPublicKeys
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from datasources.addresses import secure_url
from datasources.program import SearchMode
from datasources.secrets import FileText
from permissions.model import STRANGER_COST, AdjustmentLimit, AdjustmentOperation, Scope, ViewerKind
from permissions.roles import DEFAULT_ROLES, Role, scopes_of

Item = TypeVar("Item")
VerifyingKey = AllowedPublicKeys | bytes
"""A public key, or the shared secret of HS algorithms."""

NONE = "none"
"""The name that binds a domain to no source."""


class Section(BaseModel):
    """A table of the config: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _master_key(text: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(text.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be 32 random bytes in base64") from None
    if len(key) != 32:
        raise ValueError("must be 32 random bytes in base64")
    return text


def _long_enough(text: SecretStr) -> SecretStr:
    if len(text.get_secret_value().encode()) < 32:
        raise ValueError("must have at least 32 characters")
    return text


def _upper(name: object) -> object:
    return name.upper() if isinstance(name, str) else name


def _known_scope(pattern: str) -> str:
    scopes_of(pattern)
    return pattern


def _known_role(name: str) -> str:
    if name not in DEFAULT_ROLES:
        raise ValueError(f"unknown role '{name}'")
    return name


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _at_least_one(values: tuple[Item, ...]) -> tuple[Item, ...]:
    if not values:
        raise ValueError("must name at least one")
    return values


Masters = AfterValidator(_master_key)
Long = AfterValidator(_long_enough)
Text = Annotated[str, Field(min_length=1)]


class ServerSettings(Section):
    """How the gateway listens, and what one request may ask of it."""

    host: Text = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    explorer: bool = False
    max_body_bytes: int = Field(default=262_144, ge=1_024)
    max_document_bytes: int = Field(default=32_768, ge=1_024)
    max_tokens: int = Field(default=2_000, ge=100)
    max_depth: int = Field(default=12, ge=1, le=100)
    deadline_s: float = Field(default=10.0, gt=0)
    page_size: int = Field(default=20, ge=1, le=200)
    max_page_size: int = Field(default=200, ge=1, le=200)

    @model_validator(mode="after")
    def _pages_fit(self) -> "ServerSettings":
        if self.page_size > self.max_page_size:
            raise ValueError("page_size is larger than max_page_size")
        return self


class DomainSettings(Section):
    """Which source serves which domain, by the source's name; `none` is not set up."""

    default: Text
    profiles: Text | None = None
    events: Text | None = None
    points: Text | None = None
    tiers: Text | None = None
    offers: Text | None = None
    cards: Text | None = None
    notes: Text | None = None
    campaigns: Text | None = None
    rewards: Text | None = None
    promo_codes: Text | None = None
    tags: Text | None = None
    segments: Text | None = None
    messages: Text | None = None
    devices: Text | None = None
    locations: Text | None = None
    transactions: Text | None = None
    tickets: Text | None = None
    metrics: Text | None = None
    privacy: Text | None = None
    audit: Text | None = None

    @property
    def sources(self) -> dict[str, str | None]:
        """The name of the source of each domain, None where it is not set up."""
        named = {domain: name or self.default for domain, name in self if domain != "default"}
        return {domain: None if name == NONE else name for domain, name in named.items()}

    @model_validator(mode="after")
    def _has_profiles(self) -> "DomainSettings":
        if self.sources["profiles"] is None:
            raise ValueError("profiles need a source: every customer is found there")
        return self


class Algorithm(Enum):
    """The signature algorithms that can be accepted (RFC 7518, RFC 8037)."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"
    HS256 = "HS256"
    HS384 = "HS384"
    HS512 = "HS512"

    @property
    def is_symmetric(self) -> bool:
        """True for algorithms whose key also signs."""
        return self.value.startswith("HS")


def _check_key(key: str, algorithm: Algorithm) -> None:
    """Refuse a key of another type than the algorithm's, a public key as a shared secret, and one that is too short."""
    verifier = jwt.get_algorithm_by_name(algorithm.value)
    try:
        is_short = verifier.check_key_length(verifier.prepare_key(key)) is not None
    except (jwt.InvalidKeyError, ValueError, TypeError):
        raise ValueError(f"the key is not one for {algorithm.value}") from None
    if is_short:
        raise ValueError(f"the key is too short for {algorithm.value} (RFC 7518 section 3)")


class AuthSettings(Section):
    """Whose tokens are believed."""

    issuer: Text
    audience: Annotated[tuple[Text, ...], BeforeValidator(_as_list), AfterValidator(_at_least_one)]
    algorithms: Annotated[tuple[Algorithm, ...], AfterValidator(_at_least_one)] = (Algorithm.RS256,)
    jwks_url: Annotated[str, AfterValidator(secure_url)] | None = None
    key: SecretStr | None = None
    key_file: FileText | None = None
    anonymous: bool = False
    leeway_s: int = Field(default=30, ge=0, le=300)
    max_lifetime_s: int = Field(default=3_600, ge=60)
    lookups_per_minute: int = Field(default=60, ge=1)
    lookup_burst: int = Field(default=30, ge=1)
    stranger_max_cost: int = Field(default=STRANGER_COST, ge=1)

    @property
    def secret(self) -> str | None:
        """The configured key: PEM of a public key, or the shared secret of HS algorithms; None with a JWKS URL."""
        found = self.key or self.key_file
        return None if found is None else found.get_secret_value()

    @property
    def verifying_key(self) -> VerifyingKey:
        """The configured key as its algorithms take it. Raises jwt.InvalidKeyError."""
        prepared: VerifyingKey = jwt.get_algorithm_by_name(self.algorithms[0].value).prepare_key(self.secret or "")
        return prepared

    @model_validator(mode="after")
    def _one_key_of_its_kind(self) -> "AuthSettings":
        if sum(given is not None for given in (self.jwks_url, self.key, self.key_file)) != 1:
            raise ValueError("needs exactly one of jwks_url, key and key_file")
        if self.secret is None:
            if any(algorithm.is_symmetric for algorithm in self.algorithms):
                raise ValueError("HS algorithms need a shared secret in key or key_file, not jwks_url")
            return self
        if "PRIVATE KEY-----" in self.secret:
            raise ValueError("the key must be the public one, the gateway has no use for a private key")
        for algorithm in self.algorithms:
            _check_key(self.secret, algorithm)
        return self


class LimitSettings(Section):
    """How far a role may adjust without an approval; what is left out is unlimited."""

    per_operation: int | None = Field(default=None, ge=0, le=2**63 - 1)
    per_day: int | None = Field(default=None, ge=0, le=2**63 - 1)
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None


class RoleSettings(Section):
    """A role of the program, or another shape of a default one."""

    scopes: tuple[Annotated[str, AfterValidator(_known_scope)], ...] | None = None
    extends: Annotated[str, AfterValidator(_known_role)] | None = None
    kind: Literal["staff", "service", "member"] | None = None
    search: Literal["exact"] | None = None
    max_cost: int | None = Field(default=None, ge=1)
    limits: dict[Annotated[AdjustmentOperation, BeforeValidator(_upper)], LimitSettings] = {}

    def over_default(self, name: str) -> Role:
        """The role under this name.

        With `extends` the scopes are added to those of that default role. What is left out is that of the default role
        extended or bearing the name: to redefine `member` must not make it staff.
        """
        base = DEFAULT_ROLES.get(self.extends or name, Role(frozenset()))
        scopes: frozenset[Scope] = frozenset().union(*map(scopes_of, self.scopes or ()))
        limits = {limit.operation: limit for limit in base.limits}
        for operation, limit in self.limits.items():
            limits[operation] = AdjustmentLimit(operation, limit.per_operation, limit.per_day, limit.currency)
        return Role(
            scopes | base.scopes if self.extends or self.scopes is None else scopes,
            tuple(limits.values()),
            ViewerKind(self.kind.upper()) if self.kind else base.kind,
            self.search == "exact" or base.is_held_to_exact_search,
            base.max_cost if self.max_cost is None else self.max_cost,
        )


class PrivacySettings(Section):
    """The key that wraps the keys of all customers."""

    master_key: Annotated[SecretStr, Masters] | None = None
    master_key_file: Annotated[FileText, Masters] | None = None

    @property
    def key(self) -> bytes:
        """The 32 bytes of the master key."""
        found = self.master_key or self.master_key_file
        return b"" if found is None else base64.b64decode(found.get_secret_value())

    @model_validator(mode="after")
    def _one_key(self) -> "PrivacySettings":
        if (self.master_key is None) == (self.master_key_file is None):
            raise ValueError("needs exactly one of master_key and master_key_file")
        return self


class SearchSettings(Section):
    """Which of the two searches is open, whatever the program says."""

    mode: Annotated[SearchMode, BeforeValidator(_upper)] | None = None


class CursorSettings(Section):
    """The secret that cursors are signed with; all replicas share it."""

    secret: Annotated[SecretStr, Long] | None = None
    secret_file: Annotated[FileText, Long] | None = None

    @property
    def key(self) -> bytes:
        """The signing key."""
        found = self.secret or self.secret_file
        return b"" if found is None else found.get_secret_value().encode()

    @model_validator(mode="after")
    def _one_secret(self) -> "CursorSettings":
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("needs exactly one of secret and secret_file")
        return self
