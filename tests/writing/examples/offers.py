"""Mutations of offers."""

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given
from tests.writing.offering import LATER, brought, issue_of, issued

SHOWN = """customerOffer {
    id state activatedAt redeemableFrom redeemableUntil redeemedAt isExcluded flexFields { key value }
    offer { id inventoryRemaining } }"""


async def _issue(gateway: Gateway, member: str) -> Given:
    return await issue_of(gateway, member, "bonus-100")


async def _issued(gateway: Gateway, member: str) -> Given:
    return {"customerOfferId": await issued(gateway, member)}


async def _redeemed(gateway: Gateway, member: str) -> Given:
    return {"customerOfferId": await brought(gateway, member, "REDEEMED")}


async def _revocation(gateway: Gateway, member: str) -> Given:
    """Of an offer that the customer can get again: other examples issue it too."""
    return {"customerOfferId": await issued(gateway, member), "exclude": False}


async def _dates(gateway: Gateway, member: str) -> Given:
    return {"customerOfferId": await brought(gateway, member, "EXPIRED"), "redeemableUntil": LATER}


async def _fields(gateway: Gateway, member: str) -> Given:
    fields = [{"key": "till", "value": "7"}, {"key": "clerk", "value": None}]
    return {"customerOfferId": await issued(gateway, member), "fields": fields}


EXAMPLES = (
    Example("offerIssue", _issue, SHOWN, grants=True),
    Example("offerActivate", _issued, SHOWN, grants=True),
    Example("offerRedeem", _issued, SHOWN, grants=True),
    Example("offerReinstate", _redeemed, SHOWN, grants=True),
    Example("offerRevoke", _revocation, SHOWN),
    Example("offerRemove", _issued, SHOWN),
    Example("offerRedemptionDatesChange", _dates, SHOWN, grants=True),
    Example("offerFlexFieldsUpdate", _fields, SHOWN),
)
