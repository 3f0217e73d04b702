"""What a tag is called."""

import datetime as dt
from uuid import UUID

import pytest

from datasources.ids import CustomerId
from datasources.tags import CustomerTagRow, TagOrigin


@pytest.mark.parametrize(("value", "name"), [("", "vip"), ("yes", "vip=yes")])
def test_a_tag_with_a_value_is_called_by_both(value: str, name: str) -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    row = CustomerTagRow(CustomerId(UUID(int=1)), "vip", value, 1, TagOrigin.MANUAL, at, at)
    assert row.name == name
