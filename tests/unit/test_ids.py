"""Global ids and the ids of rows."""

import datetime as dt
from uuid import UUID

import pytest

from datasources.errors import InvalidRequest
from datasources.ids import derived_id, new_id
from schema.ids import global_id, parse_id, parse_uuid

CUSTOMER = UUID("019412a2-6078-734e-89ae-3d127b4411f2")
ENTRY = UUID("019b9665-9b80-70c9-9f4f-38d944058caa")


def test_an_id_tells_its_type_and_key_again():
    alone, owned = global_id("Customer", CUSTOMER), global_id("PointAuditEntry", CUSTOMER, ENTRY)

    assert alone == "Customer:AZQSomB4c06Jrj0Se0QR8g"
    assert parse_id(alone, "id") == ("Customer", (CUSTOMER,))
    assert parse_id(owned, "id", "PointAuditEntry") == ("PointAuditEntry", (CUSTOMER, ENTRY))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Customer",
        "Customer:",
        "Customer:AZQSomB4c06Jrj0Se0QR8",
        "Customer:AZQSomB4c06Jrj0Se0QR8gA",
        "customer:AZQSomB4c06Jrj0Se0QR8g",
        "Customer:AZQSomB4c06Jrj0Se0QR8h",  # the spare bits of base64 are set
        "Customer:AZQSomB4c06Jrj0Se0QR8g\n",
        "Customer:019412a2-6078-734e-89ae-3d127b4411f2",
        "Customer:AZQSomB4c06Jrj0Se0QR8é",
        "A" * 10_000,
    ],
)
def test_what_is_no_id_is_refused(text: str):
    with pytest.raises(InvalidRequest) as refusal:
        parse_id(text, "id")
    assert str(refusal.value) == "This is not an id of this graph."
    assert refusal.value.path == ("id",)


def test_an_id_of_another_type_is_refused():
    with pytest.raises(InvalidRequest, match="^This is not an id of a Segment.$"):
        parse_id(global_id("Customer", CUSTOMER), "filter", "Segment")


@pytest.mark.parametrize("text", ["", "019412a26078734e89ae3d127b4411f2", "{019412a2-6078-734e-89ae-3d127b4411f2}"])
def test_a_uuid_is_spelled_with_dashes(text: str):
    with pytest.raises(InvalidRequest, match="^This is not a UUID.$"):
        parse_uuid(text, "by")


def test_a_derived_id_is_a_version_7_uuid_of_its_instant():
    at = dt.datetime(2017, 1, 1, tzinfo=dt.UTC)
    made = derived_id(at, "transaction", "31198570044")

    assert made == derived_id(at, "transaction", "31198570044")
    assert made != derived_id(at, "transaction", "31198570045")
    assert derived_id(at, "a", "bc") != derived_id(at, "ab", "c")
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_new_ids_are_in_order_of_time():
    made = [new_id() for _ in range(1_000)]

    assert made == sorted(made)
