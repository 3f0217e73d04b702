"""Cards that a processor keeps, changed through the gateway: once there and once in the audit log, whatever happens between."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datasources.errors import SourceUnavailable
from datasources.http.ids import id_of
from datasources.ids import CustomerId
from datasources.registry import Domain
from datasources.sql.engine import Database
from datasources.sql.recorder import SqlRecorder
from datasources.sql.sealing import MasterKey
from datasources.surroundings import Surroundings
from tests.demo import MASTER_KEY, SqliteDemo
from tests.harness import Answer, Caller, Gateway
from tests.upstreams.asking import source, until
from tests.upstreams.configs import processor_section
from tests.upstreams.conftest import Processing, gateway_over
from tests.upstreams.keys import write
from tests.upstreams.serving import Fault, Upstream, hang, reset, status
from tests.upstreams.writing import CARD, adjustment, card_id, change, recorded
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, document
from tests.writing.states import put
from tests.writing.tables import contents, grown

ANN, CARD_ID = "CJ-000005", "card_5_0"
KEY = "b535ea8c-c017-ccbc-5629-a54ac360b989"
ONCE = {"idempotency_keys": 1, "audit_entries": 1, "audit_heads": 0}
"""What a change leaves in the database, where the customer has an audit log already."""
REFUSAL = {"audit_entries": 1, "audit_heads": 0}


def posted(cards: Processing) -> list[str]:
    """The paths of the changes that the processor was asked for."""
    return [
        request.url.path for request in cards.upstream.requests if request.method == "POST" and "v1" in request.url.path
    ]


async def ask(gateway: Gateway, mutation: str, given: dict[str, Any], caller: Caller | str = "admin") -> Answer:
    return await gateway.run(document(mutation, f"{CARD} {AUDITED}"), {"input": given}, caller)


async def test_a_change_is_made_there_and_recorded_here(writing: Gateway, cards: Processing) -> None:
    ann = writing.members[ANN]
    before = await contents(writing, ann)
    key = uuid4().hex
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 1_250, idempotencyKey=key))
    assert payload == {
        "userErrors": [],
        "replayed": False,
        "dryRun": False,
        "card": {
            "id": card_id(writing, ANN, CARD_ID),
            "status": "REGISTERED",
            "nickname": None,
            "removedAt": None,
            "balance": {"amountMinor": 3_760},
        },
        "counterpart": None,
        "auditEntry": {
            "type": "cardBalanceAdjust",
            "outcome": "SUCCEEDED",
            "summary": "Card balance adjust: card ending 0000",
            "reasonCode": "card_balance_correction",
            "changes": [{"path": payload["auditEntry"]["changes"][0]["path"], "before": 2_510, "after": 3_760}],
        },
    }
    assert grown(before, await contents(writing, ann)) == ONCE
    (request,) = [one for one in cards.upstream.requests if one.method == "POST" and "adjust" in one.url.path]
    asked, _, _ = cards.state.answers[request.headers["idempotency-key"]]
    assert asked == {"direction": "ADD", "amount": "12.50", "reason": "card_balance_correction"}
    # A caller's key is theirs alone; the processor's keys are everybody's.
    assert request.headers["idempotency-key"] != key


async def test_the_same_key_repeats_the_answer_and_changes_nothing(writing: Gateway, cards: Processing) -> None:
    ann, given = writing.members[ANN], adjustment(writing, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
    first = await change(writing, "cardBalanceAdjust", given)
    before = await contents(writing, ann)
    again = await change(writing, "cardBalanceAdjust", given)
    assert again == {**first, "replayed": True}
    other = await change(writing, "cardBalanceAdjust", {**given, "direction": "DEDUCT"})
    assert refused(other) == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]
    assert grown(before, await contents(writing, ann)) == REFUSAL
    assert (cards.state.done, posted(cards)) == (1, ["/v1/cards/card_5_0/adjustments"])


async def test_two_callers_with_one_key_have_an_effect_each(writing: Gateway, cards: Processing) -> None:
    given = adjustment(writing, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
    for caller in ("admin", "care_agent"):
        payload = await change(writing, "cardBalanceAdjust", given, caller)
        assert (payload["userErrors"], payload["replayed"]) == ([], False)
    assert cards.state.done == 2


async def test_the_same_key_twice_at_once_has_one_effect_and_one_entry(writing: Gateway, cards: Processing) -> None:
    ann, given = writing.members[ANN], adjustment(writing, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
    before = await contents(writing, ann)
    payloads = await asyncio.gather(*(change(writing, "cardBalanceAdjust", given) for _ in range(4)))
    assert sorted(payload["replayed"] for payload in payloads) == [False, True, True, True]
    assert {payload["card"]["balance"]["amountMinor"] for payload in payloads} == {3_510}
    assert grown(before, await contents(writing, ann)) == ONCE
    assert cards.state.done == 1


async def _lose(upstream: Upstream, scope: Any, receive: Any, send: Any) -> None:
    """Do what is asked, and lose the answer."""

    async def swallow(message: Any) -> None:
        if message["type"] == "http.response.body":
            await reset(upstream, scope, receive, send)

    await upstream.app(scope, receive, swallow)


async def _dawdle(upstream: Upstream, scope: Any, receive: Any, send: Any) -> None:
    """Do what is asked, and answer too late."""

    async def late(message: Any) -> None:
        await asyncio.sleep(1)
        await send(message)

    await upstream.app(scope, receive, late)


async def _garble(upstream: Upstream, scope: Any, receive: Any, send: Any) -> None:
    """Do what is asked, and answer in no language."""

    async def swallow(_message: Any) -> None:
        pass

    await upstream.app(scope, receive, swallow)
    await status(500)(upstream, scope, receive, send)


@pytest.mark.parametrize(
    ("fault", "at", "done"),
    [
        (_lose, "/v1/cards/card_5_0/adj", 1),
        (_dawdle, "/v1/cards/card_5_0/adj", 1),
        (_garble, "/v1/cards/card_5_0/adj", 1),
        (status(502), "/v1/cards/card_5_0/adj", 0),
        (status(409), "/v1/cards/card_5_0/adj", 0),
        (hang, "/v1/cards/card_5_0/adj", 0),
    ],
)
async def test_an_unknown_outcome_is_settled_by_the_same_key(
    sqlite_demo: SqliteDemo, cards: Processing, fault: Fault, at: str, done: int
) -> None:
    section = processor_section(cards.upstream.url, call_timeout_ms=1_000)
    async with gateway_over(sqlite_demo.copy(), processor=section) as gateway:
        ann = gateway.members[ANN]
        before = await contents(gateway, ann)
        given = adjustment(gateway, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
        cards.upstream.fail(fault, at=at, times=1)
        answer = await ask(gateway, "cardBalanceAdjust", given)
        assert [error["message"] for error in answer.errors] == [
            "sending cardBalanceAdjust: the source processor did not say whether it was done, "
            "ask again with the same idempotency key."
        ]
        assert answer.errors[0]["extensions"] == {
            "code": "SOURCE_UNAVAILABLE",
            "source": "processor",
            "retryable": True,
        }
        assert (cards.state.done, grown(before, await contents(gateway, ann))) == (done, {})
        payload = await change(gateway, "cardBalanceAdjust", given)
        assert (payload["userErrors"], payload["replayed"]) == ([], False)
        assert payload["card"]["balance"] == {"amountMinor": 3_510}
        assert cards.state.done == 1
        assert [entry["type"] for entry in (await recorded(gateway, ann))["audit"]][-1:] == ["cardBalanceAdjust"]
        assert grown(before, await contents(gateway, ann)) == ONCE


async def test_what_came_of_it_has_to_be_read_before_it_is_recorded(writing: Gateway, cards: Processing) -> None:
    ann, given = writing.members[ANN], adjustment(writing, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
    before = await contents(writing, ann)

    async def failing_after(upstream: Upstream, scope: Any, receive: Any, send: Any) -> None:
        await upstream.app(scope, receive, send)
        upstream.fail(status(500), at="/v1/cards/card_5_0", times=1)

    cards.upstream.fail(failing_after, at="/v1/cards/card_5_0/adj", times=1)
    answer = await ask(writing, "cardBalanceAdjust", given)
    assert answer.told == ["SOURCE_UNAVAILABLE@cardBalanceAdjust"]
    assert (cards.state.done, grown(before, await contents(writing, ann))) == (1, {})
    payload = await change(writing, "cardBalanceAdjust", given)
    assert (payload["card"]["balance"], cards.state.done) == ({"amountMinor": 3_510}, 1)
    assert grown(before, await contents(writing, ann)) == ONCE


async def test_a_caller_who_leaves_takes_nothing_back(sqlite_demo: SqliteDemo, cards: Processing) -> None:
    async with gateway_over(sqlite_demo.copy(), processor=processor_section(cards.upstream.url)) as gateway:
        ann, given = gateway.members[ANN], adjustment(gateway, ANN, CARD_ID, 1_000, idempotencyKey=uuid4().hex)
        before = await contents(gateway, ann)
        cards.upstream.pause_s = 0.2
        asking = asyncio.create_task(ask(gateway, "cardBalanceAdjust", given))
        await until(lambda: bool(posted(cards)))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        # What goes on is finished before the source is closed.
        await gateway.runtime.each["processor"].close()
        assert (cards.state.done, grown(before, await contents(gateway, ann))) == (1, ONCE)


async def test_what_the_processor_refuses_is_told_and_burns_no_key(writing: Gateway, cards: Processing) -> None:
    ann, given = writing.members[ANN], adjustment(writing, ANN, CARD_ID, -2_511, idempotencyKey=uuid4().hex)
    before = await contents(writing, ann)
    payload = await change(writing, "cardBalanceAdjust", given)
    assert payload["userErrors"] == [
        {
            "code": "INSUFFICIENT_BALANCE",
            "message": "processor refused this: insufficient_funds.",
            "path": ["cardId"],
        }
    ]
    assert (payload["card"], grown(before, await contents(writing, ann))) == (None, REFUSAL)
    cards.state.changed["card_5_0"] = {"amount": 30.0}
    payload = await change(writing, "cardBalanceAdjust", given)
    assert (payload["userErrors"], payload["card"]["balance"]) == ([], {"amountMinor": 489})


async def test_an_unknown_refusal_is_a_fault_of_the_source(writing: Gateway, cards: Processing) -> None:
    cards.upstream.fail(status(422, b'{"error": {"code": "jane"}}'), at="/v1/cards/card_5_0/adj")
    answer = await ask(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 5, idempotencyKey=uuid4().hex))
    assert [(error["message"], error["extensions"]["retryable"]) for error in answer.errors] == [
        ("sending cardBalanceAdjust: the source processor can't do this.", False)
    ]


@pytest.mark.parametrize(
    ("state", "minor", "code"),
    [
        ({"membership": "BLOCKED"}, 500, "CUSTOMER_BLOCKED"),
        ({"membership": "BLOCKED"}, -500, None),
        ({"processing": "RESTRICTED"}, 500, "CUSTOMER_RESTRICTED"),
        ({"membership": "DELETED"}, -500, "CUSTOMER_GONE"),
    ],
)
async def test_the_state_of_the_customer_is_looked_at_first(
    writing: Gateway, cards: Processing, state: dict[str, str], minor: int, code: str | None
) -> None:
    await put(writing, ANN, **state)
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, minor))
    assert refused(payload) == ([] if code is None else [(code, "cardId")])
    assert cards.state.done == (1 if code is None else 0)
    assert bool(cards.upstream.requests) is (code is None)


async def test_a_dry_run_is_refused_and_leaves_nothing(writing: Gateway, cards: Processing) -> None:
    before = await contents(writing, writing.members[ANN])
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 5, dryRun=True))
    message = "This is kept in processor, which can't try a change out: ask without dryRun."
    assert payload["userErrors"] == [{"code": "INVALID", "message": message, "path": ["dryRun"]}]
    assert (cards.upstream.requests, grown(before, await contents(writing, writing.members[ANN]))) == ([], {})


async def test_what_is_not_mapped_is_refused(writing: Gateway, cards: Processing) -> None:
    before = await contents(writing, writing.members[ANN])
    given = {"customerId": writing.customer_id(ANN), "cardNumber": "7000000000000000"}
    payload = await change(writing, "cardRegister", given)
    message = "This is kept in processor, which can't be changed from here."
    assert payload["userErrors"] == [{"code": "SOURCE_UNAVAILABLE", "message": message, "path": ["customerId"]}]
    assert (cards.upstream.requests, grown(before, await contents(writing, writing.members[ANN]))) == ([], REFUSAL)


async def test_the_card_of_somebody_else_is_not_there(writing: Gateway, cards: Processing) -> None:
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, "card_8_0", 500))
    assert refused(payload) == [("NOT_FOUND", "cardId")]
    assert cards.state.done == 0


async def test_a_limit_is_counted_and_not_gone_beyond(writing: Gateway, cards: Processing) -> None:
    for minor, expected in ((5_001, "LIMIT_EXCEEDED"), (5_000, None), (5_000, None), (5_000, None), (5_000, None)):
        payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, minor), "care_agent")
        assert refused(payload) == ([] if expected is None else [(expected, "cardId")]), minor
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 1), "care_agent")
    assert payload["userErrors"] == [
        {
            "code": "LIMIT_EXCEEDED",
            "message": "This is beyond your limit, and can't wait for a second person here: ask someone who may do it.",
            "path": ["cardId"],
        }
    ]
    assert cards.state.done == 4
    assert refused(await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 1))) == []


async def test_a_card_in_another_currency_is_left_alone(writing: Gateway, cards: Processing) -> None:
    amount = {"amountMinor": 5, "currency": "EUR"}
    payload = await change(writing, "cardBalanceAdjust", adjustment(writing, ANN, CARD_ID, 5, amount=amount))
    assert refused(payload) == [("CURRENCY_MISMATCH", "amount.currency")]
    assert cards.state.done == 0


async def test_money_moves_between_two_cards(writing: Gateway, cards: Processing) -> None:
    cards.state.changed["card_5_1"] = {"state": "ACTIVE"}
    pair = {"fromCardId": card_id(writing, ANN, "card_5_0"), "toCardId": card_id(writing, ANN, "card_5_1")}
    given = {**pair, "reason": {"code": "card_balance_moved"}, "amount": {"amountMinor": 510, "currency": "USD"}}
    payload = await change(writing, "cardBalanceTransfer", given)
    assert (payload["card"]["balance"], payload["counterpart"]["balance"]) == (
        {"amountMinor": 2_000},
        {"amountMinor": 3_120},
    )
    assert [(one["before"], one["after"]) for one in payload["auditEntry"]["changes"]] == [
        (2_510, 2_000),
        (2_610, 3_120),
    ]
    stolen = {"card_5_0": {"state": "BLOCKED", "amount": 20.0}}
    cards.state.changed |= stolen
    payload = await change(writing, "cardBalanceTransfer", given, "care_agent")
    assert refused(payload) == [("FORBIDDEN", "fromCardId")]
    assert cards.state.done == 1


@pytest.mark.parametrize(
    ("mutation", "before", "more", "status_after", "changes"),
    [
        ("cardReportLost", "ACTIVE", {}, "LOST", [("status", "REGISTERED", "LOST")]),
        ("cardReportStolen", "ACTIVE", {}, "REPORTED_STOLEN", [("status", "REGISTERED", "REPORTED_STOLEN")]),
        ("cardReportFound", "MISSING", {}, "REGISTERED", [("status", "LOST", "REGISTERED")]),
        ("cardConfirmStolen", "THEFT_REPORTED", {}, "STOLEN", [("status", "REPORTED_STOLEN", "STOLEN")]),
        ("cardExpire", "ACTIVE", {}, "EXPIRED", [("status", "REGISTERED", "EXPIRED")]),
        ("cardNicknameSet", "ACTIVE", {"nickname": "Vacation"}, "REGISTERED", [("nickname", None, "Vacation")]),
    ],
)
async def test_every_change_is_its_own_call(
    writing: Gateway,
    cards: Processing,
    mutation: str,
    before: str,
    more: dict[str, Any],
    status_after: str,
    changes: list[tuple[str, Any, Any]],
) -> None:
    cards.state.changed["card_5_0"] = {"state": before}
    given = {"cardId": card_id(writing, ANN, CARD_ID), **more}
    payload = await change(writing, mutation, given)
    assert (payload["userErrors"], payload["card"]["status"]) == ([], status_after)
    told = [(one["path"].rpartition(".")[2], one["before"], one["after"]) for one in payload["auditEntry"]["changes"]]
    assert (told, cards.state.done) == (changes, 1)


async def test_a_card_that_holds_money_is_removed_where_that_is_acknowledged(
    writing: Gateway, cards: Processing
) -> None:
    given = {"cardId": card_id(writing, ANN, CARD_ID)}
    assert refused(await change(writing, "cardRemove", given)) == [("BALANCE_REMAINS", "acknowledgeBalance")]
    payload = await change(writing, "cardRemove", {**given, "acknowledgeBalance": True})
    assert (payload["card"]["removedAt"] is not None, cards.state.done) == (True, 1)


async def test_without_an_audit_log_nothing_is_changed(gateway: Gateway, cards: Processing, tmp_path: Path) -> None:
    profiles, ann = gateway.runtime.sources.profiles, CustomerId(gateway.members[ANN])
    gone = Database("audit", f"sqlite+aiosqlite:///{tmp_path / 'gone.sqlite'}", MasterKey(MASTER_KEY))
    await gone.open()
    async with source(processor_section(cards.upstream.url), profiles) as processor:
        with pytest.raises(SourceUnavailable) as raised:
            processor.writer(Domain.CARDS)
        assert str(raised.value) == (
            "changing anything without an audit log in a database: "
            "the source upstream is not available, try again later."
        )
        processor.connect(Surroundings(profiles, SqlRecorder(gone)))
        writer: Any = processor.writer(Domain.CARDS)
        with pytest.raises(SourceUnavailable) as raised:
            await writer.move(write("ann", "cardReportLost", "k"), (ann, id_of(CARD_ID)))
        assert raised.value.source == "audit"
    await gone.close()
    assert (cards.state.done, posted(cards)) == (0, [])
