"""What comes back of a purchase, and what of its points goes with it (settled.md, "Points"; inv-R1 to inv-R3).

All figures follow from how much of each line is left, never from what an earlier return reckoned: whatever the sequence of
returns, they add up to the whole, to the minor unit and the point.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from itertools import accumulate

import msgspec

from datasources.ledger import Lot, Part, in_order
from datasources.program import EarnRule
from datasources.refusals import UserErrorCode
from datasources.transactions import ReturnedItem, TransactionItemRow, TransactionState
from datasources.values import half_even
from datasources.writing import Refusal


class Undoing(Enum):
    """How a purchase is undone."""

    RETURN_PART = "RETURN_PART"
    RETURN_REST = "RETURN_REST"
    CANCEL = "CANCEL"


MOVES: Mapping[tuple[TransactionState, Undoing], TransactionState] = {
    (TransactionState.COMPLETED, Undoing.RETURN_PART): TransactionState.PARTIALLY_RETURNED,
    (TransactionState.COMPLETED, Undoing.RETURN_REST): TransactionState.RETURNED,
    (TransactionState.COMPLETED, Undoing.CANCEL): TransactionState.CANCELLED,
    (TransactionState.PARTIALLY_RETURNED, Undoing.RETURN_PART): TransactionState.PARTIALLY_RETURNED,
    (TransactionState.PARTIALLY_RETURNED, Undoing.RETURN_REST): TransactionState.RETURNED,
    (TransactionState.PARTIALLY_RETURNED, Undoing.CANCEL): TransactionState.CANCELLED,
}
"""What becomes of a purchase (T9); what has come back whole stays so."""


def check_open(state: TransactionState, *, cancelled: bool) -> None:
    """Pass for a purchase of which something can come back. Raises Refusal."""
    wanted = TransactionState.CANCELLED if cancelled else TransactionState.RETURNED
    if state is wanted:
        raise Refusal(UserErrorCode.ALREADY_DONE, "Nothing of the purchase is left to come back.", "transactionId")
    if all(known is not state for known, _ in MOVES):
        message = f"The purchase is {state.value.lower()}: nothing of it is left."
        raise Refusal(UserErrorCode.INVALID_TRANSITION, message, "transactionId")


def left_after(
    lines: Sequence[TransactionItemRow], wanted: Sequence[ReturnedItem] | None
) -> tuple[TransactionItemRow, ...]:
    """The lines once what is wanted came back, all of them where that is None; the first of several with one SKU go first.

    Raises Refusal.
    """
    if wanted is None:
        return tuple(msgspec.structs.replace(line, returned_quantity=line.quantity) for line in lines)
    if not wanted:
        raise Refusal(UserErrorCode.INVALID, "Name what comes back, or leave this out for all of it.", "items")
    after = list(lines)
    for index, item in enumerate(wanted):
        after = _without(after, item, str(index))
    return tuple(after)


def _without(lines: list[TransactionItemRow], item: ReturnedItem, index: str) -> list[TransactionItemRow]:
    """The lines once so many of a product came back. Raises Refusal."""
    own = [line for line in lines if line.sku == item.sku]
    if not own:
        raise Refusal(UserErrorCode.NOT_FOUND, "The purchase has no such item.", "items", index, "sku")
    left = sum(line.quantity - line.returned_quantity for line in own)
    if not 1 <= item.quantity <= left:
        message = f"A number from 1 to {left} is expected: so many are left." if left else "None of them is left."
        raise Refusal(UserErrorCode.INVALID, message, "items", index, "quantity")
    after, wanted = [], item.quantity
    for line in lines:
        part = min(wanted, line.quantity - line.returned_quantity) if line.sku == item.sku else 0
        wanted -= part
        after.append(msgspec.structs.replace(line, returned_quantity=line.returned_quantity + part))
    return after


def undoing(lines: Iterable[TransactionItemRow], *, cancelled: bool) -> Undoing:
    """How a purchase is undone of which these lines are what is left."""
    if cancelled:
        return Undoing.CANCEL
    is_rest = all(line.returned_quantity == line.quantity for line in lines)
    return Undoing.RETURN_REST if is_rest else Undoing.RETURN_PART


def shares(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """The amount by weight, exact in sum, each share rounded half-even where it ends; alike where nothing weighs."""
    weighed = weights if any(weights) else [1] * len(weights)
    whole = sum(weighed)
    ends = [half_even(amount * end, whole) for end in accumulate(weighed)]
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


class Kept(msgspec.Struct, frozen=True):
    """How much of a purchase stays: `left` of `whole`, its basket value in minor units where it is worth anything."""

    left: int
    whole: int

    def value(self, basket: int) -> int:
        """The basket value that stays."""
        return basket * self.left // self.whole

    def earned(self, points: int, rule: EarnRule | None) -> int:
        """How many of the points earned stay: what the rule gives for what is left.

        In proportion, rounded down, where the rule was another one when they were earned.
        """
        if self.left in (0, self.whole):
            return points if self.left else 0
        if rule is not None and rule.points_for(self.whole) == points:
            return rule.points_for(self.left)
        return points * self.left // self.whole

    def spent(self, points: int) -> int:
        """How many of the points spent stay so, in proportion, rounded half-even."""
        return half_even(points * self.left, self.whole)


NOTHING = Kept(0, 1)


def kept(basket: int, lines: Sequence[TransactionItemRow]) -> Kept:
    """How much of a basket stays with these lines: its discounts go to the lines by what each came to.

    A basket that is worth nothing is weighed by its quantities; one without items can only stay whole.
    """
    if not lines:
        return Kept(1, 1)
    if basket == 0:
        left = sum(line.quantity - line.returned_quantity for line in lines)
        return Kept(left, sum(line.quantity for line in lines))
    values = shares(basket, [line.total_minor for line in lines])
    left = sum(
        half_even(value * (line.quantity - line.returned_quantity), line.quantity)
        for value, line in zip(values, lines, strict=True)
    )
    return Kept(left, basket)


def restored(out: Iterable[Lot], points: int) -> tuple[Part, ...]:
    """Which lots get back what was spent of them, in the order of inv-L5: the last that was spent comes back first.

    `remaining` of a lot is what is out.
    """
    parts: list[Part] = []
    for lot in reversed(in_order(out)):
        part = min(points, lot.remaining)
        points -= part
        if part:
            parts.insert(0, Part(lot.entry_id, part))
    return tuple(parts)
