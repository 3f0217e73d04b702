"""What the scalars of the contract take."""

import datetime as dt

import pytest

from schema import scalars

UTC_NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T07:00:00-05:00", "2026-01-31T12:00:00.000000+00:00"],
)
def test_an_instant_is_read_as_utc(text: str):
    assert scalars.instant(text) == UTC_NOON
    assert scalars.instant(text).tzinfo is dt.UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00",
        "2026-01-31",
        "2026-02-30T12:00:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T12:00:00+99:99",
        "0001-01-01T00:00:00+23:59",
        "2026-01-31 12:00:00Z",
        "",
        1_769_860_800,
        None,
    ],
)
def test_what_is_no_instant_is_refused(value: object):
    with pytest.raises(ValueError, match="time"):
        scalars.instant(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1.5, "1", True])
def test_what_is_no_long_is_refused(value: object):
    with pytest.raises(ValueError, match="a whole number"):
        scalars.long(value)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0])
def test_a_long_has_64_bits(value: int):
    assert scalars.long(value) == value


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 10_001])
def test_a_text_that_no_database_holds_is_refused(value: str):
    with pytest.raises(ValueError, match="text"):
        scalars.text(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1,5", "", "0x1", True, None])
def test_what_is_no_decimal_is_refused(value: object):
    with pytest.raises(ValueError, match="a decimal number is expected"):
        scalars.decimal(value)


def test_a_telephone_number_is_read_as_e164():
    assert scalars.phone("(212) 555-0123") == "+12125550123"
    with pytest.raises(ValueError, match="E.164"):
        scalars.phone("12")


def test_an_email_address_is_folded():
    assert scalars.email(" Jane@Example.COM ") == "jane@example.com"
    with pytest.raises(ValueError, match="an e-mail address is expected"):
        scalars.email("jane@localhost")
