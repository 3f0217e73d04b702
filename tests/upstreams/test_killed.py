"""A gateway that is killed while a processor is at it: the same key, asked again, has one effect and one audit entry."""

import asyncio
import base64
import json
import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.cli.conftest import serving
from tests.demo import MASTER_KEY, Demo
from tests.harness import AUDIENCE, ISSUER, KEY, Gateway
from tests.upstreams.asking import until
from tests.upstreams.configs import processor_section
from tests.upstreams.conftest import Processing, gateway_over
from tests.upstreams.serving import Upstream
from tests.upstreams.writing import CARD, adjustment
from tests.writing.doing import AUDITED, document
from tests.writing.tables import contents, grown
from tests.writing.test_killed import token

ANN, CARD_ID = "CJ-000005", "card_5_0"
ADJUST = document("cardBalanceAdjust", f"{CARD} {AUDITED}")


def toml(value: Any) -> str:
    """Any JSON as TOML writes it in one line; what is null is left out."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {toml(part)}" for key, part in value.items() if part is not None)
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def written(folder: Path, url: str, processor: str) -> Path:
    """The config of a gateway over the database and the processor that takes the harness's tokens."""
    sections: dict[str, Any] = {
        "server": {"port": 0},
        "sources": {
            "main": {"kind": "sql", "url": url},
            "processor": processor_section(processor, call_timeout_ms=20_000),
        },
        "domains": {"default": "main", "cards": "processor"},
        "auth": {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["HS256"], "key": KEY},
        "privacy": {"master_key": base64.b64encode(MASTER_KEY).decode()},
        "cursors": {"secret": KEY},
    }
    file = folder / "gateway.toml"
    file.write_text("\n".join(f"{name} = {toml(section)}" for name, section in sections.items()))
    return file


async def asked(url: str, given: dict[str, Any]) -> dict[str, Any]:
    """The payload of an adjustment that had no error."""
    headers = {"authorization": f"Bearer {token()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        response = await http.post(url, json={"query": ADJUST, "variables": {"input": given}})
    body = response.json()
    assert "errors" not in body, body
    payload: dict[str, Any] = body["data"]["cardBalanceAdjust"]
    return payload


async def never_told(upstream: Upstream, scope: Scope, receive: Receive, send: Send) -> None:
    """Do what is asked, and take a long time to say so."""

    async def late(message: Message) -> None:
        await asyncio.sleep(30)
        await send(message)

    await upstream.app(scope, receive, late)


async def test_what_a_killed_gateway_left_is_settled_by_its_key(demo: Demo, cards: Processing, tmp_path: Path) -> None:
    url = demo.copy()
    config = written(tmp_path, url, cards.upstream.url)
    async with gateway_over(url, processor=processor_section(cards.upstream.url)) as gateway:
        ann, given = gateway.members[ANN], adjustment(gateway, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
        before = await contents(gateway, ann)
        cards.upstream.fail(never_told, at="/v1/cards/card_5_0/adj", times=1)
        with serving("serve", "--config", str(config)) as doomed:
            asking = asyncio.create_task(asked(doomed.url, given))
            await until(lambda: cards.state.done == 1)
            os.kill(doomed.process.pid, signal.SIGKILL)
            with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
                await asking
            doomed.process.wait(30)
        assert grown(before, await contents(gateway, ann)) == {}
        with serving("serve", "--config", str(config)) as restarted:
            payload = await asked(restarted.url, given)
            assert (payload["userErrors"], payload["replayed"]) == ([], False)
            assert payload["card"]["balance"] == {"amountMinor": 3_510}
            assert await asked(restarted.url, given) == {**payload, "replayed": True}
        assert (cards.state.done, await left(gateway, before)) == (1, {"idempotency_keys": 1, "audit_entries": 1})


async def left(gateway: Gateway, before: Any) -> dict[str, int]:
    """How many rows came into the tables that grew."""
    now = await contents(gateway, gateway.members[ANN])
    return {name: more for name, more in grown(before, now).items() if more}
