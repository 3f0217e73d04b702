"""A type is a view of a row: what does not fit is told when the module is imported."""

from enum import Enum

import msgspec
import pytest

from datasources.paging import Page
from schema.enums import enum
from schema.fields import lookup
from schema.views import view


class Row(msgspec.Struct, frozen=True):
    name: str

    @property
    def upper(self) -> str:
        return self.name.upper()


class Wrong:
    """A view."""

    name: str
    """The name."""
    nickname: str
    """What the row lacks."""


def test_an_attribute_that_the_row_lacks_fails():
    with pytest.raises(TypeError, match=r"^Wrong.nickname: Row has no such attribute$"):
        view(Row)(Wrong)


class Undescribed:
    """A view."""

    name: str


def test_an_attribute_without_a_description_fails():
    with pytest.raises(TypeError, match=r"^Undescribed.name has no description$"):
        view(Row)(Undescribed)


class Whole:
    """A view of a row."""

    name: str
    """The name."""
    upper: str
    """The name, loud."""
    length = lookup(int, lambda row, _context: len(row.name))
    """How long the name is."""


def test_properties_and_lookups_fit_and_are_described():
    made = view(Row)(Whole)

    described = {field.python_name: field.description for field in made.__strawberry_definition__.fields}
    assert described == {"name": "The name.", "upper": "The name, loud.", "length": "How long the name is."}


class Color(Enum):
    """A color."""

    RED = "RED"
    BLUE = "BLUE"


def test_an_enum_describes_just_its_members():
    with pytest.raises(TypeError, match=r"Color: describe \['BLUE', 'GREEN'\]"):
        enum(Color, RED="Like blood.", GREEN="Like grass.")


def test_an_empty_page_has_no_position():
    assert Page((), ("id",)).rows == ()
