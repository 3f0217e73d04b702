"""Mutations of events."""

from uuid import uuid4

from tests.harness import Gateway
from tests.writing.examples.example import Example, Given


async def _batch(gateway: Gateway, member: str) -> Given:
    """One visit of a store."""
    visit = {
        "source": "door-counter",
        "sourceEventId": uuid4().hex,
        "type": "store_visit",
        "occurredAt": gateway.now.isoformat().replace("+00:00", "Z"),
        "customer": {"id": gateway.customer_id(member)},
        "attributes": {"location_id": "367", "minutes": 5},
    }
    return {"events": [visit]}


EXAMPLES = (Example("eventsIngest", _batch, "results { outcome }", member=None, keyed=False, dry=False),)
