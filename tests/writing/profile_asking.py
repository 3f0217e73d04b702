"""Enrolments and changes of profiles as the tests ask for them."""

from typing import Any
from uuid import UUID, uuid4

from tests.harness import Caller, Gateway
from tests.writing.doing import AUDITED, do

PROFILE = """profile {
    firstName lastName email phone emailVerifiedAt phoneVerifiedAt dateOfBirth gender locale spokenLanguages
    addresses { label city countryCode } attributes { definition { key } value source }
}"""
CUSTOMER = f"""customer {{
    id uuid supportId version displayName externalIds {{ system value }} status {{ key }} processing isTestPersona
    membership {{ state verifiedAt isActive }} createdAt updatedAt enrolledAt lastActiveAt
    favoriteLocation {{ storeId }} {PROFILE}
}}"""
SHOWN = f"{CUSTOMER} {AUDITED}"
CHANGED = {"customers": 0, "profile_versions": 1, "idempotency_keys": 1, "audit_entries": 1, "audit_heads": 0}
"""What a change of a profile stores."""


def shown_to(caller: Caller | str) -> str:
    """What the caller may see of a payload."""
    return SHOWN if isinstance(caller, str) else CUSTOMER


def email() -> str:
    """An address that nobody has yet."""
    return f"{uuid4().hex}@example.org"


async def create(
    gateway: Gateway, profile: dict[str, Any], caller: Caller | str = "admin", **more: Any
) -> dict[str, Any]:
    """The payload of an enrolment."""
    return await do(gateway, "customerCreate", {"profile": profile, **more}, shown_to(caller), caller)


async def enrolled(gateway: Gateway, profile: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The customer that an enrolment made, whom the gateway's members then know by their support id."""
    payload = await create(gateway, profile, **more)
    assert payload["userErrors"] == []
    customer: dict[str, Any] = payload["customer"]
    gateway.members[customer["supportId"]] = UUID(customer["uuid"])  # type: ignore[index]  # the harness's own dict
    return customer


async def newcomer(gateway: Gateway) -> str:
    """The support id of a customer who enrolled just now."""
    customer = await enrolled(gateway, {"email": email()})
    return str(customer["supportId"])


async def update(
    gateway: Gateway, profile: dict[str, Any] | None, member: str, caller: Caller | str = "admin", **more: Any
) -> dict[str, Any]:
    """The payload of a change of a profile."""
    given = {"customerId": gateway.customer_id(member), **({} if profile is None else {"profile": profile})}
    return await do(gateway, "customerUpdate", given | more, shown_to(caller), caller)


async def sync(gateway: Gateway, member: str, **more: Any) -> dict[str, Any]:
    """The payload of a link to another system."""
    given = {"customerId": gateway.customer_id(member), "account": {"system": "pos", "value": "P-1"}}
    return await do(gateway, "customerExternalAccountSync", given | more, SHOWN)


async def found_by(gateway: Gateway, **filter_: str) -> list[str]:
    """The support ids that a search finds."""
    query = "query ($filter: CustomerFilter) { customers(filter: $filter) { nodes { supportId } } }"
    answer = await gateway.run(query, {"filter": filter_})
    return [node["supportId"] for node in answer.data["customers"]["nodes"]]
