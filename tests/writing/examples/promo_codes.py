"""Mutations of promo codes."""

from tests.harness import Gateway
from tests.writing.codes import claim, claiming, offered
from tests.writing.examples.example import Example, Given


async def _claim(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "code": await offered(gateway)}


async def _reset(gateway: Gateway, member: str) -> Given:
    """After a claim that failed."""
    payload = await claim(gateway, claiming(gateway, member, "NO-SUCH-CODE"))
    assert payload["lockout"]["consecutiveFailures"] > 0
    return {"customerId": gateway.customer_id(member)}


EXAMPLES = (
    Example("promoCodeClaim", _claim, "promoCode { id state } failure lockout { totalFailures }", grants=True),
    Example("promoCodeLockoutReset", _reset, "promoCode { id } lockout { consecutiveFailures resetCount }"),
)
