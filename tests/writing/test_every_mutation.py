"""What every mutation promises, tried on each: once under a key, nothing on a dry run, nothing out of reach, nothing for
those who may not be granted anything (architecture.md section 6, settled.md "Writes in general")."""

from typing import Any

import pytest

from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.examples import EXAMPLES
from tests.writing.examples.example import MEMBER, Example, Given
from tests.writing.states import put
from tests.writing.tables import Contents, around, everything, grown

ELSEWHERE = Caller("admin", stores=("1",))
REFUSAL = {"audit_entries": 1, "audit_heads": 0}
UNGRANTED = (
    ({"processing": "RESTRICTED"}, "CUSTOMER_RESTRICTED"),
    ({"membership": "BLOCKED"}, "CUSTOMER_BLOCKED"),
)
GONE = ("DELETED", "ANONYMIZED", "FORGOTTEN")

keyed = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES.values() if one.keyed], ids=lambda one: one.mutation
)
dry = pytest.mark.parametrize("example", [one for one in EXAMPLES.values() if one.dry], ids=lambda one: one.mutation)
about_someone = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES.values() if one.member is not None], ids=lambda one: one.mutation
)


async def asked(gateway: Gateway, example: Example, given: Given, caller: Caller | str | None = None) -> dict[str, Any]:
    """The payload of a mutation that had no error; left to the caller that the example is for."""
    answer = await gateway.run(example.document, {"input": given}, caller or example.caller)
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[example.mutation]
    return payload


async def seen(gateway: Gateway, example: Example) -> Contents:
    """All that the mutation may touch."""
    if example.member is None:
        return await everything(gateway)
    return await around(gateway, gateway.members[example.member])


def stored(before: Contents, after: Contents) -> dict[str, int]:
    """By how many rows tables grew; a head of a chain that is new counts as one that moved on."""
    found = grown(before, after)
    return found | {"audit_heads": 0} if "audit_heads" in found else found


@keyed
async def test_a_key_has_one_effect_and_its_answer_is_repeated(gateway: Gateway, example: Example) -> None:
    given = await example.given(gateway)
    before = await seen(gateway, example)
    first = await asked(gateway, example, given)
    assert (first["userErrors"], first["replayed"], first["dryRun"]) == ([], False, False)
    after = await seen(gateway, example)
    told = stored(before, after)
    assert (told["audit_entries"], told["idempotency_keys"]) == (1, 1)
    again = await asked(gateway, example, given)
    assert again == first | {"replayed": True}
    assert await seen(gateway, example) == after


@dry
async def test_a_dry_run_leaves_every_table_as_it_was(gateway: Gateway, example: Example) -> None:
    given = await example.given(gateway) | {"dryRun": True}
    before = await seen(gateway, example)
    payload = await asked(gateway, example, given)
    assert (payload["userErrors"], payload["replayed"], payload["dryRun"]) == ([], False, True)
    assert await seen(gateway, example) == before


@about_someone
async def test_nothing_is_done_for_whom_it_must_not_be_done(gateway: Gateway, example: Example) -> None:
    member = example.member or MEMBER
    given = await example.given(gateway)
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
        after = await seen(gateway, example)
        assert (state, stored(before, after)) == (state, REFUSAL)
        before = after
