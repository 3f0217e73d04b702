"""What an upstream may do: refuse, reset, hang, drip, flood, lie. Each fails its own key, is told for what it is, and no word
of what it said is repeated. Real servers on the loopback."""

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datasources.errors import (
    AnswerUnclear,
    SourceError,
    SourceRefused,
    SourceThrottled,
    SourceTimedOut,
    SourceUnavailable,
)
from datasources.registry import Domain
from gateway.errors import rule_of
from tests.harness import Gateway
from tests.upstreams import serving
from tests.upstreams.asking import first, ids, members, reader, source, told, until
from tests.upstreams.configs import TICKETS_OF_CUSTOMERS, helpdesk_section
from tests.upstreams.conftest import Desked
from tests.upstreams.helpdesk import helpdesk
from tests.upstreams.serving import MEGABYTE, Fault, Upstream, drip, flood, hang, reset, status, truncate
from tests.writing.certificates import server_context

DOING = "reading tickets.of_customers"
REFUSED = (SourceRefused, False, "can't do this")
DOWN = (SourceUnavailable, True, "is not available, try again later")
SLOW = (SourceTimedOut, True, "did not answer in time, try again later")
UNCLEAR = (AnswerUnclear, False, "answered what can't be understood")
THROTTLED = (SourceThrottled, True, "takes no more calls for now, try again later")
JSON = {"content_type": "application/json"}
Told = tuple[type[SourceError], bool, str]

FAULTS: dict[str, tuple[Fault, Told]] = {
    "500": (status(500), DOWN),
    "503": (status(503), DOWN),
    "408": (status(408), DOWN),
    "400": (status(400), REFUSED),
    "401": (status(401), REFUSED),
    "403": (status(403), REFUSED),
    "418": (status(418), REFUSED),
    "redirected": (status(302, location="https://elsewhere.example/"), REFUSED),
    "reset": (reset, DOWN),
    "truncated": (truncate, DOWN),
    "hanging": (hang, SLOW),
    "dripping": (drip, SLOW),
    "no JSON": (status(200, b"<html>jane@example.com</html>"), UNCLEAR),
    "half a JSON": (status(200, b'{"tickets": ['), UNCLEAR),
    "no text": (status(200, b'{"tickets": "\xff"}'), UNCLEAR),
    "deep JSON": (status(200, b"[" * 200_000), UNCLEAR),
    "another JSON": (status(200, b"[1, 2]"), UNCLEAR),
    "no list": (status(200, b'{"tickets": {"jane@example.com": 1}}'), UNCLEAR),
    "no rows": (status(200, b'{"tickets": ["jane@example.com"], "count": 1}'), UNCLEAR),
    "unknown encoding": (status(200, b"{}", content_encoding="br"), UNCLEAR),
    "no gzip": (status(200, b"jane@example.com", content_encoding="gzip"), UNCLEAR),
    "empty": (status(200, b""), UNCLEAR),
}


def expect(error: object, told_as: Told, doing: str = DOING, name: str = "upstream") -> None:
    kind, retryable, reason = told_as
    assert type(error) is kind
    assert isinstance(error, SourceError)
    begins, ends = doing, f": the source {name} {reason}."
    assert str(error).startswith(begins), str(error)
    assert str(error).endswith(ends), str(error)
    assert "jane" not in str(error)
    assert (error.retryable, error.source) == (retryable, name)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_fails_its_own_key_and_the_others_stand(gateway: Gateway, desk: Desked, fault: str) -> None:
    failing, told_as = FAULTS[fault]
    desk.upstream.fail(failing, at="/api/v2/users/8/")
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        ann, bob, eve = await read.of_customers(members(gateway, 2, 8, 9), first(1))
        assert told([ann, eve]) == [["2001"], ["9008"]]
        expect(bob, told_as)
        with pytest.raises(SourceError) as raised:
            await read.of_customers(members(gateway, 8), first(1))
        expect(raised.value, told_as)
        desk.upstream.forget()
        assert told(await read.of_customers(members(gateway, 8), first(1))) == [["8007"]]


async def test_where_nothing_listens_it_is_not_available(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with reader(helpdesk_section(f"http://127.0.0.1:{port}"), Domain.TICKETS, gateway) as read:
        with pytest.raises(SourceError) as raised:
            await read.of_customers(members(gateway, 8, 9), first(1))
    expect(raised.value, DOWN)


@pytest.mark.parametrize("fault", ["hanging", "dripping"])
async def test_a_call_has_one_deadline_and_hangs_up_then(gateway: Gateway, desk: Desked, fault: str) -> None:
    failing, _ = FAULTS[fault]
    desk.upstream.fail(failing)
    async with reader(helpdesk_section(desk.upstream.url, call_timeout_ms=1_000), Domain.TICKETS, gateway) as read:
        began = time.monotonic()
        with pytest.raises(SourceTimedOut):
            await read.of_customers(members(gateway, 8), first(1))
        assert 1 <= time.monotonic() - began < 3
        await until(lambda: desk.upstream.is_gone)


async def test_a_caller_who_leaves_takes_the_call_along(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(hang)
    async with reader(helpdesk_section(desk.upstream.url, call_timeout_ms=60_000), Domain.TICKETS, gateway) as read:
        asking = asyncio.create_task(read.of_customers(members(gateway, 8), first(1)))
        await until(lambda: bool(desk.upstream.requests))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: desk.upstream.is_gone)


@pytest.mark.parametrize("headers", [{}, {"content_length": str(10 * MEGABYTE)}])
async def test_a_body_of_ten_megabytes_is_refused(gateway: Gateway, desk: Desked, headers: dict[str, str]) -> None:
    desk.upstream.fail(flood(10, **headers))
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear) as raised:
            await read.of_customers(members(gateway, 8), first(1))
    expect(raised.value, UNCLEAR)


