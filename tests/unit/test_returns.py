"""What comes back of a purchase: whatever the sequence of returns, they add up to the whole."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.ids import CustomerId, EntityId
from datasources.ledger import Lot, Part
from datasources.program import EarnRule
from datasources.returns import (
    MOVES,
    NOTHING,
    Kept,
    Undoing,
    check_open,
    kept,
    left_after,
    restored,
    shares,
    undoing,
)
from datasources.transactions import ReturnedItem, TransactionItemRow, TransactionState
from datasources.values import half_even
from datasources.writing import Refusal

RULE = EarnRule("points", points=1, per_minor=100)
NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
Lines = tuple[TransactionItemRow, ...]


def line(number: int, quantity: int, total: int, sku: str | None = None, returned: int = 0) -> TransactionItemRow:
    purchase = CustomerId(UUID(int=1)), EntityId(UUID(int=2))
    price = half_even(total, quantity)
    return TransactionItemRow(*purchase, number, sku or f"s{number}", "Item", quantity, price, total, returned, "USD")


def refusal(lines: Lines, *wanted: ReturnedItem) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        left_after(lines, wanted)
    return refused.value.code.value, ".".join(refused.value.path)


def returned(lines: Sequence[TransactionItemRow]) -> list[int]:
    return [one.returned_quantity for one in lines]


TWICE = (line(1, 2, 500, "tea"), line(2, 1, 1_000, "pot"), line(3, 3, 600, "tea"))


def test_all_that_is_left_comes_back_where_nothing_is_named() -> None:
    assert returned(left_after(TWICE, None)) == [2, 1, 3]


def test_of_several_lines_with_one_sku_the_first_come_back_first() -> None:
    assert returned(left_after(TWICE, [ReturnedItem("tea", 3)])) == [2, 0, 1]
    assert returned(left_after(TWICE, [ReturnedItem("tea", 1), ReturnedItem("tea", 2)])) == [2, 0, 1]


def test_no_more_comes_back_than_is_left() -> None:
    left = left_after(TWICE, [ReturnedItem("tea", 4), ReturnedItem("pot", 1)])
    assert refusal(left, ReturnedItem("tea", 2)) == ("INVALID", "items.0.quantity")
    assert refusal(left, ReturnedItem("tea", 1), ReturnedItem("tea", 1)) == ("INVALID", "items.1.quantity")
    assert refusal(left, ReturnedItem("pot", 1)) == ("INVALID", "items.0.quantity")
    assert refusal(TWICE, ReturnedItem("tea", 0)) == ("INVALID", "items.0.quantity")
    assert refusal(TWICE, ReturnedItem("cup", 1)) == ("NOT_FOUND", "items.0.sku")
    assert refusal(TWICE) == ("INVALID", "items")


@pytest.mark.parametrize("state", TransactionState)
@pytest.mark.parametrize("how", Undoing)
def test_a_purchase_is_undone_from_the_states_that_the_table_has(state: TransactionState, how: Undoing) -> None:
    is_open = state in (TransactionState.COMPLETED, TransactionState.PARTIALLY_RETURNED)
    assert ((state, how) in MOVES) is is_open
    if is_open:
        check_open(state, cancelled=how is Undoing.CANCEL)
        return
    is_same = state is (TransactionState.CANCELLED if how is Undoing.CANCEL else TransactionState.RETURNED)
    with pytest.raises(Refusal) as refused:
        check_open(state, cancelled=how is Undoing.CANCEL)
    wanted = "ALREADY_DONE" if is_same else "INVALID_TRANSITION"
    assert (refused.value.code.value, refused.value.path) == (wanted, ("transactionId",))


def test_a_purchase_is_returned_once_nothing_of_it_is_left() -> None:
    assert undoing(TWICE, cancelled=False) is Undoing.RETURN_PART
    assert undoing(left_after(TWICE, None), cancelled=False) is Undoing.RETURN_REST
    assert undoing(left_after(TWICE, None), cancelled=True) is Undoing.CANCEL


def test_shares_are_rounded_half_even_where_they_end() -> None:
    assert shares(100, [1, 1, 1]) == (33, 34, 33)
    assert shares(5, [1, 1]) == (2, 3)
    assert shares(7, [1, 1]) == (4, 3)
    assert shares(10, [0, 0]) == (5, 5)
    assert shares(10, []) == ()


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(0, 2**62), min_size=1, max_size=20))
def test_shares_add_up_to_the_amount_and_none_is_negative(amount: int, weights: list[int]) -> None:
    found = shares(amount, weights)
    assert (sum(found), min(found) >= 0) == (amount, True)


def test_a_part_is_kept_at_what_it_came_to_less_its_share_of_the_discounts() -> None:
    lines = (line(1, 3, 3_150), line(2, 1, 4_999))
    # 500 off in all: 193 of the first line, 307 of the second.
    assert kept(7_649, lines) == Kept(7_649, 7_649)
    after = left_after(lines, [ReturnedItem("s1", 2)])
    assert kept(7_649, after) == Kept(half_even(2_957, 3) + 4_692, 7_649) == Kept(5_678, 7_649)
    assert (kept(7_649, lines).earned(76, RULE), kept(7_649, after).earned(76, RULE)) == (76, 56)
    assert kept(7_649, after).spent(40) == 30


def test_a_basket_worth_nothing_is_weighed_by_its_quantities() -> None:
    lines = left_after((line(1, 3, 0), line(2, 1, 0)), [ReturnedItem("s1", 1)])
    assert (kept(0, lines), kept(0, lines).value(0)) == (Kept(3, 4), 0)


def test_a_purchase_without_items_stays_whole_until_all_of_it_comes_back() -> None:
    assert (kept(500, ()), kept(500, ()).value(500), NOTHING.value(500)) == (Kept(1, 1), 500, 0)
    assert (kept(500, ()).earned(5, RULE), NOTHING.earned(5, RULE)) == (5, 0)


def test_points_of_another_rule_stay_in_proportion() -> None:
    half = Kept(500, 1_000)
    assert (half.earned(10, RULE), half.earned(31, RULE), half.earned(31, None)) == (5, 15, 15)
    assert (Kept(1_000, 1_000).earned(31, RULE), Kept(0, 1_000).earned(31, RULE)) == (31, 0)


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[Lines]]:
    """The basket value of a purchase, and its lines after each of a sequence of returns, the last of all that is left."""
    sized = st.tuples(st.integers(1, 9), st.integers(0, 10**6))
    lines = tuple(line(number, *size) for number, size in enumerate(draw(st.lists(sized, min_size=1, max_size=6)), 1))
    basket = sum(one.total_minor for one in lines) - draw(st.integers(0, sum(one.total_minor for one in lines)))
    states = [lines]
    for share in draw(st.lists(st.floats(0, 1), max_size=5)):
        states.append(
            tuple(
                msgspec.structs.replace(
                    one, returned_quantity=one.returned_quantity + int(share * (one.quantity - one.returned_quantity))
                )
                for one in states[-1]
            )
        )
    return basket, [*states, left_after(lines, None)]


@given(histories(), st.integers(0, 10**9), st.sampled_from([RULE, None, EarnRule("points", 3, 250)]))
def test_any_sequence_of_returns_takes_back_exactly_what_there_was(
    history: tuple[int, list[Lines]], spent: int, rule: EarnRule | None
) -> None:
    basket, states = history
    left = [kept(basket, lines) for lines in states]
    earned = RULE.points_for(basket)
    for figures in (
        [one.value(basket) for one in left],
        [one.earned(earned, rule) for one in left],
        [one.spent(spent) for one in left],
    ):
        parts = [before - after for before, after in pairwise(figures)]
        assert (sum(parts), min(parts) >= 0) == (figures[0], True)
    assert [left[0].value(basket), left[0].earned(earned, rule), left[0].spent(spent)] == [basket, earned, spent]


def test_what_was_spent_last_comes_back_first() -> None:
    lots = [Lot(UUID(int=n), at, NOW, 10) for n, at in ((1, NOW), (2, NOW + dt.timedelta(days=1)), (3, None))]
    assert restored(lots, 15) == (Part(UUID(int=2), 5), Part(UUID(int=3), 10))
    assert restored(lots, 30) == tuple(Part(UUID(int=n), 10) for n in (1, 2, 3))
    assert restored(lots, 0) == ()
