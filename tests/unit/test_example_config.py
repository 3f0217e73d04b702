"""The example config names every key there is, and loads."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

from pydantic import BaseModel

from datasources.http.settings import HttpSettings
from datasources.http.source import MappedSettings
from datasources.kinds import SourceSettings, installed, kind_of
from gateway import config, sections
from gateway.access_sections import NotifierSettings
from gateway.cache_sections import TtlSettings
from gateway.config import Settings
from permissions.roles import DEFAULT_ROLES
from tests.unit.test_config import MASTER, SECRET, SIGNING_PEM

EXAMPLE = Path(__file__).parents[2] / "gateway.example.toml"


def keys_of(model: type[BaseModel]) -> set[str]:
    """Every key of a section and of the sections within it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for module, inner in re.findall(r"((?:gateway|datasources)[\w.]*)\.(\w+Settings)", str(field.annotation)):
            found |= keys_of(getattr(import_module(module), inner))
    return found


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# +)?(\w+) =", text, re.MULTILINE))
    named |= {part for header in re.findall(r"^(?:# )?\[(.+)\]", text, re.MULTILINE) for part in header.split(".")}
    named |= set(re.findall(r"[{,] (\w+) =", text))
    own = {"loyalty", "helpdesk", "warehouse", "supervisor", "points_add", "points_deduct", "card_add", "card_deduct"}
    own |= {
        "zendesk",
        "processor",
        "of_customers",
        "cardBalanceAdjust",
        "cardRegister",
        "number",
        "sort_by",
        "sort_order",
    }
    own |= {"starting_after", "requesters", "direction", "amount", "reason", "insufficient_funds", "new", "open"}
    own |= {"id", "external_id", "system", "status", "type", "subject", "submitted_at", "updated_at", "balance_minor"}
    of_kinds = set().union(*(keys_of(kind_of(name).settings) for name in installed()))
    assert named - own == keys_of(Settings) | of_kinds


def test_the_example_loads_and_shows_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text(MASTER)
    (tmp_path / "cursors.key").write_text(SECRET)
    (tmp_path / "signing.pem").write_text(SIGNING_PEM)
    (tmp_path / "cache.key").write_text(SECRET)
    path = tmp_path / "gateway.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    settings = config.load(path)
    assert settings.server == sections.ServerSettings()
    assert settings.notifier == NotifierSettings()
    assert settings.redis is not None and settings.redis.prefix == "customer-graph"
    assert (settings.cache.memory_mb, settings.cache.ttl_s) == (64, TtlSettings())
    assert settings.signing is not None
    assert (settings.signing.session_ttl_s, settings.signing.link_ttl_s) == (900, 1_800)
    assert settings.domains.sources == dict.fromkeys(settings.domains.sources, "loyalty") | {
        "rewards": "warehouse",
        "transactions": "warehouse",
        "tickets": "helpdesk",
        "devices": None,
    }
    assert settings.sources["warehouse"].model_dump() == SourceSettings(kind="duckdb").model_dump() | {
        "kind": "duckdb",
        "csv_folder": tmp_path / "exports",
        "threads": 2,
    }
    assert settings.role_table["supervisor"].scopes == DEFAULT_ROLES["care_agent"].scopes | {
        "approvals:decide",
        "notes:editAny",
    }


def test_the_rest_system_of_the_example_can_be_mapped_so() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    _, begins, section = text.partition("# [sources.zendesk]")
    section = (begins + section).partition("# Cards and offers")[0]
    document = tomllib.loads(re.sub(r"^# (?=\[|\w+ =)", "", section, flags=re.MULTILINE))
    settings = MappedSettings.model_validate(document["sources"]["zendesk"])
    assert settings.model_dump(exclude=OWN) == HttpSettings(kind="http", base_url=URL).model_dump(exclude=OWN)
    assert set(settings.reads["tickets"]) == {"of_customers", "tickets"}


OWN = {"headers", "auth", "ping", "reads"}
"""What has no default to show."""
URL = "https://example.zendesk.com/api/v2"
