"""Events as their sources send them."""

from typing import Any
from uuid import uuid4

from tests.harness import Answer, Caller, Gateway

INGEST = """
mutation ($input: EventsIngestInput!) {
  eventsIngest(input: $input) {
    userErrors { code message path } replayed dryRun
    results { sourceEventId outcome event { id type channel occurredAt recordedAt title } error { code message path } }
  }
}
"""
PLAIN = """
mutation ($input: EventsIngestInput!) {
  eventsIngest(input: $input) { userErrors { code path } results { outcome error { code path } } }
}
"""
"""For whom every statement counts."""
STORE = "367"


def when(gateway: Gateway) -> str:
    """Now, as inputs have it."""
    return gateway.now.isoformat().replace("+00:00", "Z")


def visit(gateway: Gateway, customer: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A visit of a store made now, under a key of its own."""
    return {
        "source": "door-counter",
        "sourceEventId": uuid4().hex,
        "type": "store_visit",
        "occurredAt": when(gateway),
        "customer": customer,
        "attributes": {"location_id": STORE, "minutes": 5},
        **more,
    }


def of(gateway: Gateway, support_id: str) -> dict[str, Any]:
    """The customer of this support id, as events name them."""
    return {"id": gateway.customer_id(support_id)}


def stranger(value: str | None = None) -> dict[str, Any]:
    """Somebody whom nobody knows."""
    return {"externalId": {"system": "crm", "value": value or uuid4().hex}}


async def sent(gateway: Gateway, *events: dict[str, Any], caller: Caller | str = "admin") -> list[dict[str, Any]]:
    """The outcomes of a batch that was taken in."""
    payload = taken(await gateway.run(INGEST, {"input": {"events": events}}, caller))
    assert payload["userErrors"] == []
    results: list[dict[str, Any]] = payload["results"]
    return results


def taken(answer: Answer) -> dict[str, Any]:
    """The payload of a batch that had no error."""
    assert answer.errors == []
    payload: dict[str, Any] = answer.data["eventsIngest"]
    return payload


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    """The outcome of each event."""
    return [one["outcome"] for one in results]
