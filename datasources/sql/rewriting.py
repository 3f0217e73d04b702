"""A profile changed under the customer's lock: fields, attributes, identifiers and the favorite location."""

import msgspec
from msgspec import UNSET

from datasources.audit import AuditChange
from datasources.profile_changes import changed, check_known, filled
from datasources.profile_values import check_required, identifiers_of
from datasources.profile_writing import CustomerChange, CustomerShown, FavoriteLocation
from datasources.profiles import CustomerRow, LocationRelation
from datasources.refusals import UserErrorCode
from datasources.sql.changes import Change, inserted
from datasources.sql.engine import Database, Statements
from datasources.sql.identifier_index import IdentifierIndex
from datasources.sql.profile_rows import REWRITTEN, ProfileRows, tell
from datasources.sql.tables.profiles import customer_places
from datasources.sql.unit_of_work import Unit
from datasources.values import ActorKind
from datasources.writing import Refusal, Write

FAVORITE = LocationRelation.FAVORITE.value
PLACE = customer_places.c
PREFERRED = inserted(customer_places)
LEFT = Change(
    lambda place: customer_places.delete().where(
        PLACE.customer_id == place.bind("customer_id", PLACE.customer_id.type),
        PLACE.relation == FAVORITE,
        PLACE.location_id == place.bind("location_id", PLACE.location_id.type),
    )
)


class Rewriting:
    """Changes profiles."""

    def __init__(self, database: Database) -> None:
        self._rows, self._index = ProfileRows(database), IdentifierIndex(database)

    def rewritten(self, unit: Unit, asked: CustomerChange, handles_privacy: bool) -> Statements[CustomerShown | None]:
        """Change what differs. Raises Refusal."""
        _check_asked(unit.write, asked)
        unit.check_standing(grants=False)
        if unit.is_restricted and not handles_privacy:
            message = "The customer restricted processing: you need the scope privacy:restrict."
            raise Refusal(UserErrorCode.CUSTOMER_RESTRICTED, message)
        unit.check_version(unit.version)
        row = yield from self._rows.customer(unit)
        new = _rewritten(unit.write, asked, row)
        changes = tuple(AuditChange(*told) for told in changed(row, new))
        if not changes:
            raise Refusal(UserErrorCode.ALREADY_DONE, "The profile holds all of this already.")
        check_required(unit.write.program, new, row)
        yield from self._move_identifiers(unit, row, new)
        move_favorite(unit, row, None if asked.favorite is UNSET else asked.favorite, new)
        unit.change(REWRITTEN, msgspec.structs.asdict(new) | tell(unit, "Profile changed", changes))
        return (yield from self._rows.shown(unit))

    def _move_identifiers(self, unit: Unit, row: CustomerRow, new: CustomerRow) -> Statements[None]:
        """Claim what is new, and free what is no longer the customer's."""
        before, after = identifiers_of(row), identifiers_of(new)
        yield from self._index.claim(unit, {one: path for one, path in after.items() if one not in before})
        for one in before.keys() - after.keys():
            self._index.release(unit, one)


def move_favorite(
    unit: Unit, before: CustomerRow | None, favorite: FavoriteLocation | None, after: CustomerRow
) -> None:
    """Have the tie to the favorite location follow the profile, which reach goes by."""
    left = None if before is None else before.favorite_location_id
    if left == after.favorite_location_id:
        return
    if left is not None:
        unit.change(LEFT, {"customer_id": unit.customer_id, "location_id": left})
    if favorite is not None:
        tie = {"relation": FAVORITE, "location_id": favorite.location_id, "store_id": favorite.store_id}
        unit.change(PREFERRED, tie | {"customer_id": unit.customer_id, "last_seen_at": None})


def _check_asked(write: Write, asked: CustomerChange) -> None:
    """Pass for a change that names something. Raises Refusal."""
    if asked.profile is None:
        raise Refusal(UserErrorCode.INVALID, "A profile can't be cleared as a whole: name its fields.", "profile")
    if asked.profile is UNSET and asked.favorite is UNSET:
        raise Refusal(UserErrorCode.REQUIRED, "Nothing is given that could change.", "profile")
    if asked.favorite is not UNSET and write.actor.kind is ActorKind.MEMBER:
        message = "Members may write attributes that are marked for them."
        raise Refusal(UserErrorCode.FORBIDDEN, message, "favoriteLocationId")
    if isinstance(asked.favorite, FavoriteLocation):
        check_known(asked.favorite)


def _rewritten(write: Write, asked: CustomerChange, row: CustomerRow) -> CustomerRow:
    """The row with what is asked for. Raises Refusal."""
    new = row if asked.profile in (UNSET, None) else filled(row, write, asked.profile)
    if asked.favorite is UNSET:
        return new
    location = asked.favorite.location_id if isinstance(asked.favorite, FavoriteLocation) else None
    return msgspec.structs.replace(new, favorite_location_id=location)
