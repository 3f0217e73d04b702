"""Values of answers become those of rows exactly, or are not understood."""

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from datasources.http.client import DECODER
from datasources.http.ids import id_of
from datasources.http.paths import Path, Unclear
from datasources.http.rows import Faults, Rows
from datasources.http.settings import FieldSettings
from datasources.ids import CustomerId
from datasources.metrics import ExternalMetric
from datasources.offers import AvailableOfferRow

ANN = CustomerId(UUID(int=7))


class Colour(Enum):
    RED = "RED"
    BLUE = "BLUE"


class Row(msgspec.Struct, frozen=True):
    customer_id: CustomerId
    id: UUID
    text: str
    count: int
    share: float
    is_new: bool
    at: dt.datetime
    on: dt.date | None
    colour: Colour | None
    metrics: tuple[ExternalMetric, ...]
    anything: dict[str, Any] | None
    amount_minor: int
    currency: str


ITEM: dict[str, Any] = {
    "id": 42,
    "text": "a",
    "count": 3,
    "share": 0.5,
    "is_new": True,
    "at": "2026-01-31T12:00:00+01:00",
    "on": "2026-01-31",
    "colour": "RED",
    "metrics": [],
    "anything": {"of": [1.5, {"any": 2}]},
    "amount_minor": 1_250,
    "currency": "usd",
}


def rows(**fields: Any) -> Rows:
    """Rows whose fields have their own names, but for those given."""
    own = {name: FieldSettings(path=name) for name in ITEM}
    changed = {name: FieldSettings.model_validate(field) for name, field in fields.items()}
    return Rows(Row, own | changed)


def made(fields: dict[str, Any] | None = None, **item: Any) -> Row:
    """The row of an item as it comes out of JSON."""
    found: Row = rows(**(fields or {})).made(DECODER.decode(msgspec.json.encode(ITEM | item)), ANN)
    return found


def test_a_row_has_what_its_item_tells() -> None:
    assert made() == Row(
        customer_id=ANN,
        id=id_of("42"),
        text="a",
        count=3,
        share=0.5,
        is_new=True,
        at=dt.datetime(2026, 1, 31, 11, tzinfo=dt.UTC),
        on=dt.date(2026, 1, 31),
        colour=Colour.RED,
        metrics=(),
        anything={"of": [1.5, {"any": 2}]},
        amount_minor=1_250,
        currency="USD",
    )


@pytest.mark.parametrize(
    ("name", "told", "value"),
    [
        ("id", "x-1", id_of("x-1")),
        ("text", 42, "42"),
        ("text", 0.5, "0.5"),
        ("count", "12", 12),
        ("count", 12.0, 12),
        ("share", "0.25", 0.25),
        ("share", 2, 2.0),
        ("colour", None, None),
        ("on", None, None),
        (
            "metrics",
            [{"provider": "p", "name": "n", "value": 1.5, "computed_at": "2026-01-31T12:00:00+02:00"}],
            (ExternalMetric("p", "n", 1.5, dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)),),
        ),
    ],
)
def test_a_value_is_converted(name: str, told: Any, value: Any) -> None:
    assert getattr(made(**{name: told}), name) == value


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("id", None),
        ("id", ""),
        ("id", True),
        ("id", {"nested": 1}),
        ("text", None),
        ("text", True),
        ("text", ["a"]),
        ("count", 1.5),
        ("count", "1e3"),
        ("count", "twelve"),
        ("count", True),
        ("count", 10**30),
        ("share", "much"),
        ("is_new", 1),
        ("is_new", "true"),
        ("at", "2026-01-31T12:00:00"),
        ("at", "yesterday"),
        ("at", 1_765_000_000),
        ("on", "31.01.2026"),
        ("colour", "GREEN"),
        ("metrics", [{"provider": "p"}]),
        ("metrics", [{"provider": "p", "name": "n", "value": 1, "computed_at": "2026-01-31T12:00:00"}]),
        ("currency", "dollars"),
        ("currency", None),
    ],
)
def test_what_is_not_of_the_type_is_not_understood_and_not_told(name: str, told: Any) -> None:
    with pytest.raises(Unclear) as raised:
        made(**{name: told})
    assert str(raised.value) == name


def test_a_number_of_millions_of_digits_is_not_written_out() -> None:
    for name in ("text", "count", "share"):
        with pytest.raises(Unclear):
            rows().made(ITEM | {name: Decimal("1E+99999999")}, ANN)


@pytest.mark.parametrize(
    ("told", "currency", "minor"),
    [
        ("12.50", "USD", 1_250),
        (12.5, "USD", 1_250),
        (0.1, "USD", 10),
        (0.29, "USD", 29),
        (1.1, "USD", 110),
        (-3.05, "usd", -305),
        (9_007_199_254_740_993, "USD", 900_719_925_474_099_300),
        ("90071992547409.93", "USD", 9_007_199_254_740_993),
        (1_250, "JPY", 1_250),
        (1.234, "KWD", 1_234),
        (0, "USD", 0),
    ],
)
def test_money_of_major_units_is_exact(told: Any, currency: str, minor: int) -> None:
    row = made({"amount_minor": {"path": "amount_minor", "unit": "major"}}, amount_minor=told, currency=currency)
    assert row.amount_minor == minor


