"""Mutations of transactions."""

from tests.harness import Gateway
from tests.writing.buying import buy, item, purchase, returning
from tests.writing.examples.example import Example, Given


async def _purchase(gateway: Gateway, member: str) -> Given:
    return purchase(gateway, member, item("tea", 2, 1_050))


async def _return(gateway: Gateway, member: str) -> Given:
    """Of a part of a purchase made before."""
    made = await buy(gateway, await _purchase(gateway, member))
    given = returning(made["transaction"]["id"], ("tea", 1))
    del given["idempotencyKey"]
    return given


SELECTION = "transaction { id state items { sku returnedQuantity } } pointEntries { id modification }"

EXAMPLES = (
    Example("transactionIngest", _purchase, SELECTION, keyed=False),
    Example("transactionReturn", _return, SELECTION),
)
