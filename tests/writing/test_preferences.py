"""What customers agree to, how that is known, and what it was before."""

from typing import Any

import pytest

from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import AUDITED, REFUSED, do
from tests.writing.profile_asking import CHANGED
from tests.writing.profile_laws import history_of
from tests.writing.states import put
from tests.writing.tables import contents, grown

MEMBER = "CJ-000037"
SHOWN = "customer { version profile { communicationPreferences { channel purpose state updatedAt evidence } } }"


async def agree(gateway: Gateway, caller: Caller | str = "admin", **more: Any) -> dict[str, Any]:
    """The payload of a preference."""
    given = {"customerId": gateway.customer_id(MEMBER), "channel": "PUSH", "purpose": "surveys", "state": "OPTED_IN"}
    shown = f"{SHOWN} {AUDITED}" if caller == "admin" else SHOWN
    return await do(gateway, "communicationPreferenceSet", given | more, shown, caller)


def held(payload: dict[str, Any], purpose: str) -> list[dict[str, Any]]:
    """What the payload shows of a purpose."""
    shown = payload["customer"]["profile"]["communicationPreferences"]
    return [one for one in shown if one["purpose"] == purpose]


async def test_a_preference_is_kept_with_its_evidence_and_what_it_was_before(gateway: Gateway) -> None:
    now = gateway.now.isoformat().replace("+00:00", "Z")
    before = await contents(gateway, gateway.members[MEMBER])
    first = await agree(gateway, evidence="Form 7")
    shown = {"channel": "PUSH", "purpose": "surveys", "state": "OPTED_IN", "updatedAt": now, "evidence": "Form 7"}
    assert held(first, "surveys") == [shown]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == CHANGED | {"consents": 1}
    path = "profile.communicationPreferences.PUSH.surveys"
    never, asked = {"state": "NOT_SET", "evidence": None}, {"state": "OPTED_IN", "evidence": "Form 7"}
    assert first["auditEntry"]["changes"] == [{"path": path, "before": never, "after": asked}]
    second = await agree(gateway, state="OPTED_OUT")
    assert held(second, "surveys") == [shown | {"state": "OPTED_OUT", "evidence": None}]
    assert second["customer"]["version"] == first["customer"]["version"] + 1
    out = {"state": "OPTED_OUT", "evidence": None}
    history = await history_of(gateway, gateway.members[MEMBER])
    assert history[-2:] == [
        [{"path": path, "before": never, "after": asked}],
        [{"path": path, "before": asked, "after": out}],
    ]


async def test_what_is_so_already_is_told_and_other_evidence_is_kept(gateway: Gateway) -> None:
    given = {"purpose": "news", "evidence": "Form 8"}
    await agree(gateway, **given)
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await agree(gateway, **given)) == [("ALREADY_DONE", "state")]
    assert refused(await agree(gateway, purpose="news")) == [("ALREADY_DONE", "state")]
    assert refused(await agree(gateway, purpose="never", state="NOT_SET")) == [("ALREADY_DONE", "state")]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {"audit_entries": 3, "audit_heads": 0}
    newer = await agree(gateway, purpose="news", evidence="Form 9")
    assert [one["evidence"] for one in held(newer, "news")] == ["Form 9"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"purpose": " "}, ("INVALID", "purpose")),
        ({"purpose": "x" * 201}, ("INVALID", "purpose")),
        ({"evidence": ""}, ("INVALID", "evidence")),
        ({"evidence": "x" * 2_001}, ("INVALID", "evidence")),
        ({"reason": {"code": "whim"}}, ("INVALID", "reason.code")),
    ],
)
async def test_a_preference_that_cant_be_is_refused_and_stores_nothing_but_that(
    gateway: Gateway, changed: dict[str, Any], told: tuple[str, str]
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    assert refused(await agree(gateway, **changed)) == [told]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_members_set_their_own_preferences(gateway: Gateway) -> None:
    payload = await agree(gateway, Caller("member", customer=MEMBER), purpose="own")
    assert payload["userErrors"] == []
    other = await agree(gateway, Caller("member", customer="CJ-000038"), purpose="own")
    assert refused(other) == [("NOT_FOUND", "customerId")]


async def test_the_restricted_and_the_blocked_can_still_opt_out(gateway: Gateway) -> None:
    await put(gateway, MEMBER, processing="RESTRICTED", membership="BLOCKED")
    payload = await agree(gateway, purpose="offers", state="OPTED_OUT")
    await put(gateway, MEMBER, processing="ACTIVE", membership="ACTIVE")
    assert payload["userErrors"] == []


async def test_a_dry_run_shows_the_preferences_that_would_be(gateway: Gateway) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await agree(gateway, purpose="dry", dryRun=True)
    assert [one["state"] for one in held(payload, "dry")] == ["OPTED_IN"]
    assert await contents(gateway, gateway.members[MEMBER]) == before
