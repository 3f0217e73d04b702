"""Every mutation does in a split program what it does in one database, and the audit log and the stream are told as there."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from datasources.sql.tables.writing import inbox, outbox, outbox_lanes
from tests.harness import Caller, Gateway
from tests.splitting.programs import drained
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, document
from tests.writing.examples import EXAMPLES
from tests.writing.examples.example import MEMBER, Example, Given
from tests.writing.states import put
from tests.writing.tables import Contents, around, everything, grown

PLUMBING = {table.name for table in (outbox, outbox_lanes, inbox)}
ELSEWHERE = Caller("admin", stores=("1",))
REFUSAL = {"audit_entries": 1, "audit_heads": 0}
UNGRANTED = (
    ({"processing": "RESTRICTED"}, "CUSTOMER_RESTRICTED"),
    ({"membership": "BLOCKED"}, "CUSTOMER_BLOCKED"),
)
UNSHOWN = ("approvalApprove", "approvalReject", "messageMarkRead", "eventsIngest")
"""Their payloads have no entry of the audit log."""
GONE = ("DELETED", "ANONYMIZED", "FORGOTTEN")

every = pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda one: one.mutation)
dry = pytest.mark.parametrize(
    "example",
    [EXAMPLES[name] for name in ("customerUpdate", "pointsAdjust", "transactionIngest", "loyaltyCardAdd", "tagAdd")],
    ids=lambda one: one.mutation,
)
"""One of each that has others told something else."""
about_someone = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES.values() if one.member is not None], ids=lambda one: one.mutation
)


async def asked(gateway: Gateway, example: Example, given: Given, caller: Caller | str | None = None) -> dict[str, Any]:
    """The payload of a mutation that had no error; left to the caller that the example is for."""
    told = "" if example.mutation in UNSHOWN else f"told: {AUDITED}"
    selection = f"{example.selection} {told}"
    answer = await gateway.run(document(example.mutation, selection), {"input": given}, caller or example.caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[example.mutation]
    return payload


async def seen(gateway: Gateway, example: Example) -> Contents:
    """All that the mutation may touch, each table as the database has it that serves it."""
    if example.member is None:
        return await everything(gateway)
    return await around(gateway, gateway.members[example.member])


def stored(before: Contents, after: Contents) -> Mapping[str, int]:
    """By how many rows tables grew, but for those by which databases tell each other."""
    found = grown(before, after)
    heads = {"audit_heads": 0} if "audit_heads" in found else {}
    return {name: rows for name, rows in found.items() if name not in PLUMBING} | heads


async def done(gateway: Gateway, example: Example) -> tuple[Mapping[str, int], dict[str, Any], Given]:
    """What a mutation stored once everybody was told, its payload, and what was asked."""
    given = await example.given(gateway)
    await drained(gateway)
    before = await seen(gateway, example)
    payload = await asked(gateway, example, given)
    await drained(gateway)
    return stored(before, await seen(gateway, example)), payload, given


@every
async def test_it_stores_the_same_rows_and_tells_the_same_entry(
    gateway: Gateway, whole: Gateway, example: Example
) -> None:
    told, payload, given = await done(gateway, example)
    wanted, likewise, _ = await done(whole, example)
    assert (payload["userErrors"], payload["replayed"]) == ([], False)
    assert plain(payload.get("told")) == plain(likewise.get("told"))
    own = {name: rows for name, rows in told.items() if name != "idempotency_keys"}
    assert own == {name: rows for name, rows in wanted.items() if name != "idempotency_keys"}
    if example.keyed:
        again = await asked(gateway, example, given)
        assert again == payload | {"replayed": True}


def plain(entry: dict[str, Any] | None) -> Any:
    """An entry of the audit log without ids, numbers and the values that changed."""
    if entry is None:
        return None
    paths = [change["path"] for change in entry["changes"]]
    told = (*(entry[name] for name in ("type", "outcome", "reasonCode")), entry["summary"], *paths)
    return [VARIES.sub("…", text or "") for text in told]


VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|T[0-9A-F]{12}|\d+")


@dry
async def test_a_dry_run_leaves_every_table_as_it_was_and_tells_nobody(gateway: Gateway, example: Example) -> None:
    given = await example.given(gateway) | {"dryRun": True}
    await drained(gateway)
    before = await seen(gateway, example)
    payload = await asked(gateway, example, given)
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, True)
    assert await drained(gateway) == 0
    assert await seen(gateway, example) == before


@about_someone
async def test_nothing_is_done_for_whom_it_must_not_be_done(gateway: Gateway, example: Example) -> None:
    """Their state was not told to the others yet: it is asked for."""
    member = example.member or MEMBER
    given = await example.given(gateway)
    await drained(gateway)
    before = await seen(gateway, example)
    (own,) = before["customers"]
    tried: list[tuple[dict[str, str], Caller, str]] = [({}, ELSEWHERE, "NOT_FOUND")]
    if example.grants:
        tried += [(state, Caller("care_agent"), code) for state, code in UNGRANTED]
    if example.needs_open:
        tried += [({"membership": state}, example.caller, "CUSTOMER_GONE") for state in GONE]
    for state, caller, code in tried:
        await put(gateway, member, **state)
        payload = await asked(gateway, example, given, caller)
        await put(gateway, member, **{name: own[name] for name in state})
        assert (state, [code for code, _ in refused(payload)]) == (state, [code])
        await drained(gateway)
        after = await seen(gateway, example)
        assert (state, stored(before, after)) == (state, REFUSAL)
        before = after
