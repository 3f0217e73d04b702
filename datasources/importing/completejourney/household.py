"""One household on its way to becoming a customer: what every domain derives its rows from, and where it puts them."""

import datetime as dt
import random
from uuid import UUID

from sqlalchemy import Table

from datasources.ids import CustomerId, EntityId, derived_id
from datasources.importing.sheet import Sheet
from datasources.sql.sealing import CustomerKey, MasterKey

from .dataset import Dataset
from .timeline import Timeline

SOURCE = "completejourney"

RESTRICTED = 7
BLOCKED = 9
TEST_PERSONAS = (4, 5)
AMBIGUOUS = (12, 18)
"""The first household's CRM id is the second one's loyalty number."""
EXECUTED_APPROVAL = 10
EXPORTED = 8
FORGET_CANCELLED = 11
RESTRICTED_DAYS = 30
BLOCKED_DAYS = 20


def seeded(household: int | str, domain: str) -> random.Random:
    """Random numbers that are the same at every import, of their own for each household and domain."""
    return random.Random(f"{SOURCE}:{household}:{domain}")  # noqa: S311 - made-up data, nothing secret


def enrolled_at(household: int, timeline: Timeline) -> dt.datetime:
    """When a household joined: 1 to 365 days before the recorded year, at a time of day."""
    chance = seeded(household, "enrolment")
    before = dt.timedelta(days=chance.randint(1, 365), seconds=chance.randint(0, 86_399))
    return timeline.start - before


class Household:
    """A household with its customer's id and key, writing into one sheet."""

    def __init__(self, number: int, dataset: Dataset, timeline: Timeline, sheet: Sheet) -> None:
        self.number = number
        self.dataset = dataset
        self.timeline = timeline
        self.sheet = sheet
        self.enrolled_at = enrolled_at(number, timeline)
        self.customer_id = CustomerId(UUID(int=derived_id(self.enrolled_at, SOURCE, str(number)).int))
        self._key: CustomerKey | None = None
        self.rows = 0
        """How many rows the customer has so far."""

    def with_key(self, master_key: MasterKey) -> bytes:
        """Makes the customer's key and returns it wrapped."""
        wrapped = master_key.new_wrapped(self.customer_id)
        self._key = master_key.unwrap(self.customer_id, wrapped)
        return wrapped

    def own(self, table: Table, **values: object) -> None:
        """One more row of the customer."""
        values["customer_id"] = self.customer_id
        self.rows += 1
        self.sheet.append(table, values)

    def id(self, at: dt.datetime, *names: object) -> EntityId:
        """The id of what the customer has under these names."""
        return derived_id(at, SOURCE, str(self.number), *map(str, names))

    def seeded(self, domain: str) -> random.Random:
        """The household's own random numbers for a domain."""
        return seeded(self.number, domain)

    def seal(self, text: str, field: str) -> bytes:
        """The text for the column `field`, encrypted with the customer's key."""
        if self._key is None:
            raise RuntimeError("the household has no key yet")
        return self._key.seal(text, field)

    def takes_part_at(self, at: dt.datetime) -> bool:
        """False from when the household is restricted or blocked: it earns nothing and gets nothing (inv-P1, inv-P2)."""
        since = self.barred_at
        return since is None or at < since

    @property
    def barred_at(self) -> dt.datetime | None:
        """When the household was restricted or blocked."""
        days = {RESTRICTED: RESTRICTED_DAYS, BLOCKED: BLOCKED_DAYS}.get(self.number)
        return None if days is None else self.timeline.before_end(days=days)
