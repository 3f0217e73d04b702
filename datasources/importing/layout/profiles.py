"""Customers: their row, their key, their identifiers and the tie to their favorite location."""

from collections.abc import Iterable

import msgspec

from datasources.folding import MISSING, card_key, email_key, phone_key, sort_key
from datasources.ids import CustomerId
from datasources.profiles import NEVER
from datasources.program import AttributeDefinition, AttributeType
from datasources.sql.tables.profiles import customer_places, customers, identifiers

from .entry import Entry, Made
from .problems import BadValue
from .shapes import WORDS

JSON_TYPES: dict[AttributeType, tuple[type, ...]] = {
    AttributeType.INT: (int,),
    AttributeType.BOOLEAN: (bool,),
    AttributeType.LIST: (list,),
    AttributeType.ADDRESS: (dict,),
}
NAMES: dict[type, str] = {int: "integer", bool: "boolean", list: "array", dict: "object", str: "string"}


def customer(entry: Entry) -> Iterable[Made]:
    """A customer with everything that follows from the row."""
    values, created_at = entry.values, entry.at("created_at")
    support_id = values["support_id"]
    external_ids = [tuple(text.split(":", 1)) for text in values["external_ids"]]
    id_ = CustomerId(entry.derived(created_at, support_id))
    person = entry.book.new_person(id_, [support_id, *values["external_ids"]])
    entry.belong(person)
    active_at = entry.at("last_active_at") if "last_active_at" in values else None
    yield entry.made(
        customers,
        "support_id",
        version=1,
        attributes=_attributes(entry),
        external_ids=[{"system": system, "value": value} for system, value in external_ids],
        status_key=values.get("status_key") or entry.book.settings.first_status,
        updated_at=entry.at("updated_at") if "updated_at" in values else created_at,
        active_key=active_at or NEVER,
        wrapped_key=person.wrapped_key,
        **_keys(entry),
    )
    yield from _identifiers(entry, external_ids)
    if "favorite_location" in values:
        store = values["favorite_location"]
        location = entry.book.thing("location", store, "favorite_location")
        yield entry.made(customer_places, relation="FAVORITE", location_id=location.id, store_id=store)


def _keys(entry: Entry) -> dict[str, str | None]:
    values = entry.values
    phone = _phone(entry)
    return {
        "phone": phone,
        "phone_key": phone or MISSING,
        "email_key": email_key(values["email"]) if "email" in values else MISSING,
        "first_name_key": sort_key(values.get("first_name")),
        "last_name_key": sort_key(values.get("last_name")),
    }


def _phone(entry: Entry) -> str | None:
    given = entry.values.get("phone")
    found = None if given is None else phone_key(given, entry.book.settings.region)
    if given is not None and found is None:
        raise BadValue("is no possible phone number", "phone")
    return found


def _identifiers(entry: Entry, external_ids: list[tuple[str, ...]]) -> Iterable[Made]:
    keys = _keys(entry)
    found = [("EMAIL", "", keys["email_key"], "email"), ("PHONE", "", keys["phone_key"], "phone")]
    found.append(("LOYALTY_NUMBER", "", card_key(entry.values.get("loyalty_number", MISSING)), "loyalty_number"))
    found += [("EXTERNAL_ID", system, value, "external_ids") for system, value in external_ids]
    for kind, system, value, column in found:
        if value != MISSING:
            yield entry.made(identifiers, column, kind=kind, system=system, value=value, is_replaced=False)


def _attributes(entry: Entry) -> dict[str, dict[str, object]]:
    definitions = {definition.key: definition for definition in entry.book.settings.attribute_definitions}
    updated_at = entry.values.get("updated_at", entry.values["created_at"])
    for key, value in entry.values["attributes"].items():
        if key not in definitions:
            raise BadValue("is no attribute of the program", "attributes", key)
        _check(definitions[key], value)
    return {key: {"value": value, "updated_at": updated_at} for key, value in entry.values["attributes"].items()}


def _check(definition: AttributeDefinition, value: object) -> None:
    path = ("attributes", definition.key)
    wanted = JSON_TYPES.get(definition.type, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise BadValue(WORDS[NAMES[wanted[0]]], *path)
    if definition.options is not None and value not in definition.options:
        raise BadValue(f"must be one of {', '.join(definition.options)}", *path)
    if len(msgspec.json.encode(value)) > 16_384:
        raise BadValue("must have at most 16 kB", *path)
