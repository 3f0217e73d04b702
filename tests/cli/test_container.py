"""The container files: the config in them is a good one, nothing has a default secret, and versions are pinned by hash."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from datasources.registry import Domain
from gateway.config import load

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "POSTGRES_PASSWORD": "pass",
    "VALKEY_PASSWORD": "pass",
    "AUTH_ISSUER": "https://login.example.com/",
    "AUTH_JWKS_URL": "https://login.example.com/keys",
    "MASTER_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
    "CURSOR_SECRET": "s" * 32,
    "CACHE_KEY": "c" * 32,
}


@pytest.fixture
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def test_the_services_are_the_gateway_and_what_it_needs_each_with_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert sorted(services) == ["gateway", "postgres", "valkey"]
    assert [name for name, service in services.items() if "healthcheck" in service] == ["postgres", "valkey"]
    assert "HEALTHCHECK " in (ROOT / "Dockerfile").read_text()
    assert services["gateway"]["ports"] == ["127.0.0.1:8000:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]


def test_every_secret_has_to_be_given(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"(?<!\$)\$\{(\w+):\?\}", text)) == SECRETS.keys()
    assert set(re.findall(r"(?<!\$)\$\{[^}]*\}", text)) == {f"${{{name}:?}}" for name in SECRETS}
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            assert not re.search("PASSWORD|KEY|SECRET", name) or value.startswith("${")


def test_the_gateways_config_is_whole_once_the_secrets_are_given(
    compose: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in compose["services"]["gateway"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{(\w+):\?\}", lambda found: SECRETS[found[1]], value))
    file = tmp_path / "gateway.toml"
    file.write_text(compose["configs"]["gateway"]["content"])
    settings = load(file)
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8000)  # noqa: S104  # within the container
    assert settings.privacy.key == b"k" * 32
    assert settings.sources["loyalty"].url.get_secret_value() == (
        "postgresql+asyncpg://gateway:pass@postgres:5432/loyalty"
    )
    assert settings.redis is not None and settings.redis.address == "redis://:pass@valkey:6379/0"
    assert settings.cache.secret == b"c" * 32
    assert settings.cache.ttl_s.by_domain == {Domain.LOCATIONS: 300.0, Domain.OFFERS: 60.0}


def test_the_image_runs_as_nobody_special_with_pinned_packages() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER gateway" in lines
    assert "RUN pip install --require-hashes -r /tmp/requirements.txt" in lines


def test_the_image_has_every_dependency_of_the_project_pinned_by_hash() -> None:
    text = (ROOT / "requirements.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    pinned = {entry.partition("==")[0].lower() for entry in entries}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[\[<>=]", dependency)[0].lower() for dependency in project["dependencies"]}
    assert named - pinned == set()
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
