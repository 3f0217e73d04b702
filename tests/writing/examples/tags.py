"""Mutations of tags."""

from typing import Any

from tests.harness import Gateway
from tests.writing.doing import do
from tests.writing.examples.example import Example, Given

TAG = "tag { key value name count cap origin firstAppliedAt lastAppliedAt } auditEntry { id }"


def tag(gateway: Gateway, member: str, key: str, **more: Any) -> Given:
    """The input of a mutation of a tag."""
    return {"customerId": gateway.customer_id(member), "key": key, **more}


async def _addition(gateway: Gateway, member: str) -> Given:
    return tag(gateway, member, "coupon_user")


async def _reset(gateway: Gateway, member: str) -> Given:
    """Of a count that is above 0, at its cap after some turns."""
    given = tag(gateway, member, "goodwill_credit")
    await do(gateway, "tagAdd", given, TAG)
    return given


async def _removal(gateway: Gateway, member: str) -> Given:
    given = tag(gateway, member, "interest", value="cooking")
    await do(gateway, "tagAdd", given, TAG)
    return given


EXAMPLES = (
    Example("tagAdd", _addition, TAG, grants=True),
    Example("tagCountReset", _reset, TAG),
    Example("tagRemove", _removal, TAG),
)
