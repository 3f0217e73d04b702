"""A gateway that is killed in the middle of a burst: every request asked again under its key has one effect (M2)."""

import asyncio
import base64
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import jwt

from tests.cli.conftest import serving
from tests.demo import MASTER_KEY, Demo
from tests.harness import AUDIENCE, ISSUER, KEY, Gateway, opened
from tests.writing.asking import PLAIN, adjustment
from tests.writing.laws import broken
from tests.writing.tables import contents, grown

MEMBERS = ("CJ-000022", "CJ-000023")
REQUESTS, CLIENTS, ANSWERED_BEFORE_DEATH = 240, 16, 60
CONFIG = """
[server]
port = 0
[sources.main]
kind = "sql"
url = "{url}"
[domains]
default = "main"
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


def written(folder: Path, url: str) -> Path:
    """The config of a gateway over the database that takes the harness's tokens."""
    file = folder / "gateway.toml"
    master = base64.b64encode(MASTER_KEY).decode()
    file.write_text(CONFIG.format(url=url, issuer=ISSUER, audience=AUDIENCE, key=KEY, master=master))
    return file


def token() -> str:
    """An administrator's, believed at the time of the real clock."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "admin", "roles": ["admin"], "exp": int(time.time()) + 600}
    return jwt.encode(claims, KEY, "HS256")


async def burst(url: str, given: list[dict[str, Any]], kill: int | None) -> list[dict[str, Any]]:
    """The payloads of those that were answered; the process `kill` dies once so many were."""
    waiting, answered = iter(given), []

    async def client() -> None:
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token()}"}, timeout=60) as http:
            for one in waiting:
                response = await http.post(url, json={"query": PLAIN, "variables": {"input": one}})
                answered.append(response.json()["data"]["pointsAdjust"])
                if kill is not None and len(answered) == ANSWERED_BEFORE_DEATH:
                    os.kill(kill, signal.SIGKILL)

    ended = await asyncio.gather(*(client() for _ in range(CLIENTS)), return_exceptions=True)
    assert {type(one) for one in ended} <= {
        type(None),
        httpx2.ConnectError,
        httpx2.ReadError,
        httpx2.RemoteProtocolError,
    }
    return answered


def points_of(gateway: Gateway) -> list[dict[str, Any]]:
    """Adjustments of two customers in turn, more added than deducted."""
    return [
        adjustment(gateway, MEMBERS[number % 2], 7 if number % 3 else -4, referenceId=f"BURST-{number}")
        for number in range(REQUESTS)
    ]


async def test_what_a_killed_gateway_left_is_done_once_when_asked_again(demo: Demo, tmp_path: Path) -> None:
    url = demo.copy()
    config = written(tmp_path, url)
    async with opened(url) as gateway:
        given = points_of(gateway)
        before = [await contents(gateway, gateway.members[member]) for member in MEMBERS]
        with serving("serve", "--config", str(config)) as doomed:
            first = await burst(doomed.url, given, doomed.process.pid)
            assert doomed.process.wait(30) == -signal.SIGKILL
        assert ANSWERED_BEFORE_DEATH <= len(first) < REQUESTS
        with serving("serve", "--config", str(config)) as restarted:
            second = await burst(restarted.url, given, None)
        assert Counter(len(payload["userErrors"]) for payload in second) == {0: REQUESTS}
        assert sum(payload["replayed"] for payload in second) >= len(first)
        told = {payload["entry"]["id"]: payload["entry"] for payload in second}
        assert {payload["entry"]["id"]: payload["entry"] for payload in first}.items() <= told.items()
        for member, was in zip(MEMBERS, before, strict=True):
            now = await contents(gateway, gateway.members[member])
            own = [one for one in given if one["customerId"] == gateway.customer_id(member)]
            entries = [row for row in now["point_entries"] if (row["reference_id"] or "").startswith("BURST-")]
            assert sorted(row["reference_id"] for row in entries) == sorted(one["referenceId"] for one in own)
            assert (grown(was, now)["point_entries"], grown(was, now)["audit_entries"]) == (len(own), len(own))
            assert await broken(gateway, gateway.members[member]) == []
