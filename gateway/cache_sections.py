"""The sections of the config about what gateways share: Redis, and what is kept of answers."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from datasources.caching import LONGEST_S, NEVER
from datasources.registry import Domain
from datasources.secrets import FileText
from gateway.sections import Long, Section

Seconds = Annotated[int, Field(ge=0, le=LONGEST_S)]


def _redis_url(url: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(url.get_secret_value())
        is_one = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or (not parts.path.removeprefix("/").isdecimal() and parts.path not in {"", "/"}):
        raise ValueError("must be a redis or rediss URL: redis://user:password@host:port/database")
    return url


class RedisSettings(Section):
    """The Redis that the gateways of a program share, or anything that speaks its protocol."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)]
    prefix: str = Field(default="customer-graph", pattern=r"^[a-z0-9-]{1,40}$")

    @property
    def address(self) -> str:
        """The URL, with its password."""
        return self.url.get_secret_value()


class TtlSettings(Section):
    """For how many seconds the answers of a domain may be given again; 0 keeps none."""

    events: Seconds = 0
    tiers: Seconds = 0
    offers: Seconds = 0
    notes: Seconds = 0
    campaigns: Seconds = 0
    rewards: Seconds = 0
    tags: Seconds = 0
    segments: Seconds = 0
    messages: Seconds = 0
    devices: Seconds = 0
    locations: Seconds = 0
    transactions: Seconds = 0
    tickets: Seconds = 0
    metrics: Seconds = 0

    @property
    def by_domain(self) -> dict[Domain, float]:
        """Of the domains that are kept."""
        return {Domain[name.upper()]: float(ttl_s) for name, ttl_s in self if ttl_s}


class CacheSettings(Section):
    """What is kept of answers, and what seals it."""

    key: Annotated[SecretStr, Long] | None = None
    key_file: Annotated[FileText, Long] | None = None
    memory_mb: int = Field(default=64, ge=1, le=65_536)
    ttl_s: TtlSettings = TtlSettings()

    @property
    def secret(self) -> bytes | None:
        """What names and seals are derived from; None where each process makes up its own."""
        found = self.key or self.key_file
        return None if found is None else found.get_secret_value().encode()

    @field_validator("ttl_s", mode="before")
    @classmethod
    def _none_that_is_never_kept(cls, given: Any) -> Any:  # whatever the document has
        named = [domain for domain in NEVER if isinstance(given, dict) and domain.value.lower() in given]
        if named:
            raise ValueError("; ".join(f"{one.value.lower()} can't be cached: {NEVER[one]}" for one in named))
        return given

    @model_validator(mode="after")
    def _one_key(self) -> "CacheSettings":
        if self.key is not None and self.key_file is not None:
            raise ValueError("needs at most one of key and key_file")
        return self