@given(some.integers(-(10**17), 10**17))
def test_no_amount_is_rounded_on_its_way(minor: int) -> None:
    text = f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"
    body = msgspec.json.encode(ITEM).replace(b"1250", text.encode())
    found = rows(amount_minor={"path": "amount_minor", "unit": "major"}).made(DECODER.decode(body), ANN)
    assert found.amount_minor == minor


@pytest.mark.parametrize(("told", "currency"), [(1.005, "USD"), (0.5, "JPY"), ("1,50", "USD"), (10**18, "USD")])
def test_an_amount_that_the_currency_does_not_have_is_not_understood(told: Any, currency: str) -> None:
    with pytest.raises(Unclear) as raised:
        made({"amount_minor": {"path": "amount_minor", "unit": "major"}}, amount_minor=told, currency=currency)
    assert str(raised.value) == "amount_minor"


@pytest.mark.parametrize(
    ("field", "told", "at"),
    [
        ({"path": "at", "unit": "s"}, 1_765_000_000, "2025-12-06T05:46:40+00:00"),
        ({"path": "at", "unit": "ms"}, 1_765_000_000_250, "2025-12-06T05:46:40.250000+00:00"),
        ({"path": "at", "zone": "Europe/Berlin"}, "2026-07-01T10:00:00", "2026-07-01T08:00:00+00:00"),
        ({"path": "at", "zone": "Europe/Berlin"}, "2026-01-01 10:00:00", "2026-01-01T09:00:00+00:00"),
        ({"path": "at", "zone": "Europe/Berlin"}, "2026-07-01T10:00:00Z", "2026-07-01T10:00:00+00:00"),
    ],
)
def test_an_instant_is_told_in_many_ways(field: dict[str, str], told: Any, at: str) -> None:
    assert made({"at": field}, at=told).at.isoformat() == at


def test_words_are_translated_and_others_not_understood() -> None:
    words = {"path": "colour", "values": {"rot": "RED", "true": "BLUE"}}
    assert (made({"colour": words}, colour="rot").colour, made({"colour": words}, colour=True).colour) == tuple(Colour)
    with pytest.raises(Unclear):
        made({"colour": words}, colour="RED")
    assert made({"colour": {**words, "otherwise": "BLUE"}}, colour="gelb").colour is Colour.BLUE


def test_a_pattern_takes_a_part_and_a_value_stands_in_for_nothing() -> None:
    last = {"path": "text", "pattern": "(....)$"}
    assert made({"text": last}, text="6006 0000 1234").text == "1234"
    with pytest.raises(Unclear):
        made({"text": last}, text="12")
    assert made({"text": {"path": "none", "value": "-"}}).text == "-"
    assert made({"share": {"value": 0.5}}).share == 0.5


def test_rows_within_rows_are_mapped_by_names_with_a_dot() -> None:
    offer = {
        "offer.id": "id",
        "offer.key": "id",
        "offer.name": "name",
        "offer.type": {"value": "CUSTOM"},
        "offer.title": "name",
        "offer.is_active": {"value": True},
        "offer.is_issuable": {"value": True},
        "offer.created_at": {"path": "made", "unit": "s"},
        "held": {"value": 0},
    }
    fields = {
        name: FieldSettings.model_validate(field if isinstance(field, dict) else {"path": field})
        for name, field in offer.items()
    }
    row = Rows(AvailableOfferRow, fields).made({"id": "o-1", "name": "Tea", "made": 0}, ANN)
    assert (row.id, row.offer.title, row.created_at.year) == (id_of("o-1"), "Tea", 1970)


def test_a_plain_value_is_mapped_as_one() -> None:
    assert Rows(int, {"value": FieldSettings(path="balance")}).made({"balance": "12"}, ANN) == 12


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"text": {"path": "a["}}, {"text": "must be a JMESPath expression"}),
        ({"text": {"path": "text", "unit": "s"}}, {"text": "units s and ms are of instants, major of amounts"}),
        ({"count": {"path": "x", "unit": "major"}}, {"count": "unit major is of amounts in rows that have a currency"}),
        ({"text": {"path": "text", "zone": "Europe/Berlin"}}, {"text": "a zone is of instants"}),
        ({"at": {"path": "at", "zone": "Nowhere"}}, {"at": "must be a time zone of the IANA database"}),
        ({"colour": {"value": "GREEN"}}, {"colour": "value is not of the attribute's type"}),
        ({"colour": {"path": "c", "values": {"x": "GREEN"}}}, {"colour": "'GREEN' is not of the attribute's type"}),
        ({"customer_id": {"path": "c"}}, {"customer_id": "is known: the row's owner has it"}),
        ({"nothing": {"path": "c"}}, {"nothing": "unknown attribute"}),
    ],
)
def test_a_field_that_can_not_be_is_refused(fields: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(Faults) as raised:
        rows(**fields)
    assert raised.value.faults == faults


def test_a_field_that_is_missing_is_told() -> None:
    with pytest.raises(Faults) as raised:
        Rows(Row, {"id": FieldSettings(path="id")})
    missing = ("text", "count", "share", "is_new", "at", "metrics", "amount_minor", "currency")
    assert raised.value.faults == dict.fromkeys(missing, "is missing")


def test_a_path_is_told_apart_from_one_that_can_not_be_followed() -> None:
    assert Path("a.b", "here").of({"a": None}) is None
    with pytest.raises(Unclear):
        Path("join('', a)", "here").of({"a": 1})
