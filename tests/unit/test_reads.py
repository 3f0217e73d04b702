"""What a field reads of its row is told by its source, and where that does not tell, it is everything."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from gateway.plan.reads import reads_of
from resolvers.context import PerRequest
from resolvers.customer_lists import CustomerList
from schema.fields import GraphField
from schema.views import VIEWS, ViewOf


class Held(msgspec.Struct, frozen=True):
    """What is held by somebody."""

    id: int
    amount: int
    currency: str
    parts: tuple[int, ...]

    @property
    def money(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def label(self) -> str:
        return f"{self.money} ({self.id})"

    @property
    def whole(self) -> "Held":
        return self

    @property
    def twice(self) -> int:
        return self.whole.amount * 2

    def spent(self) -> int:
        return self.amount


def _sum(row: Held) -> int:
    return row.amount + sum(part for part in row.parts)


def follows(row: Held, _context: Any) -> int:
    return _sum(row)


def follows_in_another_place(row: Held, _context: Any) -> str:
    return _named("sum", row)


def _named(name: str, row: Held) -> str:
    return f"{name}: {row.currency}"


async def waits(row: Held, _context: Any) -> list[int]:
    return [row.id for _ in row.parts]


def aliases(row: Held, _context: Any) -> int:
    other = row
    return other.amount


def names(_sum: Held, _context: Any) -> int:
    return _sum.amount


def hides(row: Held, _sum: Callable[[Held], int]) -> int:
    return _sum(row)


def spreads(row: Held, context: Any) -> str:
    return _named(*context, row)


def keeps(row: Held, context: Any) -> None:
    context.append(row)


def calls(row: Held, _context: Any) -> int:
    return row.spent()


def circles(row: Held, context: Any) -> int:
    return row.id and circles(row, context)


def gives(row: Held, _context: Any) -> Held:
    return row


def gives_at_times(row: Held, context: Any) -> Held | None:
    return row if context else None


@PerRequest
def prepared(_context: Any) -> Callable[[Held], str]:
    def tell(row: Held) -> str:
        return row.money

    return tell


def _of(below: frozenset[str] | None = frozenset(), **how: Any) -> frozenset[str] | None:
    definition = GraphField()
    definition.python_name = how.pop("name", "field")
    for name, value in how.items():
        setattr(definition, name, value)
    return reads_of("Held", definition, below)


@pytest.fixture(autouse=True)
def _view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWS, "Held", ViewOf("Held", Held, (), (), None))


@pytest.mark.parametrize(
    ("name", "read"),
    [("amount", {"amount"}), ("money", {"amount", "currency"}), ("label", {"amount", "currency", "id"})],
)
def test_an_attribute_reads_itself_or_what_it_is_made_of(name: str, read: set[str]) -> None:
    assert _of(name=name) == read


@pytest.mark.parametrize(
    ("serve", "read"),
    [
        (follows, {"amount", "parts"}),
        (follows_in_another_place, {"currency"}),
        (waits, {"id", "parts"}),
        (names, {"amount"}),
        (prepared, {"amount", "currency"}),
        (lambda row, _context: row.id, {"id"}),
        (lambda _row, context: context, set()),
    ],
)
def test_a_resolver_reads_what_it_names(serve: Any, read: set[str]) -> None:
    assert _of(serve=serve) == read


@pytest.mark.parametrize(
    "serve", [aliases, hides, spreads, keeps, calls, circles, gives_at_times, len, partial(follows)]
)
def test_whatever_else_is_done_with_a_row_may_read_all(serve: Any) -> None:
    assert _of(serve=serve) is None


def test_a_row_that_a_property_gives_away_may_be_read_all() -> None:
    assert _of(name="twice") is None


def test_of_a_row_that_a_field_returns_is_read_what_is_selected() -> None:
    assert [_of(frozenset({"id"}), serve=gives), _of(frozenset({"id"}), name="whole")] == [{"id"}, {"id"}]
    assert _of(None, serve=gives) is None


def test_what_is_declared_needs_no_source() -> None:
    assert _of(serve=len, reads=("id",)) == {"id"}


def test_a_list_of_a_customer_reads_who_they_are() -> None:
    assert _of(serve=CustomerList(lambda _context, page: (len, page))) == {"customer_id"}


def test_parts_that_are_masked_may_be_any() -> None:
    assert _of(name="amount", masks_parts=True) is None
