"""Purchases and returns as the tests ask for them."""

from typing import Any
from uuid import uuid4

from tests.harness import Answer, Caller, Gateway

SHOWN = """
  replayed dryRun userErrors { code message path }
  transaction {
    id externalId occurredAt orderSource state nonAccruing location { storeId }
    subtotal { amountMinor } discountTotal { amountMinor } taxTotal { amountMinor } total { amountMinor }
    basketValue { amountMinor currency }
    items { sku name quantity unitPrice { amountMinor } total { amountMinor } returnedQuantity }
    payments { method amount { amountMinor } cardLastFour }
    discounts { label amount { amountMinor } offerName }
  }
  pointEntries {
    id kind modification amountSpent remaining balanceBefore balanceAfter referenceType referenceId description
    transactionId occurredAt expiresAt pointSource { key } pointAccount { key }
    allocations { points lot { id } }
  }
  tierChange { id from { key } to { key } reason }
  auditEntry { type summary outcome changes { path before after } }
"""
INGEST = f"mutation ($input: TransactionIngestInput!) {{ transactionIngest(input: $input) {{ {SHOWN} }} }}"
RETURN = f"mutation ($input: TransactionReturnInput!) {{ transactionReturn(input: $input) {{ {SHOWN} }} }}"


def money(minor: int, currency: str = "USD") -> dict[str, Any]:
    """An amount as inputs have it."""
    return {"amountMinor": minor, "currency": currency}


def item(sku: str, quantity: int, minor: int) -> dict[str, Any]:
    """A line of a purchase."""
    return {"sku": sku, "name": f"Product {sku}", "quantity": quantity, "unitPrice": money(minor)}


def purchase(gateway: Gateway, support_id: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The input of a purchase made now, of one thing for 20 dollars where no items are told."""
    return {
        "source": "pos",
        "externalId": uuid4().hex,
        "occurredAt": gateway.now.isoformat().replace("+00:00", "Z"),
        "orderSource": "IN_STORE",
        "customer": {"id": gateway.customer_id(support_id)},
        "items": list(items) or [item("tea", 1, 2_000)],
        **more,
    }


def returning(transaction_id: str, *items: tuple[str, int], **more: Any) -> dict[str, Any]:
    """The input of a return, of all that is left where no items are told."""
    parts = [{"sku": sku, "quantity": quantity} for sku, quantity in items]
    given = {"transactionId": transaction_id, "idempotencyKey": uuid4().hex}
    return given | ({"items": parts} if parts else {}) | more


async def buy(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a purchase that had no error."""
    return _payload(await gateway.run(INGEST, {"input": given}, caller), "transactionIngest")


async def bring_back(gateway: Gateway, given: dict[str, Any], caller: Caller | str = "admin") -> dict[str, Any]:
    """The payload of a return that had no error."""
    return _payload(await gateway.run(RETURN, {"input": given}, caller), "transactionReturn")


def _payload(answer: Answer, name: str) -> dict[str, Any]:
    assert answer.errors == []
    payload: dict[str, Any] = answer.data[name]
    return payload


def moved(payload: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Account, kind and points of each ledger entry that was made."""
    return [
        (entry["pointAccount"]["key"], entry["kind"], entry["modification"]) for entry in payload["pointEntries"] or ()
    ]
