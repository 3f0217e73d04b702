"""What a purchase or an event tells of a customer's last activity and places, which the profiles keep."""

from typing import Any

from sqlalchemy import String, Uuid, and_, or_

from datasources.profiles import LocationRelation
from datasources.sql.changes import Change, Place
from datasources.sql.news import News, Sighting
from datasources.sql.tables.profiles import customer_places, customers
from datasources.sql.types import Instant
from datasources.sql.unit_of_work import Unit


def seen(unit: Unit, sighting: Sighting) -> None:
    """Have the customer's last activity moved on, and the ties to the place: a favorite store, a store of a purchase."""
    whose = {"customer": unit.customer_id, "at": sighting.at}
    unit.change(ACTIVE, whose)
    if sighting.location_id is not None:
        whose["location"] = sighting.location_id
        unit.change(REVISITED, whose)
        unit.change(VISITED, whose | {"store": sighting.store_id})
        unit.tell_followers()
    unit.feed(News.SEEN, sighting)


def _active(place: Place) -> Any:
    at, own = place.bind("at", Instant()), customers.c
    mine = own.customer_id == place.bind("customer", Uuid())
    return customers.update().where(mine, own.active_key < at).values(last_active_at=at, active_key=at)


def _visited(place: Place) -> Any:
    row = place.dialect.insert(customer_places).values(
        customer_id=place.bind("customer", Uuid()),
        relation=LocationRelation.PURCHASED.value,
        location_id=place.bind("location", Uuid()),
        store_id=place.bind("store", String()),
        last_seen_at=place.bind("at", Instant()),
    )
    last = customer_places.c.last_seen_at
    return row.on_conflict_do_update(
        index_elements=[column.name for column in customer_places.primary_key],
        set_={"last_seen_at": row.excluded.last_seen_at},
        where=or_(last.is_(None), last < row.excluded.last_seen_at),
    )


def _revisited(place: Place) -> Any:
    own, at = customer_places.c, place.bind("at", Instant())
    favorite = and_(
        own.customer_id == place.bind("customer", Uuid()),
        own.relation == LocationRelation.FAVORITE.value,
        own.location_id == place.bind("location", Uuid()),
    )
    later = or_(own.last_seen_at.is_(None), own.last_seen_at < at)
    return customer_places.update().where(favorite, later).values(last_seen_at=at)


ACTIVE, VISITED, REVISITED = Change(_active), Change(_visited), Change(_revisited)
