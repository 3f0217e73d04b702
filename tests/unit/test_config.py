"""A config says what it means, or every line of what is wrong with it."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from datasources.caching import NEVER
from datasources.program import SearchMode
from datasources.registry import Domain
from gateway import config
from gateway.cache_sections import TtlSettings
from gateway.config import ConfigError
from gateway.development import DevelopmentKey
from gateway.sections import RoleSettings
from permissions.model import AdjustmentLimit, AdjustmentOperation, ViewerKind
from permissions.roles import DEFAULT_ROLES

MASTER = base64.b64encode(bytes(32)).decode()
SECRET = "s" * 32
PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SIGNING_PEM = (
    ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)
EC_PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)


def document(**changes: dict[str, Any]) -> dict[str, Any]:
    """A small config that stands, with sections replaced."""
    return {
        "sources": {"loyalty": {"kind": "sql", "url": "sqlite+aiosqlite:///x.sqlite"}},
        "domains": {"default": "loyalty"},
        "auth": {"issuer": "https://login.example/", "audience": "graph", "algorithms": ["HS256"], "key": SECRET},
        "privacy": {"master_key": MASTER},
        "cursors": {"secret": SECRET},
    } | changes


def auth(**changes: Any) -> dict[str, Any]:
    return {**document()["auth"], **changes}


def faults(**changes: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        config.production(document(**changes))
    assert raised.value.__cause__ is None and str(raised.value) == "\n".join(raised.value.lines)
    return raised.value.lines


def test_a_small_config_has_the_defaults_of_the_example() -> None:
    settings = config.production(document())
    assert settings.server.model_dump() == {
        "host": "127.0.0.1",
        "port": 8_000,
        "explorer": False,
        "max_body_bytes": 262_144,
        "max_document_bytes": 32_768,
        "max_tokens": 2_000,
        "max_depth": 12,
        "deadline_s": 10.0,
        "page_size": 20,
        "max_page_size": 200,
    }
    assert (settings.auth.leeway_s, settings.auth.max_lifetime_s) == (30, 3_600)
    assert (settings.auth.lookups_per_minute, settings.auth.lookup_burst) == (60, 30)
    assert settings.auth.stranger_max_cost == 50
    assert (settings.auth.anonymous, settings.auth.audience, settings.auth.secret) == (False, ("graph",), SECRET)
    assert settings.sources["loyalty"].pool_size == 10
    assert settings.search.mode is None
    assert (settings.privacy.key, settings.cursors.key) == (bytes(32), SECRET.encode())
    assert settings.role_table == DEFAULT_ROLES


def test_a_domain_has_its_own_source_the_default_one_or_none() -> None:
    sources = {name: {"kind": "sql", "url": f"sqlite+aiosqlite:///{name}.sqlite"} for name in ("loyalty", "desk")}
    domains = {"default": "loyalty", "tickets": "desk", "devices": "none"}
    bound = config.production(document(sources=sources, domains=domains)).domains.sources
    assert (bound["tickets"], bound["devices"], bound["points"]) == ("desk", None, "loyalty")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path)
    monkeypatch.setenv("CUSTOMER_GRAPH_SERVER__PORT", "9001")
    monkeypatch.setenv("CUSTOMER_GRAPH_SOURCES__LOYALTY__URL", "postgresql+asyncpg://u:p@h/d")
    monkeypatch.setenv("CUSTOMER_GRAPH_AUTH__ALGORITHMS", '["HS384"]')
    (tmp_path / "issuer.key").write_text("k" * 48)
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", "elsewhere")
    settings = config.load(path)
    assert settings.server.port == 9_001
    assert settings.sources["loyalty"].url.get_secret_value() == "postgresql+asyncpg://u:p@h/d"
    assert ([each.value for each in settings.auth.algorithms], settings.auth.secret) == (["HS384"], "k" * 48)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("CUSTOMER_GRAPH_SRVER__PORT", "1", "CUSTOMER_GRAPH_SRVER__PORT: unknown key"),
        ("CUSTOMER_GRAPH_AUTH__ISUER", "x", "auth.isuer: unknown key"),
        (
            "CUSTOMER_GRAPH_AUTH__ALGORITHMS",
            "HS256",
            'environment: error parsing value for field "auth" from source "EnvSettingsSource"',
        ),
    ],
)
def test_a_fault_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    monkeypatch.setenv(name, value)
    assert faults() == (line,)


def test_all_faults_are_told_at_once() -> None:
    assert faults(
        server={"prot": 1, "port": 70_000, "max_body_bytes": 0},
        sources={"loyalty": {"kind": "sql", "url": "mysql://u:hunter2@h/d"}, "desk": {"kind": "carrier pigeon"}},
        domains={"default": "loyalty", "tickets": "helpdesk", "pionts": "loyalty"},
        auth={"isuer": "x", "algorithms": ["none"], "key": SECRET},
        roles={
            "clerk": {"scopes": ["points:read", "points:raed"], "extends": "care_agnt", "kind": "boss"},
            "temp": {"limits": {"points_ad": {}, "card_add": {"per_operation": -1, "currency": "usd"}}},
        },
        privacy={"master_key": "hunter2"},
        search={"mode": "fuzzy"},
        cursors={"secret": "hunter2"},
        extra={},
    ) == (
        "server.port: Input should be less than or equal to 65535",
        "server.max_body_bytes: Input should be greater than or equal to 1024",
        "server.prot: unknown key",
        "domains.pionts: unknown key",
        "auth.issuer: is missing",
        "auth.audience: is missing",
        "auth.algorithms.0: Input should be 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', "
        "'ES512', 'EdDSA', 'HS256', 'HS384' or 'HS512'",
        "auth.isuer: unknown key",
        "roles.clerk.scopes.1: unknown scope 'points:raed'",
        "roles.clerk.extends: unknown role 'care_agnt'",
        "roles.clerk.kind: Input should be 'staff', 'service' or 'member'",
        "roles.temp.limits.points_ad: Input should be 'POINTS_ADD', 'POINTS_DEDUCT', 'CARD_ADD' or 'CARD_DEDUCT'",
        "roles.temp.limits.card_add.per_operation: Input should be greater than or equal to 0",
        "roles.temp.limits.card_add.currency: String should match pattern '^[A-Z]{3}$'",
        "privacy.master_key: must be 32 random bytes in base64",
        "search.mode: Input should be 'EXACT' or 'ADVANCED'",
        "cursors.secret: must have at least 32 characters",
        "extra: unknown key",
        "sources.loyalty.url: must be a sqlite or postgresql URL",
        "sources.desk.kind: must be one of duckdb, http, sql",
        "domains.tickets: unknown source 'helpdesk'",
        "roles.temp: needs scopes or extends, as it is no default role",
    )


ONE_KEY = "auth: needs exactly one of jwks_url, key and key_file"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"key": None}, ONE_KEY),
        ({"jwks_url": "https://login.example/keys"}, ONE_KEY),
        ({"algorithms": []}, "auth.algorithms: must name at least one"),
        ({"audience": []}, "auth.audience: must name at least one"),
        ({"key": PUBLIC_PEM}, "auth: the key is not one for HS256"),
        ({"key": PUBLIC_PEM, "algorithms": ["RS256", "HS256"]}, "auth: the key is not one for HS256"),
        ({"key": EC_PEM, "algorithms": ["RS256"]}, "auth: the key is not one for RS256"),
        ({"algorithms": ["RS256"]}, "auth: the key is not one for RS256"),
        ({"key": "short"}, "auth: the key is too short for HS256 (RFC 7518 section 3)"),
        ({"algorithms": ["HS512"]}, "auth: the key is too short for HS512 (RFC 7518 section 3)"),
        (
            {"key": PRIVATE_PEM, "algorithms": ["RS256"]},
            "auth: the key must be the public one, the gateway has no use for a private key",
        ),
        (
            {"key": None, "jwks_url": "https://login.example/keys"},
            "auth: HS algorithms need a shared secret in key or key_file, not jwks_url",
        ),
        (
            {"key": None, "jwks_url": "http://login.example/keys"},
            "auth.jwks_url: must be an https URL (http on a loopback address only)",
        ),
        (
            {"key": None, "key_file": "/no/such/file"},
            "auth.key_file: the file can't be read (FileNotFoundError)",
        ),
        (
            {"issuer": config.DEVELOPMENT_ISSUER},
            "auth.issuer: this is the issuer of development tokens, name your own",
        ),
        ({"key": config.DEVELOPMENT_KEY_PREFIX + SECRET}, "auth.key: this is a development key, name your own"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(changes: dict[str, Any], line: str) -> None:
    assert faults(auth=auth(**changes)) == (line,)


@pytest.mark.parametrize(
    ("section", "values", "line"),
    [
        ("privacy", {}, "privacy: needs exactly one of master_key and master_key_file"),
        ("privacy", {"master_key": MASTER[:-4]}, "privacy.master_key: must be 32 random bytes in base64"),
        ("cursors", {}, "cursors: needs exactly one of secret and secret_file"),
        ("server", {"page_size": 100, "max_page_size": 50}, "server: page_size is larger than max_page_size"),
        (
            "domains",
            {"default": "loyalty", "profiles": "none"},
            "domains: profiles need a source: every customer is found there",
        ),
        ("domains", {"default": "loyal"}, "domains.default: unknown source 'loyal'"),
        ("domains", {}, "domains.default: is missing"),
        ("auth", "x", "auth: Input should be a valid dictionary or instance of AuthSettings"),
    ],
)
def test_a_section_that_can_not_be_is_refused(section: str, values: dict[str, Any], line: str) -> None:
    assert faults(**{section: values}) == (line,)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"cache": {"ttl_s": {"cards": 5, "offers": 5, "audit": 0}}},
            "cache.ttl_s: cards can't be cached: a balance has to be that of this moment; "
            "audit can't be cached: the log has to be told as it stands",
        ),
        ({"cache": {"ttl_s": {"ofers": 5}}}, "cache.ttl_s.ofers: unknown key"),
        ({"cache": {"ttl_s": {"offers": 3_601}}}, "cache.ttl_s.offers: Input should be less than or equal to 3600"),
        ({"cache": {"ttl_s": {"offers": -1}}}, "cache.ttl_s.offers: Input should be greater than or equal to 0"),
        ({"cache": {"key": "short"}}, "cache.key: must have at least 32 characters"),
        (
            {"redis": {"url": "redis://h"}, "cache": {"ttl_s": {"offers": 5}}},
            "cache: needs key or key_file, what is kept in Redis is sealed by it",
        ),
        ({"redis": {}}, "redis.url: is missing"),
        (
            {"redis": {"url": "redis://h", "prefix": "A:"}},
            "redis.prefix: String should match pattern '^[a-z0-9-]{1,40}$'",
        ),
        *(
            (
                {"redis": {"url": url}},
                "redis.url: must be a redis or rediss URL: redis://user:password@host:port/database",
            )
            for url in ("http://h", "redis://", "redis://h:hunter2", "redis://h/first", "redis://h:0", "redis://[h")
        ),
    ],
)
def test_a_cache_that_can_not_be_is_refused(changes: dict[str, Any], line: str) -> None:
    assert faults(**changes) == (line,)


def test_every_domain_is_kept_as_long_as_the_config_says_or_never() -> None:
    assert {domain.value.lower() for domain in Domain} == set(TtlSettings.model_fields) | {
        domain.value.lower() for domain in NEVER
    }
    cache = {"key": SECRET, "ttl_s": {"offers": 60, "notes": 0}}
    settings = config.production(document(cache=cache, redis={"url": "rediss://u:p@h:1/2"}))
    assert settings.cache.ttl_s.by_domain == {Domain.OFFERS: 60.0}
    assert settings.cache.secret == SECRET.encode()
    assert settings.redis is not None and settings.redis.address == "rediss://u:p@h:1/2"
    assert "u:p" not in repr(settings)


def test_secrets_are_in_no_error_and_no_repr() -> None:
    settings = config.production(
        document(sources={"loyalty": {"kind": "sql", "url": "postgresql+asyncpg://u:hunter2@h/d"}})
    )
    assert not any(secret in repr(settings) for secret in (SECRET, MASTER, "hunter2"))
    told = faults(
        sources={"loyalty": {"kind": "sql", "url": "hunter2"}},
        auth=auth(key=["hunter2"]),
        privacy={"master_key": 'hunter2"'},
    )
    assert told == (
        "auth.key: Input should be a valid string",
        "privacy.master_key: must be 32 random bytes in base64",
        "sources.loyalty.url: must be a database URL: dialect+driver://user:password@host/database",
    )


def written(folder: Path) -> Path:
    """The small config as a file whose secrets are files beside it."""
    (folder / "issuer.key").write_text(f"{SECRET}\n")
    (folder / "master.key").write_text(f"{MASTER}\n")
    (folder / "cursors.key").write_text(f"{SECRET}\n")
    path = folder / "gateway.toml"
    path.write_text(
        """
        [sources.loyalty]
        kind = "sql"
        url = "sqlite+aiosqlite:///x.sqlite"
        [domains]
        default = "loyalty"
        [auth]
        issuer = "https://login.example/"
        audience = "graph"
        algorithms = ["HS256"]
        key_file = "issuer.key"
        [privacy]
        master_key_file = "master.key"
        [cursors]
        secret_file = "cursors.key"
        [search]
        mode = "advanced"
        """
    )
    return path


def test_files_of_secrets_are_beside_the_config(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path))
    assert (settings.auth.secret, settings.privacy.key, settings.cursors.key) == (SECRET, bytes(32), SECRET.encode())
    assert settings.search.mode is SearchMode.ADVANCED


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nport = = 1", "{path}: Invalid value (at line 2, column 8)"),
        (None, "{path}: No such file or directory"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str | None, line: str) -> None:
    path = tmp_path / "gateway.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        config.load(path)
    assert raised.value.lines == (line.format(path=path),)


def test_the_development_key_replaces_the_auth_of_a_file_and_nothing_else(tmp_path: Path) -> None:
    key = DevelopmentKey(tmp_path / "state")
    settings = config.load(written(tmp_path), development=key.sections)
    assert settings.auth.issuer == config.DEVELOPMENT_ISSUER
    assert settings.privacy.key == bytes(32)


def test_a_config_that_copies_the_development_key_is_refused(tmp_path: Path) -> None:
    assert faults(auth=DevelopmentKey(tmp_path).sections["auth"]) == (
        "auth.issuer: this is the issuer of development tokens, name your own",
        "auth.key: this is a development key, name your own",
    )


def test_a_default_role_keeps_what_the_config_leaves_out() -> None:
    limits = {"points_add": {"per_operation": 9}, "card_add": {}}
    role = RoleSettings.model_validate({"limits": limits}).over_default("care_agent")
    assert (role.scopes, role.kind) == (DEFAULT_ROLES["care_agent"].scopes, ViewerKind.STAFF)
    assert role.limits == (
        AdjustmentLimit(AdjustmentOperation.POINTS_ADD, 9),
        AdjustmentLimit(AdjustmentOperation.POINTS_DEDUCT, 500, 5_000),
        AdjustmentLimit(AdjustmentOperation.CARD_ADD),
        AdjustmentLimit(AdjustmentOperation.CARD_DEDUCT, 5_000, 20_000),
    )


def test_a_redefined_member_is_no_staff() -> None:
    role = RoleSettings.model_validate({"scopes": ["points:read"]}).over_default("member")
    assert role.scopes == {"points:read"}
    assert role.kind is ViewerKind.MEMBER
