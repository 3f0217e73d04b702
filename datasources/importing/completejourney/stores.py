"""Stores of the data set as locations: made-up addresses and coordinates in New York State, hours from the purchases."""

import datetime as dt
from uuid import UUID

from datasources.ids import derived_id
from datasources.importing.sheet import Sheet
from datasources.sql.tables.locations import locations

from .household import SOURCE, seeded
from .people import AREA_CODES, FAKER
from .timeline import Timeline

EARLY_HOUR = 6
GEOFENCES = ("Fairground", "Riverside market", "Airport")


class Stores:
    """Every store that sold something: its location's id and name by store number."""

    def __init__(self, earliest_hour: dict[int, int], timeline: Timeline) -> None:
        self._earliest_hour = earliest_hour
        self._epoch = timeline.start - dt.timedelta(days=400)
        self._years = range(timeline.start.year, timeline.end.year + 2)
        self.ids: dict[int, UUID] = {store: self._id("store", str(store)) for store in sorted(earliest_hour)}
        self.names = {store: f"Store {store}" for store in earliest_hour}

    def _id(self, *names: str) -> UUID:
        return derived_id(self._epoch, SOURCE, *names)

    def write(self, sheet: Sheet) -> None:
        """All stores, then the geofences."""
        for store in sorted(self._earliest_hour):
            self._write_store(sheet, store)
        for number, name in enumerate(GEOFENCES):
            sheet.add(
                locations,
                id=self._id("geofence", name),
                kind="GEOFENCE",
                name=name,
                latitude=42.0 + number / 5,
                longitude=-75.0 - number / 5,
                timezone="America/New_York",
                hours=[],
                is_open_24_hours=True,
                is_franchise=False,
                participations=[],
            )

    def _write_store(self, sheet: Sheet, store: int) -> None:
        chance = seeded(store, "store")
        FAKER.seed_instance(f"{SOURCE}:store:{store}")
        all_day = self._earliest_hour[store] < EARLY_HOUR
        is_franchise = store % 6 == 0
        opens, closes = ("00:00", "23:59") if all_day else (f"{EARLY_HOUR:02d}:00", "23:59")
        sheet.add(
            locations,
            id=self.ids[store],
            kind="STORE",
            name=self.names[store],
            store_id=str(store),
            phone=f"+1{chance.choice(AREA_CODES)}55501{chance.randint(0, 99):02d}",
            address=_address(),
            latitude=round(chance.uniform(40.6, 44.5), 6),
            longitude=round(chance.uniform(-79.5, -73.5), 6),
            timezone="America/New_York",
            hours=[{"weekday": weekday, "opens": opens, "closes": closes} for weekday in range(1, 8)],
            special_hours=[_christmas(year, all_day=all_day) for year in self._years],
            is_open_24_hours=all_day,
            is_franchise=is_franchise,
            participations=_participations(store),
            operation_notes="Run by a franchisee" if is_franchise else None,
        )


def _christmas(year: int, *, all_day: bool) -> dict[str, object]:
    """The one day on which stores close: all of it, or in the evening where they are open day and night otherwise."""
    opens, closes = ("00:00", "18:00") if all_day else (None, None)
    return {"on": dt.date(year, 12, 25), "opens": opens, "closes": closes}


def _address() -> dict[str, str | None]:
    return {
        "label": "store",
        "line1": FAKER.street_address(),
        "line2": None,
        "city": FAKER.city(),
        "region": "NY",
        "postal_code": FAKER.zipcode_in_state("NY"),
        "country_code": "US",
    }


def _participations(store: int) -> list[dict[str, str]]:
    found = [{"name": "Complete Journey Rewards", "kind": "PROGRAM", "status": "ACTIVE"}]
    if store % 2:
        found.append({"name": "Ten visits", "kind": "PROMOTION", "status": "ACTIVE"})
    return found
