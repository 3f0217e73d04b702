"""Where a household was and what it used: places, check-ins, store visits, achievements, devices and digital properties."""

import datetime as dt
from uuid import UUID

from datasources.sql.tables.devices import devices, digital_properties
from datasources.sql.tables.profiles import customer_places

from .household import Household
from .people import Person
from .purchases import Purchase
from .stores import Stores
from .stream import Stream

PHONES = (
    ("ios", "iPhone 12", "iOS", "16.4", "1170x2532", True, None),
    ("android", "Pixel 6", "Android", "13", "1080x2400", True, None),
    ("android", "Galaxy S5", "Android", "6.0", "1080x1920", False, "Android 6 is no longer supported"),
    ("ios", "iPhone 8", "iOS", "15.7", "750x1334", True, None),
)
HUNDREDTH = 100


def write_places(household: Household, favorite: tuple[int, UUID], purchases: list[Purchase], stores: Stores) -> None:
    """The favorite store, the last check-in there, and every store of a purchase."""
    store, location_id = favorite
    last_seen: dict[int, dt.datetime] = {}
    for bought in purchases:
        last_seen[bought.store] = bought.at
    household.own(
        customer_places,
        relation="FAVORITE",
        location_id=location_id,
        store_id=str(store),
        last_seen_at=last_seen[store],
    )
    household.own(
        customer_places,
        relation="LAST_CHECK_IN",
        location_id=location_id,
        store_id=str(store),
        last_seen_at=_check_in(household),
    )
    for number, at in last_seen.items():
        household.own(
            customer_places, relation="PURCHASED", location_id=stores.ids[number], store_id=str(number), last_seen_at=at
        )


def _check_in(household: Household) -> dt.datetime:
    return household.timeline.before_end(days=household.seeded("check-in").randint(1, 20), hours=5)


def record_events(household: Household, stream: Stream, favorite: tuple[int, UUID], purchases: list[Purchase]) -> None:
    """A check-in, a visit told by the custom event type, and the achievement of a hundredth purchase."""
    store, location_id = favorite
    place = {"location_id": str(location_id), "location_name": f"Store {store}"}
    comment = {"comment": "Looking for fresh bread"}
    stream.record(
        "check_in", _check_in(household), "check-in", place, attributes={**place, **comment}, channel="SDK_IOS"
    )
    chance = household.seeded("visit")
    visit = {**place, "minutes": chance.randint(5, 60), "companions": chance.randint(0, 4)}
    at = household.timeline.before_end(days=chance.randint(2, 30), hours=7)
    told = {**visit, "remark": "Asked for a shopping cart"}
    stream.record("store_visit", at, "store-visit", visit, attributes=told, channel="API")
    if len(purchases) >= HUNDREDTH:
        facts = {"name": "Hundredth purchase", "count": HUNDREDTH}
        stream.record("achievement", purchases[HUNDREDTH - 1].at, "achievement:100", facts)


def record_account(household: Household, stream: Stream, who: Person) -> None:
    """How the account came to be."""
    stream.record("account_created", household.enrolled_at, "account", {"channel": "API"}, channel="API")
    if who.verified_at is not None:
        stream.record("account_verified", who.verified_at, "verified", {"method": "email"})


def write_devices(household: Household, stream: Stream) -> None:
    """A phone, the app and the web shop, and a session that is not surfaced."""
    chance = household.seeded("devices")
    platform, model, os_name, os_version, resolution, supported, reason = chance.choice(PHONES)
    seen = household.timeline.before_end(hours=chance.randint(2, 400))
    household.own(
        devices,
        id=household.id(household.enrolled_at, "device"),
        platform=platform,
        model=model,
        os_name=os_name,
        os_version=os_version,
        app_version=f"4.{chance.randint(0, 9)}",
        resolution=resolution,
        push_enabled=chance.random() < 0.7,
        last_seen_at=seen,
        is_supported=supported,
        unsupported_reason=reason,
    )
    _write_properties(household, seen)
    stream.record(
        "session_started", seen, "session", {"property_name": "Journey app"}, channel=f"SDK_{platform.upper()}"
    )


def _write_properties(household: Household, seen: dt.datetime) -> None:
    for name, type_ in (("Journey app", "mobile_app"), ("journey.example.com", "website")):
        household.own(
            digital_properties,
            id=household.id(household.enrolled_at, "property", name),
            name=name,
            type=type_,
            first_seen_at=household.enrolled_at,
            last_seen_at=seen,
        )
