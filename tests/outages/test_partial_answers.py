"""A source that is dead, slow, wrong or lying takes down its own fields and no others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from datasources.errors import SourceRefused, SourceUnavailable
from datasources.paging import Page
from datasources.registry import Domain
from tests.demo import SqliteDemo
from tests.outages.asking import ELSEWHERE, Client, serving
from tests.outages.faulty import PERSON, Fault, Faults, answering, install, raising

ONE = """{ customer(by: {supportId: "CJ-000015"}) {
    supportId points: totalPoints notes(first: 2) { totalCount } devices(first: 1) { totalCount } } }"""
NOTES = '{ customer(by: {supportId: "CJ-000015"}) { notes(first: 2) { totalCount } } }'
MANY = """{ customers(first: 25) { nodes { supportId notes(first: 1) { totalCount } totalPoints } } }"""
STATUSES = """{ customer(by: {supportId: "CJ-000015"}) {
    %s sourceStatuses { domain source state asOf latencyMs message } } }"""
ONCE = {"retries": 0}
"""A source that is asked once, and may take the two seconds of a source of which nothing is said."""
UNAVAILABLE = {"code": "SOURCE_UNAVAILABLE", "source": "desk", "retryable": True}
LATE = {"code": "SOURCE_TIMEOUT", "source": "desk", "retryable": True}


@pytest.fixture
def faults() -> Faults:
    return install()


@pytest.fixture
async def client(faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(sqlite_demo.url, tmp_path, ONCE) as opened:
        yield opened


def with_rows(page: Page[Any], changed: Callable[[Any], Any]) -> Page[Any]:
    return msgspec.structs.replace(page, rows=tuple(map(changed, page.rows)))


def untyped(row: Any) -> Any:
    return msgspec.structs.replace(row, created_at="yesterday")


FAULTY: dict[str, tuple[Fault, dict[str, object]]] = {
    "dead": (raising(SourceUnavailable("desk", "reading")), UNAVAILABLE),
    "a bug": (raising(KeyError(PERSON)), UNAVAILABLE),
    "bad JSON": (raising(ValueError(f"Expecting value: {PERSON}")), UNAVAILABLE),
    "refused by a driver": (raising(ConnectionRefusedError(111, PERSON)), UNAVAILABLE),
    "its own time was up": (raising(TimeoutError()), LATE),
    "will never": (raising(SourceRefused("desk", "reading")), UNAVAILABLE | {"retryable": False}),
    "too few": (answering(lambda rows: rows[:-1]), UNAVAILABLE),
    "too many": (answering(lambda rows: [*rows, *rows]), UNAVAILABLE),
    "nothing": (answering(lambda _rows: None), UNAVAILABLE),
    "no list": (answering(lambda _rows: 17), UNAVAILABLE),
    "no pages": (answering(lambda pages: [page.rows for page in pages]), UNAVAILABLE),
    "rows of another kind": (
        answering(lambda pages: [with_rows(page, lambda _: "a note") for page in pages]),
        UNAVAILABLE,
    ),
    "wrong types": (answering(lambda pages: [with_rows(page, untyped) for page in pages]), UNAVAILABLE),
}


@pytest.mark.parametrize(("fault", "extensions"), FAULTY.values(), ids=FAULTY)
async def test_a_fault_nulls_its_own_fields(
    client: Client, faults: Faults, fault: Fault, extensions: dict[str, object]
) -> None:
    sound = (await client.ask(ONE)).data["customer"]
    faults.of[Domain.NOTES] = fault
    with capture_logs() as logs:
        answer = await client.ask(ONE)
    assert (answer.status, answer.data) == (200, {"customer": sound | {"notes": None}})
    assert [(error["path"], error["extensions"]) for error in answer.errors] == [(["customer", "notes"], extensions)]
    assert answer.extensions == {
        "sources": [{"domain": "NOTES", **{name: extensions[name] for name in ("source", "code", "retryable")}}]
    }
    told = [entry for entry in logs if entry["event"] == "source.failed"]
    assert (len(told), PERSON in str(logs), PERSON in str(answer)) == (1, False, False)


async def test_each_customer_of_a_list_loses_the_field_and_nothing_else(client: Client, faults: Faults) -> None:
    sound = (await client.ask(MANY)).data["customers"]["nodes"]
    faults.of[Domain.NOTES] = answering(lambda rows: rows[:24])
    answer = await client.ask(MANY)
    assert answer.data["customers"]["nodes"] == [node | {"notes": None} for node in sound]
    assert answer.told == [f"SOURCE_UNAVAILABLE desk customers.nodes.{index}.notes" for index in range(25)]
    assert len(answer.extensions["sources"]) == 1


async def test_a_source_that_hangs_is_told_as_late_and_others_do_not_wait_for_its_calls(
    client: Client, faults: Faults
) -> None:
    faults.of[Domain.NOTES] = faults.hang
    loop = asyncio.get_running_loop()
    began = loop.time()
    hung = asyncio.create_task(client.ask(ONE))
    for _ in range(5):
        assert (await client.ask('{ customer(by: {supportId: "CJ-000016"}) { supportId } }')).errors == []
    assert not hung.done()
    answer = await hung
    assert 2 <= loop.time() - began < 6
    assert answer.told == ["SOURCE_TIMEOUT desk customer.notes"]
    assert (answer.data["customer"]["devices"], faults.ended) == ({"totalCount": 1}, 1)
    assert await client.metric('customer_graph_source_limits_total{source="desk",what="timed_out"}') == 1


async def test_more_calls_than_may_run_at_once_are_refused_at_once(
    faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path
) -> None:
    async with serving(sqlite_demo.url, tmp_path, ONCE | {"parallel": 2}) as client:
        faults.of[Domain.NOTES] = faults.hang
        hung = [asyncio.create_task(client.ask(NOTES)) for _ in range(2)]
        while sum(faults.asked.values()) < 2:  # noqa: ASYNC110  # nothing tells when
            await asyncio.sleep(0.01)
        refused = await client.ask(ONE)
        assert [answer.done() for answer in hung] == [False, False]
        assert refused.told == [
            "SOURCE_UNAVAILABLE desk customer.notes",
            "SOURCE_UNAVAILABLE desk customer.devices",
        ]
        assert [answer.told for answer in await asyncio.gather(*hung)] == [["SOURCE_TIMEOUT desk customer.notes"]] * 2
        assert (await client.ask(ONE)).data["customer"]["devices"] == {"totalCount": 1}


async def test_a_breaker_opens_is_told_of_and_closes(faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path) -> None:
    settings = ONCE | {"breaker_calls": 4, "breaker_open_s": 0.5}
    async with serving(sqlite_demo.url, tmp_path, settings) as client:
        faults.of[Domain.NOTES] = raising(SourceUnavailable("desk", "reading"))
        for _ in range(4):
            assert (await client.ask(NOTES)).told == ["SOURCE_UNAVAILABLE desk customer.notes"]
        answer = await client.ask(NOTES)
        assert answer.errors[0]["message"] == (
            "reading: the source desk failed too often and is not asked for now, try again later."
        )
        assert faults.asked[Domain.NOTES] == 4
        assert await client.metric('customer_graph_source_breaker{source="desk"}') == 1
        pings = faults.pings
        ready = await client.http.get("/readyz")
        assert (ready.status_code, ready.json()["sources"], faults.pings) == (
            503,
            {"desk": "SOURCE_UNAVAILABLE"},
            pings,
        )
        await asyncio.sleep(0.6)
        assert (await client.http.get("/readyz")).status_code == 200
        faults.of.clear()
        assert (await client.ask(NOTES)).errors == []
        assert (faults.pings, await client.metric('customer_graph_source_breaker{source="desk"}')) == (pings + 1, 0)


async def rows(client: Client, more: str = "") -> dict[str, dict[str, Any]]:
    """The statuses by domain."""
    answer = await client.ask(STATUSES % more)
    return {row["domain"]: row for row in answer.data["customer"]["sourceStatuses"]}


def states(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Those that are not OK."""
    return {domain: row["state"] for domain, row in found.items() if row["state"] != "OK"}


