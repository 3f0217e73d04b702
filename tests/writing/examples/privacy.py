"""Mutations of privacy. They are about customers whom no other example needs, since a restricted one is granted nothing."""

from typing import Any
from uuid import uuid4

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given, Make

ASKER, PROCESSED = "CJ-000044", "CJ-000045"

REQUESTS = (
    "query ($id: ID!) { customer(by: { id: $id }) { processing privacy { requests { nodes { id type state } } } } }"
)
CANCEL = "mutation ($input: PrivacyRequestCancelInput!) { privacyRequestCancel(input: $input) { userErrors { code } } }"
SHOWN = "request { id type state submittedAt completedAt steps { domain state attempts verifiedAt } } auditEntry { id }"


def action(gateway: Gateway, member: str, **more: Any) -> Given:
    """The input of an action, but for its key."""
    about = {"customerId": gateway.customer_id(member), "identityVerified": True}
    return about | {"reason": {"code": "privacy_request"}} | more


def cancellation(request_id: str, **more: Any) -> Given:
    """The input of a cancellation, but for its key."""
    return {"requestId": request_id, "reason": {"code": "privacy_request_withdrawn"}, **more}


async def act(gateway: Gateway, mutation: str, given: Given) -> dict[str, Any]:
    """The payload of an action that had no error."""
    query = (
        f"mutation ($input: PrivacyActionInput!) {{ {mutation}(input: $input) {{ userErrors {{ code }} {SHOWN} }} }}"
    )
    answer = await gateway.run(query, {"input": {"idempotencyKey": uuid4().hex} | given})
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[mutation]
    return payload


async def standing(gateway: Gateway, member: str) -> dict[str, Any]:
    """How the customer stands, and the requests made so far."""
    answer = await gateway.run(REQUESTS, {"id": gateway.customer_id(member)}, "privacy_officer")
    assert answer.errors == []
    found: dict[str, Any] = answer.data["customer"]
    return found


async def withdrawn(gateway: Gateway, member: str) -> None:
    """Cancel whatever is open."""
    for request in (await standing(gateway, member))["privacy"]["requests"]["nodes"]:
        if request["state"] == "SUBMITTED":
            given = cancellation(request["id"], idempotencyKey=uuid4().hex)
            assert (await gateway.run(CANCEL, {"input": given})).errors == []


async def _submission(gateway: Gateway, member: str) -> Given:
    await withdrawn(gateway, member)
    return action(gateway, member)


async def _withdrawal(gateway: Gateway, member: str) -> Given:
    await withdrawn(gateway, member)
    made = await act(gateway, "privacyForget", action(gateway, member))
    return cancellation(made["request"]["id"])


def _from(processing: str, before: str) -> Make:
    """An input for a customer in this state of processing, put there by the mutation that leads to it."""

    async def make(gateway: Gateway, member: str) -> Given:
        if (await standing(gateway, member))["processing"] != processing:
            assert (await act(gateway, before, action(gateway, member)))["userErrors"] == []
        return action(gateway, member)

    return make


EXAMPLES = (
    Example("privacyExport", _submission, SHOWN, needs_open=False, member=ASKER),
    Example("privacyForget", _submission, SHOWN, needs_open=False, member=ASKER),
    Example("customerAnonymize", _submission, SHOWN, needs_open=False, member=ASKER),
    Example("privacyRestrict", _from("ACTIVE", "privacyReinstate"), SHOWN, needs_open=False, member=PROCESSED),
    Example("privacyReinstate", _from("RESTRICTED", "privacyRestrict"), SHOWN, needs_open=False, member=PROCESSED),
    Example("privacyRequestCancel", _withdrawal, SHOWN, needs_open=False, dry=False, member=ASKER),
)
