"""Mutations of cards."""

from tests.harness import Gateway
from tests.writing.card_asking import adjustment, ask, card_in, new_number, transfer
from tests.writing.examples.example import Example, Given, Make

CARD = "card { id status nickname balance { amountMinor } removedAt }"
BOTH = f"{CARD} counterpart {{ id balance {{ amountMinor }} }}"
LOYALTY_CARD = "loyaltyCard { id number status }"


async def _adjustment(gateway: Gateway, member: str) -> Given:
    return adjustment(await card_in(gateway, member), 5)


async def _transfer(gateway: Gateway, member: str) -> Given:
    return transfer(await card_in(gateway, member), await card_in(gateway, member), 5)


def _action(state: str = "REGISTERED", **more: object) -> Make:
    """A mutation of a card in that state."""

    async def make(gateway: Gateway, member: str) -> Given:
        return {"cardId": await card_in(gateway, member, state), **more}

    return make


async def _registration(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "cardNumber": new_number()}


async def _loyalty_card(gateway: Gateway, member: str) -> Given:
    return {"customerId": gateway.customer_id(member), "number": new_number()}


async def _loyalty_card_held(gateway: Gateway, member: str) -> Given:
    added = await ask(gateway, "loyaltyCardAdd", await _loyalty_card(gateway, member))
    return {"loyaltyCardId": added["loyaltyCard"]["id"]}


async def _replacement(gateway: Gateway, member: str) -> Given:
    return await _loyalty_card_held(gateway, member) | {"newNumber": new_number()}


EXAMPLES = (
    Example("cardBalanceAdjust", _adjustment, CARD, grants=True),
    Example("cardBalanceTransfer", _transfer, BOTH, grants=True),
    Example("cardExpire", _action(), CARD),
    Example("cardReportLost", _action(), CARD),
    Example("cardReportStolen", _action("LOST"), CARD),
    Example("cardReportFound", _action("REPORTED_STOLEN"), CARD),
    Example("cardConfirmStolen", _action("REPORTED_STOLEN"), CARD),
    Example("cardRemove", _action(acknowledgeBalance=True), CARD),
    Example("cardRegister", _registration, CARD),
    Example("cardNicknameSet", _action(nickname="Vacation"), CARD),
    Example("loyaltyCardAdd", _loyalty_card, LOYALTY_CARD),
    Example("loyaltyCardRemove", _loyalty_card_held, LOYALTY_CARD),
    Example("loyaltyCardReplace", _replacement, LOYALTY_CARD),
)
