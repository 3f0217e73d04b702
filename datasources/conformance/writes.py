"""A write of each domain, for the laws about writes. What is not here is held by the gateway's own tests of mutations."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from datasources.cards import CardAdjustment, CardStatus
from datasources.conformance.subjects import Subject
from datasources.ids import EntityId
from datasources.messages import DirectMessageToSend
from datasources.notes import NoteAddition
from datasources.offers import OfferIssue
from datasources.paging import Page, PageRequest
from datasources.points import AdjustDirection, PointAdjustment
from datasources.program import (
    AdjustmentReason,
    PointAccountDefinition,
    PointAccountType,
    PointSource,
    ProgramSettings,
)
from datasources.registry import Domain, Source
from datasources.segments import SegmentKind, SegmentMember
from datasources.tags import Tagging
from datasources.values import ActorKind, ActorRef, Money
from datasources.writing import Reason, Write, Written

ACTOR = ActorRef(ActorKind.STAFF, "conformance")
REASON = "goodwill"
PROGRAM = ProgramSettings(
    name="Conformance",
    currency="USD",
    point_accounts=(
        PointAccountDefinition("points", "Points", PointAccountType.REDEEMABLE, True, ("manual",), allow_negative=True),
    ),
    point_sources=(PointSource("manual", "By hand"),),
    reasons=(AdjustmentReason(REASON, "Goodwill", goodwill=True),),
)
"""The program that sources made of the kit's rows are written in."""


class Attempt(msgspec.Struct, frozen=True):
    """One write, as often as it is sent, and the list that is longer by one once it is done."""

    operation: str
    send: Callable[[Write], Awaitable[Written[Any]]]
    told: Callable[[], Awaitable[Sequence[Any]]]


Example = Callable[[Source, Subject], Awaitable[Attempt]]


def write_of(attempt: Attempt, subject: Subject, key: str, *, fingerprint: str = "of this") -> Write:
    """The write under an idempotency key."""
    assert subject.program is not None, "writes need a program"
    return Write(
        operation=attempt.operation,
        actor=ACTOR,
        fingerprint=fingerprint,
        program=subject.program,
        now=subject.now,
        correlation_id="conformance",
        key=f"{attempt.operation} {key}".replace(" ", "-"),
        reason=Reason(code=REASON),
    )


async def _note(source: Source, subject: Subject) -> Attempt:
    writer, (customer, *_) = source.writer(Domain.NOTES), subject.customers
    asked = NoteAddition(customer, "Called about a parcel.")
    return Attempt(
        "noteAdd",
        lambda write: writer.add(write, asked),
        _list(source.reader(Domain.NOTES).of_customers, customer, subject),
    )


async def _tag(source: Source, subject: Subject) -> Attempt:
    writer, (customer, *_) = source.writer(Domain.TAGS), subject.customers
    asked = Tagging(customer, "conformance")
    return Attempt(
        "tagAdd", lambda write: writer.add(write, asked), _list(source.reader(Domain.TAGS).history, customer, subject)
    )


async def _member(source: Source, subject: Subject) -> Attempt:
    writer, customer = source.writer(Domain.SEGMENTS), subject.customers[-1]  # the kit's first one is in all segments
    found = await source.reader(Domain.SEGMENTS).segments(_all(subject))
    mine = {row.segment_id for row in await _list(source.reader(Domain.SEGMENTS).memberships, customer, subject)()}
    segment = next(row for row in found.rows if row.kind is SegmentKind.MANUAL and row.id not in mine)
    asked = SegmentMember(customer, EntityId(segment.id))
    return Attempt(
        "segmentMemberAdd",
        lambda write: writer.add(write, asked),
        _list(source.reader(Domain.SEGMENTS).memberships, customer, subject),
    )


async def _message(source: Source, subject: Subject) -> Attempt:
    writer, (customer, *_) = source.writer(Domain.MESSAGES), subject.customers
    asked = DirectMessageToSend(customer, "Your parcel is on its way.")
    return Attempt(
        "directMessageSend",
        lambda write: writer.send(write, asked),
        _list(source.reader(Domain.MESSAGES).conversation, customer, subject),
    )


async def _points(source: Source, subject: Subject) -> Attempt:
    writer, (customer, *_) = source.writer(Domain.POINTS), subject.customers
    asked = PointAdjustment(customer, "points", "manual", AdjustDirection.ADD, 25)
    return Attempt(
        "pointsAdjust",
        lambda write: writer.adjust(write, asked, adjusts_blocked=False),
        _list(source.reader(Domain.POINTS).audit, customer, subject),
    )


async def _card(source: Source, subject: Subject) -> Attempt:
    writer, reader = source.writer(Domain.CARDS), source.reader(Domain.CARDS)
    pages = await reader.cards(subject.customers, _all(subject))
    card = next(
        row for page in pages for row in page.rows if row.status is CardStatus.REGISTERED and row.removed_at is None
    )
    asked = CardAdjustment((card.customer_id, card.id), AdjustDirection.ADD, Money(500, card.currency))
    return Attempt(
        "cardBalanceAdjust",
        lambda write: writer.adjust(write, asked),
        _list(source.reader(Domain.CARDS).history, card.id, subject),
    )


async def _offer(source: Source, subject: Subject) -> Attempt:
    writer, (customer, *_) = source.writer(Domain.OFFERS), subject.customers
    catalogue = await source.reader(Domain.OFFERS).catalogue(_all(subject))
    offer = next(
        row
        for row in catalogue.rows
        if row.is_active and row.is_issuable and row.inventory_remaining is None and row.per_customer_limit is None
    )
    asked = OfferIssue(customer, offer.id)
    return Attempt(
        "offerIssue",
        lambda write: writer.issue(write, asked),
        _list(source.reader(Domain.OFFERS).held, customer, subject),
    )


EXAMPLES: Mapping[Domain, Example] = {
    Domain.NOTES: _note,
    Domain.TAGS: _tag,
    Domain.SEGMENTS: _member,
    Domain.MESSAGES: _message,
    Domain.POINTS: _points,
    Domain.CARDS: _card,
    Domain.OFFERS: _offer,
}


def _list(method: Callable[..., Any], owner: Any, subject: Subject) -> Callable[[], Awaitable[Sequence[Any]]]:
    """The whole list of an owner, when it is asked for."""

    async def told() -> Sequence[Any]:
        (page,) = await method([owner], _all(subject))
        found: Page[Any] = page
        return found.rows

    return told


def _all(subject: Subject) -> PageRequest:
    return PageRequest(subject.now, first=10_000)
