"""Mutations of profiles and memberships."""

from itertools import count
from typing import Any

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given, Make
from tests.writing.states import put

STATUS, OTHER = "CJ-000028", "CJ-000029"
NUMBERS = count(1)
SHOWN = "customer { id version updatedAt displayName status { key } membership { state } } auditEntry { id }"


async def _enrolment(_gateway: Gateway, _member: str) -> Given:
    return {"profile": {"firstName": "Ada", "email": f"ada.{next(NUMBERS)}@example.org"}}


async def _change(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "profile": {"gender": f"number {next(NUMBERS)}"}}


async def _status(gateway: Gateway, member: str) -> Given:
    query = "query ($id: ID!) { customer(by: {id: $id}) { status { allowedNext } } }"
    answer = await gateway.run(query, {"id": gateway.customer_id(member)})
    following = answer.data["customer"]["status"]["allowedNext"]
    return _action(gateway, member, "status_review") | {"statusKey": next(key for key in following if key != "closed")}


def _moved(state: str, reason: str) -> Make:
    """Of a customer who is in the state that the action leads out of."""

    async def make(gateway: Gateway, member: str) -> Given:
        await put(gateway, member, membership=state, deleted_at=None)
        return _action(gateway, member, reason)

    return make


async def _linked(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "account": {"system": "crm", "value": f"C-{next(NUMBERS)}"}}


async def _agreed(gateway: Gateway, member: str) -> Given:
    agreed = {
        "channel": "SMS",
        "purpose": f"purpose-{next(NUMBERS)}",
        "state": "OPTED_IN",
        "evidence": "Asked by phone",
    }
    return {"customerId": gateway.customer_id(member), **agreed}


def _action(gateway: Gateway, member: str, reason: str) -> dict[str, Any]:
    return {"customerId": gateway.customer_id(member), "reason": {"code": reason}}


EXAMPLES = (
    Example("customerCreate", _enrolment, SHOWN, member=None, needs_open=False),
    Example("customerUpdate", _change, SHOWN),
    Example("customerStatusSet", _status, SHOWN, member=STATUS),
    Example("customerVerify", _moved("PENDING_VERIFICATION", "identity_confirmed"), SHOWN, member=OTHER),
    Example("customerBlock", _moved("ACTIVE", "suspected_fraud"), SHOWN, member=OTHER),
    Example("customerUnblock", _moved("BLOCKED", "fraud_cleared"), SHOWN, member=OTHER),
    Example("customerDelete", _moved("ACTIVE", "customer_request"), SHOWN, needs_open=False, member=OTHER),
    Example("customerRestore", _moved("DELETED", "deleted_in_error"), SHOWN, needs_open=False, member=OTHER),
    Example("customerExternalAccountSync", _linked, SHOWN),
    Example("communicationPreferenceSet", _agreed, SHOWN),
)