async def test_a_source_that_does_not_answer_a_ping_is_down(client: Client, faults: Faults) -> None:
    faults.ping = KeyError(PERSON)
    found = await rows(client)
    assert states(found) == {domain.upper(): "DOWN" for domain in ELSEWHERE}
    row = found["NOTES"]
    assert (row["asOf"], row["latencyMs"] >= 0) == (None, True)
    assert row["message"] == "answering: the source desk gave no answer that makes sense, try again later."
    assert (found["POINTS"]["source"], found["NOTES"]["source"], faults.pings) == ("main", "desk", 2)


async def test_a_domain_some_of_whose_calls_failed_is_degraded(client: Client, faults: Faults) -> None:
    faults.of[Domain.NOTES] = raising(KeyError(PERSON))
    found = await rows(client, "notes(first: 1) { totalCount } devices(first: 1) { totalCount }")
    assert (states(found), found["NOTES"]["message"]) == (
        {"NOTES": "DEGRADED"},
        "Some of what it was asked lately failed.",
    )
    assert found["NOTES"]["asOf"] is not None
    faults.of.clear()
    assert states(await rows(client)) == {"NOTES": "DEGRADED"}


async def test_a_source_that_is_cut_off_is_down_and_not_asked(
    faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path
) -> None:
    async with serving(sqlite_demo.url, tmp_path, ONCE | {"breaker_calls": 1}) as client:
        faults.of[Domain.NOTES] = raising(KeyError(PERSON))
        await client.ask(ONE)
        pings = faults.pings
        found = await rows(client, "devices(first: 1) { totalCount }")
        assert (states(found), faults.pings) == ({domain.upper(): "DOWN" for domain in ELSEWHERE}, pings)
        assert found["DEVICES"]["latencyMs"] is None
        assert found["DEVICES"]["message"] == (
            "reading: the source desk failed too often and is not asked for now, try again later."
        )


