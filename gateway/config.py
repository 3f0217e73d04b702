"""The gateway's settings: one TOML file, overridden by the environment (`CUSTOMER_GRAPH_AUTH__ISSUER`)."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import InstanceOf, ValidationError, ValidatorFunctionWrapHandler, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from datasources.kinds import SourceSettings, UnknownKind, kind_of
from gateway.access_sections import SMTP, NotifierSettings, SigningSettings
from gateway.cache_sections import CacheSettings, RedisSettings
from gateway.sections import (
    NONE,
    AuthSettings,
    CursorSettings,
    DomainSettings,
    PrivacySettings,
    RoleSettings,
    SearchSettings,
    ServerSettings,
)
from permissions.roles import DEFAULT_ROLES, Role

PREFIX = "CUSTOMER_GRAPH_"
DEVELOPMENT_ISSUER = "customer-graph-development"
DEVELOPMENT_KEY_PREFIX = "customer-graph-development-key-"
Document = Mapping[str, Any]
"""A parsed TOML document; what its values are is what the settings find out."""


class ConfigError(Exception):
    """What is wrong with the config: one line for each fault, beginning with the path of its key."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class Settings(BaseSettings):
    """All that can be set; `gateway.example.toml` explains every key."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    server: ServerSettings = ServerSettings()
    sources: dict[str, InstanceOf[SourceSettings]]
    domains: DomainSettings
    auth: AuthSettings
    roles: dict[str, RoleSettings] = {}
    privacy: PrivacySettings
    search: SearchSettings = SearchSettings()
    cursors: CursorSettings
    signing: SigningSettings | None = None
    notifier: NotifierSettings = NotifierSettings()
    redis: RedisSettings | None = None
    cache: CacheSettings = CacheSettings()

    @property
    def role_table(self) -> Mapping[str, Role]:
        """Every role by its name: the default ones, and those of the config over them."""
        return {**DEFAULT_ROLES, **{name: role.over_default(name) for name, role in self.roles.items()}}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the document; nothing else is read."""
        return env_settings, init_settings

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults(cls, document: Document, handler: ValidatorFunctionWrapHandler) -> "Settings":
        """Checks of single keys and of keys against each other, told together. Raises ConfigError."""
        sources, faults = _of_their_kinds(document.get("sources"))
        lines = [*faults, *_mismatches(document)]
        try:
            settings: Settings = handler(document if sources is None else {**document, "sources": sources})
        except ValidationError as error:
            raise ConfigError([*_faults(error), *lines]) from None
        if lines:
            raise ConfigError(lines)
        return settings


def load(path: Path | None, development: Document | None = None) -> Settings:
    """The settings of a TOML file, or of the environment alone. Raises ConfigError.

    `development` holds the sections of the development key: its `auth` replaces that of the file, the others fill in
    what the file leaves out. Without it a config that trusts a development key is refused. Paths of files in the
    config are relative to its folder.
    """
    document = {} if path is None else _read(path)
    if development is None:
        return production(document)
    return settings_of({**development, **document, "auth": development["auth"]})


def production(document: Document) -> Settings:
    """The settings of a document that trusts no development key. Raises ConfigError."""
    settings = settings_of(document)
    lines = []
    if settings.auth.issuer == DEVELOPMENT_ISSUER:
        lines.append("auth.issuer: this is the issuer of development tokens, name your own")
    if (settings.auth.secret or "").startswith(DEVELOPMENT_KEY_PREFIX):
        lines.append("auth.key: this is a development key, name your own")
    if lines:
        raise ConfigError(lines)
    return settings


def settings_of(document: Document) -> Settings:
    """The settings of a document and the environment. Raises ConfigError."""
    unknown = [
        f"{name}: unknown key"
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and "__" in name
        and name.removeprefix(PREFIX).partition("__")[0].lower() not in Settings.model_fields
    ]
    if unknown:
        raise ConfigError(unknown)
    try:
        return Settings(**document)
    except SettingsError as error:
        raise ConfigError([f"environment: {error}"]) from None


def _read(path: Path) -> dict[str, Any]:
    """The document of a TOML file, the paths in it made absolute. Raises ConfigError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from None
    except ValueError as error:
        raise ConfigError([f"{path}: {error}"]) from None
    _place_files(document, path.parent.resolve())
    return document


def _place_files(table: dict[str, Any], folder: Path) -> None:
    """Have the paths of files and folders, which are keys that end so, begin at the folder; in every table."""
    for key, value in table.items():
        if isinstance(value, dict):
            _place_files(value, folder)
        elif key.endswith(("_file", "_folder")) and isinstance(value, str):
            table[key] = str(folder / value)


def _of_their_kinds(sections: object) -> tuple[dict[str, SourceSettings] | None, list[str]]:
    """The sections of sources as the settings of their kinds, and what is wrong with the others; None where they are no
    table of tables."""
    if not isinstance(sections, dict) or not all(isinstance(section, dict) for section in sections.values()):
        return None, []
    found: dict[str, SourceSettings] = {}
    lines: list[str] = []
    for name, section in sections.items():
        try:
            found[name] = kind_of(section.get("kind")).settings.model_validate(section)
        except UnknownKind as unknown:
            lines.append(f"sources.{name}.kind: {unknown}")
        except ValidationError as error:
            lines += _faults(error, "sources", name)
    return found, lines


def _faults(error: ValidationError, *at: str) -> Iterable[str]:
    """One line for each fault, without the value that was refused: it may be a secret."""
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join(str(part) for part in (*at, *fault["loc"]) if part != "[key]")
        match fault["type"]:
            case "extra_forbidden":
                yield f"{path}: unknown key"
            case "missing":
                yield f"{path}: is missing"
            case _:
                yield f"{path}: {fault['msg'].removeprefix('Value error, ')}"


def _mismatches(document: Document) -> Iterable[str]:
    """Domains bound to a source that is not there, new roles that nothing tells the scopes of, links that nothing signs,
    answers in Redis that nothing seals."""
    sources, domains, roles = (document.get(section) for section in ("sources", "domains", "roles"))
    notifier, cache = document.get("notifier"), document.get("cache")
    if isinstance(notifier, dict) and notifier.get("kind") == SMTP and document.get("signing") is None:
        yield "signing: is missing, the links in messages are signed by its key"
    if (
        isinstance(cache, dict)
        and cache.get("ttl_s")
        and document.get("redis")
        and not {"key", "key_file"} & cache.keys()
    ):
        yield "cache: needs key or key_file, what is kept in Redis is sealed by it"
    if isinstance(sources, dict) and isinstance(domains, dict):
        for domain in DomainSettings.model_fields:
            name = domains.get(domain)
            if isinstance(name, str) and name != NONE and name not in sources:
                yield f"domains.{domain}: unknown source '{name}'"
    if isinstance(roles, dict):
        for name, role in roles.items():
            if name not in DEFAULT_ROLES and isinstance(role, dict) and not {"scopes", "extends"} & role.keys():
                yield f"roles.{name}: needs scopes or extends, as it is no default role"