async def test_no_more_of_a_body_is_read_than_is_allowed(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(flood(100))
    async with reader(helpdesk_section(desk.upstream.url, call_timeout_ms=20_000), Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear):
            await read.of_customers(members(gateway, 8), first(1))
        await until(lambda: desk.upstream.is_gone)
    # What was sent beyond the limit lay in the buffers of the sockets.
    assert desk.upstream.sent_bytes < 50 * MEGABYTE


async def test_a_small_body_that_unpacks_to_much_is_refused(gateway: Gateway, desk: Desked) -> None:
    bomb = gzip.compress(b" " * (50 * MEGABYTE))
    assert len(bomb) < 60_000
    desk.upstream.fail(status(200, bomb, content_encoding="gzip"))
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear):
            await read.of_customers(members(gateway, 8), first(1))
        packed = gzip.compress(b'{"tickets": [], "count": 0}')
        desk.upstream.fail(status(200, packed, content_encoding="gzip"))
        assert told(await read.of_customers(members(gateway, 8), first(1))) == [[]]
        desk.upstream.fail(status(200, packed[:-9], content_encoding="gzip"))
        with pytest.raises(SourceUnavailable):
            await read.of_customers(members(gateway, 8), first(1))


async def test_wrong_types_fail_the_customer_whose_row_has_them(gateway: Gateway, desk: Desked) -> None:
    desk.desk.changed = {8_003: {"created_at": "2026-01-02T09:30:00"}, 9_001: {"status": ["open"]}}
    keys = members(gateway, 2, 8, 9)
    whole = {**TICKETS_OF_CUSTOMERS, "sorted": False}
    section = helpdesk_section(desk.upstream.url, reads={"tickets": {"of_customers": whole}})
    async with reader(section, Domain.TICKETS, gateway) as read:
        ann, bob, eve = await read.of_customers(keys, first(1))
    assert ids(ann) == ["2001"]
    expect(bob, UNCLEAR, f"{DOING} (submitted_at)")
    expect(eve, UNCLEAR, f"{DOING} (status)")


async def test_too_few_rows_are_no_list(gateway: Gateway, desk: Desked) -> None:
    desk.desk.lost = {8_001}
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        ann, bob = await read.of_customers(members(gateway, 2, 8), first(20))
    assert ids(ann) == ["2001", "2000"]
    expect(bob, UNCLEAR, f"{DOING} (total)")


async def test_a_list_out_of_its_order_is_no_list(gateway: Gateway, desk: Desked) -> None:
    desk.desk.changed = {8_000: {"created_at": "2026-02-01T09:30:00Z"}}
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear) as raised:
            await read.of_customers(members(gateway, 8), first(20))
    expect(raised.value, UNCLEAR, f"{DOING} (sorted)")


async def test_pages_that_go_in_a_circle_end(gateway: Gateway, desk: Desked) -> None:
    link = b'</api/v2/users/8/tickets/requested.json?round=1>; rel="next"'
    tickets = b'{"tickets": [{"id": 8001, "status": "new", "created_at": "2026-01-01T00:00:00Z"}]}'
    desk.upstream.fail(status(200, tickets, link=link.decode()))
    by_header = {**TICKETS_OF_CUSTOMERS, "paging": {"kind": "link"}, "total": None}
    section = helpdesk_section(desk.upstream.url, reads={"tickets": {"of_customers": by_header}})
    async with reader(section, Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear) as raised:
            await read.of_customers(members(gateway, 8), first(20))
    expect(raised.value, UNCLEAR, f"{DOING} (paging)")
    assert len(desk.upstream.requests) == 2


async def test_a_link_to_elsewhere_is_not_followed(gateway: Gateway, desk: Desked) -> None:
    app, _ = helpdesk()
    with serving.serving(app) as elsewhere:
        body = f'{{"tickets": [], "count": 0, "next_page": "{elsewhere.url}/api/v2/users/8/tickets/requested.json"}}'
        desk.upstream.fail(status(200, body.encode()))
        async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
            with pytest.raises(SourceRefused) as raised:
                await read.of_customers(members(gateway, 8), first(20))
        assert elsewhere.requests == []
    expect(raised.value, REFUSED)


