"""How a customer's offer comes into the wallet and moves from state to state (requirements section 2; inv-O1 to inv-O5).

The rules change nothing: they give the row as it is afterwards, or raise a Refusal.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from datasources.audit import AuditChange
from datasources.ids import CustomerId, EntityId
from datasources.offers import (
    MOVES,
    OPEN_IN,
    AvailableOfferRow,
    CustomerOfferRow,
    CustomerOfferState,
    OfferDates,
    OfferRow,
    offer_blockers,
)
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef, KeyValue
from datasources.writing import Refusal, check_length

LONGEST_KEY, LONGEST_VALUE = 100, 2_000
MOST_FIELDS = 50
"""Bounds of the flex fields of one offer."""


class Issue(msgspec.Struct, frozen=True):
    """An offer on its way into a wallet: `redeemable_days` is how long it can be redeemed, by the catalogue."""

    customer_id: CustomerId
    id: EntityId
    offer: OfferRow
    redeemable_days: int | None
    by: ActorRef
    at: dt.datetime

    @property
    def redeemable_until(self) -> dt.datetime | None:
        """Days from now where the catalogue counts days, else when the offer itself ends."""
        days = self.redeemable_days
        return self.offer.ends_at if days is None else self.at + dt.timedelta(days=days)

    @property
    def row(self) -> CustomerOfferRow:
        """The offer in the wallet, which is where the customer finds it at once (O7)."""
        of_offer = {f"offer_{name}": getattr(self.offer, name) for name in OfferRow.__struct_fields__}
        return CustomerOfferRow(
            customer_id=self.customer_id,
            id=self.id,
            state=CustomerOfferState.ISSUED,
            issued_at=self.at,
            issued_by_kind=self.by.kind.value,
            issued_by_id=self.by.id,
            distributed_at=self.at,
            activated_at=None,
            redeemable_from=self.at,
            redeemable_until=self.redeemable_until,
            redeemed_at=None,
            is_visible=True,
            excluded_at=None,
            flex_fields=(),
            transaction_id=None,
            variant=None,
            **of_offer,
        )


def check_issuable(available: AvailableOfferRow, now: dt.datetime, *path: str) -> None:
    """Pass for an offer that nothing but the customer's standing could keep back. Raises Refusal."""
    blockers = [blocker.value for blocker in offer_blockers(available, now)]
    if blockers:
        told = f"The offer can't be issued to the customer ({', '.join(blockers)}): pick another of `availableOffers`."
        raise Refusal(UserErrorCode.OFFER_NOT_ISSUABLE, told, *path)


def hindrance(row: CustomerOfferRow, action: str, now: dt.datetime) -> str | None:
    """Why the offer's state, or the day, stands in the way of a mutation; None where neither does."""
    if row.state not in OPEN_IN[action]:
        return f"Not possible with an offer that is {row.state.value}."
    if action == "offerRedeem" and row.redeemable_from is not None and row.redeemable_from > now:
        return "The offer can't be redeemed yet."
    return None


def check_open(row: CustomerOfferRow, action: str, now: dt.datetime) -> None:
    """Pass for a mutation that the offer's state and the day allow. Raises Refusal."""
    reason = hindrance(row, action, now)
    if reason is None:
        return
    told = f"{reason} Its `availableActions` tell what is possible now."
    is_there = row.state not in OPEN_IN[action] and row.state in [MOVES[state, action] for state in OPEN_IN[action]]
    raise Refusal(UserErrorCode.ALREADY_DONE if is_there else UserErrorCode.INVALID_TRANSITION, told)


def activated(row: CustomerOfferRow, at: dt.datetime) -> CustomerOfferRow:
    """The offer switched on."""
    return msgspec.structs.replace(row, state=CustomerOfferState.ACTIVATED, activated_at=at)


def redeemed(row: CustomerOfferRow, at: dt.datetime, transaction_id: str | None = None) -> CustomerOfferRow:
    """The offer used, with a purchase of that external id or by hand."""
    return msgspec.structs.replace(
        row, state=CustomerOfferState.REDEEMED, redeemed_at=at, transaction_id=transaction_id
    )


def reinstated(row: CustomerOfferRow, extend_to: dt.datetime | None, now: dt.datetime) -> CustomerOfferRow:
    """The offer in the wallet again, as it was when issued. Raises Refusal."""
    has_passed = row.redeemable_until is not None and row.redeemable_until < now
    if extend_to is None and has_passed:
        raise Refusal(
            UserErrorCode.REDEMPTION_WINDOW_PASSED,
            "The time to redeem it has passed: say by `extendTo` until when it can be redeemed now.",
            "extendTo",
        )
    if extend_to is not None:
        _check_window(row.redeemable_from, extend_to, now, "extendTo")
        row = msgspec.structs.replace(row, redeemable_until=extend_to)
    return _issued_again(row)


