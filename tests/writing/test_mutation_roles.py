"""Every mutation and every default role: who lacks the scope changes nothing, and the attempt is told (settled.md, "Codes")."""

import pytest

from permissions.roles import DEFAULT_ROLES
from tests.architecture.promises import Promises
from tests.architecture.test_contract import COMMITTED
from tests.harness import Caller, Gateway
from tests.writing.examples import EXAMPLES
from tests.writing.examples.example import MEMBER, Example
from tests.writing.tables import around

PROMISES = Promises(COMMITTED.read_text(encoding="utf-8"))
every = pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))


def test_every_mutation_of_the_contract_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(PROMISES.types["Mutation"].fields)


@every
async def test_each_role_may_do_just_what_its_scopes_allow(gateway: Gateway, example: Example) -> None:
    given, member = await example.given(gateway), example.member or MEMBER
    before = await around(gateway, gateway.members[member])
    lacking = []
    for role, granted in DEFAULT_ROLES.items():
        caller = Caller(role, customer=member if role == "member" else None)
        is_denied = PROMISES.denied("Mutation", example.mutation, frozenset(map(str, granted.scopes)))
        tried = given | ({"dryRun": True} if example.dry and not is_denied else {})
        if not is_denied and not example.dry:
            continue  # carried out by its own tests
        answer = await gateway.run(example.document, {"input": tried}, caller)
        if is_denied:
            lacking.append(role)
            told = [f"FORBIDDEN@{example.mutation}"]
            assert (role, answer.data, answer.told) == (role, {example.mutation: None}, told)
        else:
            assert (role, [one for one in answer.told if one.endswith(f"@{example.mutation}")]) == (role, [])
    after = await around(gateway, gateway.members[member])
    told_to = {"audit_entries", "audit_heads"} if lacking else set()
    assert {name for name in before if before[name] != after[name]} == told_to
    known = {row["id"] for row in before["audit_entries"]}
    told_of = [row for row in after["audit_entries"] if row["id"] not in known]
    assert sorted(row["actor_id"] for row in told_of) == sorted(lacking)
    assert {(row["type"], row["outcome"]) for row in told_of} <= {(example.mutation, "REFUSED")}
