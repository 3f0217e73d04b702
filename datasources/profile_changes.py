"""A profile before and after a change: what becomes of the row, and what of it is told (E11, E13)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from datasources import attributes
from datasources.profile_values import CHECKS, camel, fields_of, search_keys
from datasources.profile_writing import FavoriteLocation, ProfileChange
from datasources.profiles import Address, AttributeValue, CustomerRow
from datasources.recording import SOURCE
from datasources.refusals import UserErrorCode
from datasources.values import ActorKind
from datasources.writing import Refusal, Write

Values = Mapping[str, Any]
"""Attributes of a CustomerRow by name."""
Told = tuple[str, Any, Any]
"""Where something stands, what it was, and what it became: JSON values."""


def filled(row: CustomerRow, write: Write, profile: ProfileChange) -> CustomerRow:
    """The row with what the profile gives, and all that follows from it. Raises Refusal."""
    wanted: dict[str, Any] = fields_of(write, profile)
    if profile.attributes is not UNSET:
        wanted["attributes"] = _attributes(row, write, attributes.checked(write, profile.attributes, row.attributes))
    for name in ("email", "phone"):
        # Another address or number is not the one that was verified.
        if name in wanted and wanted[name] != getattr(row, name):
            wanted[f"{name}_verified_at"] = None
    new = msgspec.structs.replace(row, **wanted)
    return msgspec.structs.replace(new, **search_keys(new))


def _attributes(row: CustomerRow, write: Write, given: Values) -> dict[str, AttributeValue]:
    """Those held, with what differs told by the caller now; cleared ones are gone."""
    held = dict(row.attributes)
    source = write.actor.id if write.actor.kind is ActorKind.SERVICE else SOURCE
    for key, value in given.items():
        before = held.pop(key, None)
        same = before is not None and before.value == value
        if same and before is not None:
            held[key] = before
        elif value is not None:
            held[key] = AttributeValue(value, write.now, source)
    return held


def check_known(favorite: FavoriteLocation) -> None:
    """Pass for a location that there is. Raises Refusal."""
    if not favorite.is_known:
        raise Refusal(UserErrorCode.NOT_FOUND, "There is no such location.", "favoriteLocationId")


def changed(before: CustomerRow | None, after: CustomerRow) -> Iterator[Told]:
    """What differs, by its path from the customer; before there was a customer, all that there is."""
    for name in (*CHECKS, "external_ids"):
        was, is_ = None if before is None else _plain(getattr(before, name)), _plain(getattr(after, name))
        if (was or None) != (is_ or None):
            yield (f"profile.{camel(name)}" if name in CHECKS else camel(name)), was, is_
    held = {} if before is None else before.attributes
    for key in sorted({*held, *after.attributes}):
        was, is_ = (one[key].value if key in one else None for one in (held, after.attributes))
        if was != is_ or type(was) is not type(is_):
            yield f"profile.attributes.{key}", was, is_
    favorite = None if before is None else before.favorite_location_id
    if favorite != after.favorite_location_id:
        yield "favoriteLocation", _plain(favorite), _plain(after.favorite_location_id)


def _plain(value: Any) -> Any:
    """The value as JSON, spelled as clients spell it."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Address):
        parts = msgspec.structs.asdict(value).items()
        return {camel(name): part for name, part in parts if part is not None}
    return msgspec.to_builtins(value)