async def test_nothing_is_kept_of_cookies(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(status(200, b'{"tickets": [], "count": 0}', set_cookie="session=jane"))
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        for _ in range(2):
            await read.of_customers(members(gateway, 8), first(20))
    assert [request.headers.get("cookie") for request in desk.upstream.requests] == [None, None]


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[tuple[Upstream, Path]]:
    """The help desk behind a certificate for localhost that nobody vouches for, and the file of it."""
    _, chain = server_context(tmp_path)
    app, _ = helpdesk()
    with serving.serving(app, (chain, chain.with_suffix(".key"))) as upstream:
        yield upstream, chain


@pytest.mark.parametrize(
    ("host", "is_trusted", "told_as"),
    [("localhost", True, None), ("localhost", False, REFUSED), ("127.0.0.1", True, REFUSED)],
)
async def test_a_certificate_is_believed_that_is_trusted_and_for_the_host(
    gateway: Gateway, secret: tuple[Upstream, Path], host: str, is_trusted: bool, told_as: Told | None
) -> None:
    upstream, chain = secret
    more: dict[str, Any] = {"ca_file": str(chain)} if is_trusted else {}
    section = helpdesk_section(upstream.url.replace("127.0.0.1", host), **more)
    async with reader(section, Domain.TICKETS, gateway) as read:
        if told_as is None:
            assert told(await read.of_customers(members(gateway, 8), first(1))) == [["8007"]]
            return
        with pytest.raises(SourceError) as raised:
            await read.of_customers(members(gateway, 8), first(1))
    expect(raised.value, told_as)
    assert upstream.requests == []


@pytest.mark.parametrize(("idle_s", "connections"), [(60, 1), (0.2, 2)])
async def test_a_connection_that_was_idle_too_long_is_used_no_more(
    gateway: Gateway, desk: Desked, idle_s: float, connections: int
) -> None:
    async with reader(helpdesk_section(desk.upstream.url, idle_s=idle_s), Domain.TICKETS, gateway) as read:
        for pause_s in (0, 0.3):
            await asyncio.sleep(pause_s)
            assert told(await read.of_customers(members(gateway, 8), first(1))) == [["8007"]]
    assert len({request.client for request in desk.upstream.requests}) == connections


async def test_an_upstream_that_asks_for_a_pause_gets_it(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(status(429, retry_after="1"), times=1)
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        (bob,) = members(gateway, 8)
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(SourceThrottled) as raised:
                await read.of_customers([bob], first(1))
            expect(raised.value, THROTTLED)
        assert rule_of(raised.value).code == "SOURCE_UNAVAILABLE"
        assert len(desk.upstream.requests) == 1
        await asyncio.sleep(max(0.0, began + 1.1 - time.monotonic()))
        assert told(await read.of_customers([bob], first(1))) == [["8007"]]


async def test_calls_that_wait_for_their_turn_are_held_back_too(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(status(429, retry_after="60"))
    async with reader(helpdesk_section(desk.upstream.url, max_calls=1), Domain.TICKETS, gateway) as read:
        with pytest.raises(SourceThrottled):
            await read.of_customers(members(gateway, *range(1, 31)), first(1))
    assert len(desk.upstream.requests) == 1


@pytest.mark.parametrize(
    ("fault", "told_as"), [(status(500), DOWN), (status(401), REFUSED), (hang, SLOW), (reset, DOWN), (None, None)]
)
@pytest.mark.parametrize("path", ["/users/8/tickets/requested.json", None])
async def test_health_is_honest(
    gateway: Gateway, desk: Desked, path: str | None, fault: Fault | None, told_as: Told | None
) -> None:
    more = {} if path is None else {"ping": path}
    section = helpdesk_section(desk.upstream.url, call_timeout_ms=1_000, **more)
    async with source(section, gateway.runtime.sources.profiles) as upstream:
        if fault is not None:
            desk.upstream.fail(fault)
        if told_as is None or (path is None and told_as in (REFUSED,)):
            await upstream.ping()
            return
        with pytest.raises(SourceError) as raised:
            await upstream.ping()
        expect(raised.value, told_as, "answering")


@pytest.mark.parametrize("link", ["http://[", "https://x:y/"])
async def test_a_link_that_is_none_is_not_understood(gateway: Gateway, desk: Desked, link: str) -> None:
    desk.upstream.fail(status(200, msgspec.json.encode({"tickets": [], "count": 0, "next_page": link})))
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        with pytest.raises(SourceRefused):
            await read.of_customers(members(gateway, 8), first(20))
    assert len(desk.upstream.requests) == 1


async def test_empty_pages_without_end_are_no_list(gateway: Gateway, desk: Desked) -> None:
    desk.upstream.fail(status(200, b'{"tickets": [], "count": 0, "next_page": "?page=2"}'))
    async with reader(helpdesk_section(desk.upstream.url), Domain.TICKETS, gateway) as read:
        with pytest.raises(AnswerUnclear) as raised:
            await read.of_customers(members(gateway, 8), first(20))
    expect(raised.value, UNCLEAR, f"{DOING} (paging)")
    assert len(desk.upstream.requests) == 11
