"""The answers of a source that no type was held to are held to those of its domain's protocol."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest

from datasources.errors import SourceRefused, SourceUnreadable
from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.layers import Layered
from datasources.paging import Page, PageRequest
from datasources.registry import Domain
from datasources.resilience.typed import Typed, fits_of
from datasources.tickets import TicketRow
from datasources.unread import UNREAD

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WHO = CustomerId(UUID(int=1))
TICKET = TicketRow(WHO, UUID(int=2), "2", "desk", "open", None, None, NOW, None, "https://desk.example/2")
FAILED = SourceRefused("desk", "reading")


class Tickets:
    """A reader that answers what a test says."""

    domain, source, is_stepped = Domain.TICKETS, "desk", True

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = answers

    async def of_customers(self, _customers: Sequence[CustomerId], _page: PageRequest) -> Any:
        return self._answers

    async def own(self) -> Any:
        return self._answers


def page(*rows: Any) -> Page[Any]:
    return Page(rows, ("submitted_at", "id"))


async def test_what_is_not_as_the_protocol_says_fails_for_its_own_key() -> None:
    wrong = msgspec.structs.replace(TICKET, submitted_at="2026-01-01")
    answers = [page(TICKET), page(), page(TICKET, wrong), page("a ticket"), None, [TICKET], FAILED]
    reader = Layered(Tickets(answers), Typed("desk"))
    told = await reader.of_customers([WHO] * 7, PageRequest(NOW, first=5))
    assert (told[:2], told[6]) == (answers[:2], FAILED)
    assert [str(one) for one in told[2:6]] == [str(SourceUnreadable("desk", "reading"))] * 4


async def test_what_the_protocol_does_not_have_is_let_through() -> None:
    assert await Layered(Tickets([7]), Typed("desk")).own() == [7]


@pytest.mark.parametrize(
    ("type_", "fitting", "others"),
    [
        (int, [0, -1, 2**70], [True, 1.0, "1", None]),
        (float, [0, 1.5], [True, "1"]),
        (bool, [True], [1, None]),
        (str | None, ["", None], [1, b""]),
        (EntityId, [UUID(int=0)], ["00000000-0000-0000-0000-000000000000"]),
        (OwnedId, [(WHO, UUID(int=2)), [WHO, UUID(int=2)]], [(WHO,), (WHO, 2), WHO]),
        (tuple[str, ...], [(), ("a", "b")], [("a", 1), "ab", None]),
        (Sequence[int], [[], (1, 2)], [[1, "2"], "12"]),
        (dict[str, Any], [{}, {"a": 1}], [[], None]),
        (Any, [1, None, "a"], []),
        (dt.datetime, [NOW], [NOW.date(), "2026-01-01"]),
        (
            TicketRow,
            [TICKET, msgspec.structs.replace(TICKET, url=UNREAD)],
            [None, msgspec.structs.replace(TICKET, url=1)],
        ),
    ],
)
def test_a_value_is_of_its_type_and_so_is_all_in_it(type_: Any, fitting: list[Any], others: list[Any]) -> None:
    assert [fits_of(type_)(value) for value in fitting + others] == [True] * len(fitting) + [False] * len(others)
