"""How rows agree with themselves and with each other: states with times, copies with what they were copied from."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from datasources.audit import ApprovalRow, ApprovalState
from datasources.campaigns import CampaignStatus, CustomerCampaignRow
from datasources.cards import CardRow, CardStatus
from datasources.conformance.making.values import NOW, struct_of
from datasources.events import EventTrace
from datasources.locations import LocationRow
from datasources.messages import MessageRow, MessageStatus
from datasources.metrics import CustomerMetricsRow
from datasources.notes import NoteRevisionRow, NoteRow
from datasources.offers import AvailableOfferRow, CustomerOfferRow, CustomerOfferState, OfferRow
from datasources.points import BalanceExplanation, PointExpiryRow
from datasources.profile_values import search_keys
from datasources.profiles import NEVER, ConsentRow, CustomerRow, Match
from datasources.promo_codes import LockoutRow
from datasources.refusals import UserErrorCode
from datasources.segments import SegmentMembershipRow, SegmentRow
from datasources.tags import CustomerTagRow
from datasources.transactions import TransactionItemRow, TransactionRow

NOT_GIVEN = frozenset({Match, EventTrace, AvailableOfferRow, PointExpiryRow, BalanceExplanation})
"""Rows that follow from others."""
ONE_EACH = frozenset({CustomerRow, LockoutRow, CustomerMetricsRow})
"""Rows of which a customer has one."""

OVER = NOW - dt.timedelta(days=1)
LATER = NOW + dt.timedelta(days=30)

replace = msgspec.structs.replace


def _customer(row: CustomerRow, _number: int, _others: Sequence[Any]) -> CustomerRow:
    row = replace(row, active_key=row.last_active_at or NEVER, wrapped_key=None)
    return replace(row, **search_keys(row))


def _consent(row: ConsentRow, number: int, _others: Sequence[Any]) -> ConsentRow:
    return replace(row, purpose=f"purpose-{number:02}")


def _offer_held(row: CustomerOfferRow, number: int, others: Sequence[Any]) -> CustomerOfferRow:
    offers = _of_type(OfferRow, others)
    offer = offers[number % 4]
    of_offer = {f"offer_{name}": getattr(offer, name) for name in OfferRow.__struct_fields__}
    over = row.state is CustomerOfferState.EXPIRED
    until = OVER if over else row.redeemable_until
    return replace(row, **of_offer, redeemable_until=until, excluded_at=OVER if number % 4 == 3 else None)


def _card(row: CardRow, _number: int, _others: Sequence[Any]) -> CardRow:
    return replace(row, expires_at=OVER if row.status is CardStatus.EXPIRED else row.expires_at)


def _campaign(row: CustomerCampaignRow, _number: int, _others: Sequence[Any]) -> CustomerCampaignRow:
    ended = OVER if row.status is CampaignStatus.EXPIRED else row.ends_at
    completed = row.status is CampaignStatus.COMPLETED
    by = ("SYSTEM", "rule") if completed else (None, None)
    return replace(
        row,
        ends_at=ended,
        completed_at=row.starts_at if completed else None,
        completed_by_kind=by[0],
        completed_by_id=by[1],
    )


def _message(row: MessageRow, _number: int, _others: Sequence[Any]) -> MessageRow:
    ends = {MessageStatus.EXPIRED: OVER, MessageStatus.NEW: LATER}.get(row.status)
    return replace(row, ends_at=ends, read_at=row.distributed_at if row.status is MessageStatus.READ else None)


def _approval(row: ApprovalRow, _number: int, _others: Sequence[Any]) -> ApprovalRow:
    waits = row.state in (ApprovalState.PENDING, ApprovalState.EXPIRED)
    return replace(
        row,
        expires_at=OVER if row.state is ApprovalState.EXPIRED else LATER,
        decided_by_kind=None if waits else "STAFF",
        decided_by_id=None if waits else "approver",
        decided_at=None if waits else OVER,
        failure_key=UserErrorCode.LIMIT_EXCEEDED.value if row.state is ApprovalState.FAILED else None,
    )


def _location(row: LocationRow, _number: int, _others: Sequence[Any]) -> LocationRow:
    return replace(row, distance_meters=None)


def _tag(row: CustomerTagRow, number: int, _others: Sequence[Any]) -> CustomerTagRow:
    """Every second tag is another value of the one before."""
    return replace(row, key=f"tag-{number // 2}", value_key=f"value {number}" if number % 2 else "")


def _member(row: SegmentMembershipRow, number: int, others: Sequence[Any]) -> SegmentMembershipRow:
    segments = _of_type(SegmentRow, others)
    segment = segments[number % len(segments)]
    return replace(row, **{f"segment_{name}": getattr(segment, name) for name in SegmentRow.__struct_fields__})


def _note(row: NoteRow, number: int, _others: Sequence[Any]) -> NoteRow:
    return replace(row, version=1 + number % 3)


def _items(others: Sequence[Any]) -> Iterator[TransactionItemRow]:
    """Up to three lines of each purchase, in its currency."""
    for number, purchase in enumerate(_of_type(TransactionRow, others)):
        for line in range(number % 4):
            yield struct_of(
                TransactionItemRow,
                4 * number + line,
                customer_id=purchase.customer_id,
                transaction_id=purchase.id,
                line=line + 1,
                currency=purchase.currency,
            )


def _revisions(others: Sequence[Any]) -> Iterator[NoteRevisionRow]:
    """Every version of each note, the last one as the note reads now."""
    for number, note in enumerate(_of_type(NoteRow, others)):
        for version in range(1, note.version + 1):
            known = {"text": note.text} if version == note.version else {}
            yield struct_of(
                NoteRevisionRow,
                3 * number + version,
                customer_id=note.customer_id,
                note_id=note.id,
                version=version,
                at=note.created_at + dt.timedelta(hours=version),
                **known,
            )


FITTED: Mapping[type, Callable[[Any, int, Sequence[Any]], Any]] = {
    CustomerRow: _customer,
    ConsentRow: _consent,
    CustomerOfferRow: _offer_held,
    CardRow: _card,
    CustomerCampaignRow: _campaign,
    MessageRow: _message,
    ApprovalRow: _approval,
    LocationRow: _location,
    CustomerTagRow: _tag,
    SegmentMembershipRow: _member,
    NoteRow: _note,
}
"""Takes a row, its number, and the rows made before it."""
PARTS: Mapping[type, Callable[[Sequence[Any]], Iterator[Any]]] = {
    TransactionItemRow: _items,
    NoteRevisionRow: _revisions,
}
"""Rows of which there are some for each of the rows made before."""


def _of_type(row: type, others: Sequence[Any]) -> list[Any]:
    return [other for other in others if isinstance(other, row)]