def revoked(row: CustomerOfferRow, now: dt.datetime, *, exclude: bool) -> CustomerOfferRow:
    """The offer taken back; `exclude` bars the customer from it for good (O4)."""
    excluded_at = row.excluded_at or (now if exclude else None)
    return msgspec.structs.replace(row, state=CustomerOfferState.REVOKED, excluded_at=excluded_at)


def removed(row: CustomerOfferRow) -> CustomerOfferRow:
    """The offer out of the customer's inbox; nobody else gets it instead (O18)."""
    return msgspec.structs.replace(row, state=CustomerOfferState.REMOVED)


def with_dates(row: CustomerOfferRow, asked: OfferDates, now: dt.datetime) -> CustomerOfferRow:
    """The offer with another window; one that had expired is issued again (O5). Raises Refusal."""
    since = row.redeemable_from if asked.redeemable_from is msgspec.UNSET else asked.redeemable_from
    _check_window(since, asked.redeemable_until, now, "redeemableUntil")
    changed = msgspec.structs.replace(row, redeemable_from=since, redeemable_until=asked.redeemable_until)
    return _issued_again(changed) if row.state is CustomerOfferState.EXPIRED else changed


def with_fields(row: CustomerOfferRow, fields: Sequence[KeyValue]) -> CustomerOfferRow:
    """The offer with these fields set, those without a value deleted, and all others as they were (O6). Raises Refusal."""
    _check_fields(fields)
    held = {field.key: field.value for field in row.flex_fields}
    for field in fields:
        if field.value is None:
            held.pop(field.key, None)
        else:
            held[field.key] = field.value
    if len(held) > MOST_FIELDS:
        raise Refusal(UserErrorCode.INVALID, f"An offer holds at most {MOST_FIELDS} fields: delete some.", "fields")
    return msgspec.structs.replace(row, flex_fields=tuple(KeyValue(key, value) for key, value in held.items()))


def changes_of(before: CustomerOfferRow, after: CustomerOfferRow) -> tuple[AuditChange, ...]:
    """What became another, for the audit log."""
    told = [AuditChange(path, _told(old), _told(new)) for path, old, new in _compared(before, after) if old != new]
    return tuple(told)


def _told(value: Any) -> Any:  # of any attribute
    return value.value if isinstance(value, CustomerOfferState) else value


def _compared(before: CustomerOfferRow, after: CustomerOfferRow) -> list[tuple[str, Any, Any]]:
    name = f"customerOffers.{after.id}"
    found = [(f"{name}.{path}", getattr(before, field), getattr(after, field)) for field, path in ATTRIBUTES.items()]
    old, new = ({field.key: field.value for field in row.flex_fields} for row in (before, after))
    return found + [(f"{name}.flexFields.{key}", old.get(key), new.get(key)) for key in old | new]


ATTRIBUTES = {
    "state": "state",
    "activated_at": "activatedAt",
    "redeemable_from": "redeemableFrom",
    "redeemable_until": "redeemableUntil",
    "redeemed_at": "redeemedAt",
    "transaction_id": "transactionId",
    "is_excluded": "isExcluded",
}
"""What can become another, as clients call it."""


def _issued_again(row: CustomerOfferRow) -> CustomerOfferRow:
    """Neither activated nor redeemed any more; its history keeps both (inv-O3)."""
    return msgspec.structs.replace(
        row, state=CustomerOfferState.ISSUED, activated_at=None, redeemed_at=None, transaction_id=None
    )


def _check_window(since: dt.datetime | None, until: dt.datetime, now: dt.datetime, path: str) -> None:
    """Pass for a window that has not ended and does not end before it begins (inv-O4). Raises Refusal."""
    if until <= now:
        raise Refusal(UserErrorCode.INVALID, "This lies in the past: give a moment to come.", path)
    if since is not None and since > until:
        raise Refusal(UserErrorCode.INVALID, "The window would end before it begins: give a later end.", path)


def _check_fields(fields: Sequence[KeyValue]) -> None:
    """Pass for fields that can be told apart and are of bounded length. Raises Refusal."""
    if not fields:
        raise Refusal(UserErrorCode.REQUIRED, "Name at least one field.", "fields")
    known: set[str] = set()
    for index, field in enumerate(fields):
        check_length(field.key, LONGEST_KEY, "fields", str(index), "key")
        check_length(field.value, LONGEST_VALUE, "fields", str(index), "value")
        if field.key in known:
            raise Refusal(
                UserErrorCode.INVALID, "This key was given before: name it once.", "fields", str(index), "key"
            )
        known.add(field.key)