async def test_what_was_kept_is_shown_with_its_age_while_its_source_fails(
    faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path
) -> None:
    async with serving(sqlite_demo.url, tmp_path, ONCE | {"stale_if_error_s": 60}) as client:
        sound = await client.ask(ONE)
        assert (sound.errors, sound.extensions) == ([], {})
        await asyncio.sleep(0.5)
        faults.of[Domain.NOTES] = raising(KeyError(PERSON))
        answer = await client.ask(ONE)
        assert (answer.data, answer.errors) == (sound.data, [])
        (told,) = answer.extensions["sources"]
        assert 0.5 <= told.pop("ageSeconds") < 5
        assert told == {"domain": "NOTES", "source": "desk", "code": "SOURCE_UNAVAILABLE", "retryable": True}
        found = await rows(client, "notes(first: 2) { totalCount } devices(first: 1) { totalCount }")
        assert (states(found), found["NOTES"]["message"]) == ({"NOTES": "STALE"}, "What you see was kept from before.")
        assert found["NOTES"]["asOf"] < found["DEVICES"]["asOf"]
        assert await client.metric('customer_graph_source_limits_total{source="desk",what="served_stale"}') == 2


async def test_what_was_kept_of_a_customer_is_gone_once_they_are_changed(
    faults: Faults, sqlite_demo: SqliteDemo, tmp_path: Path
) -> None:
    async with serving(sqlite_demo.copy(), tmp_path, ONCE | {"stale_if_error_s": 60}) as client:
        customer = (await client.ask(ONE.replace("supportId points", "id points"))).data["customer"]["id"]
        faults.of[Domain.NOTES] = raising(KeyError(PERSON))
        assert (await client.ask(ONE)).errors == []
        added = await client.ask(
            "mutation Add($input: TagInput!) { tagAdd(input: $input) { userErrors { code } } }",
            variables={"input": {"customerId": customer, "key": "coupon_user", "idempotencyKey": "k1"}},
        )
        assert (added.data, added.errors) == ({"tagAdd": {"userErrors": []}}, [])
        assert (await client.ask(ONE)).told == ["SOURCE_UNAVAILABLE desk customer.notes"]
