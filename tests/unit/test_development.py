"""The development key is its owner's alone, and what it signs says what was asked for."""

import stat
from pathlib import Path
from uuid import UUID

import pytest

from gateway.config import ConfigError
from gateway.development import DevelopmentKey, state_folder
from gateway.identity import Identity
from gateway.keys import ConfiguredKey
from gateway.sections import AuthSettings
from permissions.model import Reach, ReachKind
from permissions.roles import DEFAULT_ROLES
from tests.unit.tokens import SIGNATURE, Clock, refusal

CUSTOMER = UUID("0193a1f0-0000-7000-8000-000000000001")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key(tmp_path: Path) -> DevelopmentKey:
    return DevelopmentKey(tmp_path / "state")


def development(key: DevelopmentKey, clock: Clock) -> Identity:
    settings = AuthSettings.model_validate(key.sections["auth"])
    return Identity(settings, DEFAULT_ROLES, ConfiguredKey(settings.verifying_key), clock)


def test_the_development_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = DevelopmentKey(tmp_path / "state").sections
    assert DevelopmentKey(tmp_path / "state").sections == first
    assert DevelopmentKey(tmp_path / "other").sections != first
    file = tmp_path / "state" / "development.key"
    assert [each.name for each in file.parent.iterdir()] == ["development.key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_state_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUSTOMER_GRAPH_STATE", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "customer-graph"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_folder() == tmp_path / "xdg" / "customer-graph"
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(tmp_path / "own"))
    assert state_folder() == tmp_path / "own"


@pytest.mark.parametrize("content", [b"", b"hunter2", b"\xff"])
def test_a_file_that_is_no_development_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "development.key"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        DevelopmentKey(tmp_path)
    assert raised.value.lines == (f"{file}: is no development key, remove the file and a new key is made",)


async def test_a_minted_token_says_what_it_was_asked_to(key: DevelopmentKey, clock: Clock) -> None:
    callers = development(key, clock)
    found = await callers.verified(
        key.mint("store_associate", subject="sam", name="Sam", stores=["7"], scope="points:read cards:number")
    )
    assert (found.id, found.name, found.roles) == ("sam", "Sam", ("store_associate",))
    assert found.scopes == {"points:read"}
    assert found.reach == Reach(ReachKind.LOCATIONS, stores=frozenset({"7"}))
    member = await callers.verified(key.mint("member", customer=CUSTOMER))
    assert (member.id, member.reach) == ("member", Reach(ReachKind.CUSTOMER, CUSTOMER))


async def test_a_minted_token_can_be_expired_or_for_another_audience(key: DevelopmentKey, clock: Clock) -> None:
    callers = development(key, clock)
    assert await refusal(callers, key.mint("admin", ttl_s=-1)) == "The token has expired."
    assert await refusal(callers, key.mint("admin", audience="other")) == "The token is for another audience."


async def test_a_token_of_another_development_key_is_refused(key: DevelopmentKey, clock: Clock, tmp_path: Path) -> None:
    assert await refusal(development(key, clock), DevelopmentKey(tmp_path / "other").mint("admin")) == SIGNATURE
