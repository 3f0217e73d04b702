"""Made-up customer care: notes with their revisions, the conversation with staff, tickets and campaign messages."""

import datetime as dt

import msgspec

from datasources.ids import EntityId
from datasources.importing.demo_program import NOTE_REASONS
from datasources.sql.tables.messages import direct_messages, messages
from datasources.sql.tables.notes import note_revisions, notes
from datasources.sql.tables.tickets import tickets

from .household import Household
from .people import agent
from .stream import Stream

NOTES = (
    ("call", "Called about the opening hours of the store, answered."),
    ("complaint", "Complained about a missing discount, checked the receipt."),
    ("points", "Asked when points expire, explained the 24 months."),
    ("delivery", "Reward had not arrived yet, gave the tracking link."),
    ("other", "Prefers to be written to, not called."),
    (None, "Asked for a paper catalogue."),
)
QUESTIONS = (
    ("Where do I see my points?", "You find them under Account, on the first page."),
    ("My coupon did not work at the till.", "Thank you, we have looked into it: it was valid a day later."),
    ("Can I use two cards at once?", "Yes, tell the cashier which one to use first."),
)
TITLES = (
    ("Happy new year", "Your greeting and a code inside"),
    ("Your year in groceries", "What you bought most and what you saved"),
    ("Autumn coupons", "Coupons for the harvest weeks"),
)
LABELS = {reason.key: reason.label for reason in NOTE_REASONS}


class CareStory(msgspec.Struct, frozen=True):
    """What the audit log tells of: the notes, and the external ids of the tickets, each with its instant."""

    notes: list[tuple[EntityId, dt.datetime]]
    tickets: list[tuple[dt.datetime, str]]


def write(household: Household, stream: Stream) -> CareStory:
    """Writes all of it."""
    _write_messages(household, stream)
    _write_conversation(household)
    tickets_ = _write_tickets(household)
    return CareStory(_write_notes(household, stream), tickets_)


def _write_notes(household: Household, stream: Stream) -> list[tuple[EntityId, dt.datetime]]:
    chance = household.seeded("notes")
    written: list[tuple[EntityId, dt.datetime]] = []
    for number in range(chance.randint(1, 3)):
        at = household.timeline.before_end(days=chance.randint(20, 250), minutes=number)
        reason, text = chance.choice(NOTES)
        note_id = household.id(at, "note", number)
        _write_note(household, note_id, at, (reason, text), edited=number == 0 and household.number % 2 == 0)
        facts = {"note_id": str(note_id), "reason_key": reason, "reason_label": LABELS.get(reason or "")}
        stream.record("note_added", at, f"note:{number}", facts, reference=note_id)
        written.append((note_id, at))
    return written


def _write_note(
    household: Household, note_id: EntityId, at: dt.datetime, said: tuple[str | None, str], *, edited: bool
) -> None:
    reason, text = said
    revisions = [(text, at, agent(household.number))]
    if edited:
        again = f"{text} Called back, all settled."
        revisions.append((again, at + dt.timedelta(days=1), agent(household.number + 1)))
    for version, (said_then, when, who) in enumerate(revisions, 1):
        household.own(
            note_revisions,
            note_id=note_id,
            version=version,
            text=household.seal(said_then, "note_revisions.text"),
            at=when,
            editor_kind="STAFF",
            editor_id=who,
        )
    newest, edited_at, editor = revisions[-1]
    household.own(
        notes,
        id=note_id,
        text=household.seal(newest, "notes.text"),
        reason_key=reason,
        created_at=at,
        author_kind="STAFF",
        author_id=revisions[0][2],
        version=len(revisions),
        **({"edited_at": edited_at, "edited_by_kind": "STAFF", "edited_by_id": editor} if edited else {}),
    )


def _write_conversation(household: Household) -> None:
    chance = household.seeded("conversation")
    question, answer = chance.choice(QUESTIONS)
    at = household.timeline.before_end(days=chance.randint(3, 60), hours=6)
    member, staff = ("MEMBER", str(household.customer_id)), ("STAFF", agent(household.number))
    said = [("INBOUND", member, question, at), ("OUTBOUND", staff, answer, at + dt.timedelta(hours=2))]
    for number, (direction, author, body, sent_at) in enumerate(said):
        read_at = sent_at + dt.timedelta(minutes=25) if number == 0 or household.number % 2 else None
        household.own(
            direct_messages,
            id=household.id(sent_at, "direct message", number),
            direction=direction,
            author_kind=author[0],
            author_id=author[1],
            body=household.seal(body, "direct_messages.body"),
            sent_at=sent_at,
            read_at=read_at,
            support_request_id=f"SR-{household.number}",
            deliveries=[_delivery("IN_APP", sent_at, opened_at=read_at)],
        )


def _write_tickets(household: Household) -> list[tuple[dt.datetime, str]]:
    chance = household.seeded("tickets")
    written: list[tuple[dt.datetime, str]] = []
    for number in range(1 + (household.number % 4 == 0)):
        at = household.timeline.before_end(days=chance.randint(2, 200), minutes=number)
        external_id = f"{household.number}{number:02d}"
        household.own(
            tickets,
            id=household.id(at, "ticket", number),
            external_id=external_id,
            system="zendesk",
            status=chance.choice(("open", "pending", "solved", "closed")),
            type=chance.choice(("question", "problem", "task")),
            subject=household.seal(chance.choice(QUESTIONS)[0], "tickets.subject"),
            submitted_at=at,
            updated_at=at + dt.timedelta(hours=chance.randint(1, 40)),
            url=f"https://support.example.com/tickets/{external_id}",
        )
        written.append((at, external_id))
    return written


def _write_messages(household: Household, stream: Stream) -> None:
    end = household.timeline.end
    ago = household.timeline.before_end
    # Of the one that expired, every other customer had read it before.
    spans = (
        (ago(days=1), end + dt.timedelta(days=60), None),
        (ago(days=25), end + dt.timedelta(days=30), ago(days=22)),
        (ago(days=100), ago(days=40), None if household.number % 2 else ago(days=95)),
    )
    for number, ((title, preview), (at, ends_at, read_at)) in enumerate(zip(TITLES, spans, strict=True)):
        if not household.takes_part_at(at):
            continue
        message_id = household.id(at, "message", number)
        household.own(
            messages,
            id=message_id,
            title=title,
            preview=preview,
            distributed_at=at,
            created_at=at,
            ends_at=ends_at,
            read_at=read_at,
            deliveries=[
                _delivery("IN_APP", at, opened_at=read_at),
                _email(household, at, is_new=number == 0),
            ],
        )
        facts = {"message_title": title, "channel": "EMAIL"}
        stream.record(
            "communication", at, f"message:{number}", facts, reference=message_id, attributes={"subject": preview}
        )


def _email(household: Household, sent_at: dt.datetime, *, is_new: bool) -> dict[str, str | None]:
    """Every nineteenth household's came back; every third one opened the newest, which leaves the message new (P3)."""
    if household.number % 19 == 0:
        return _delivery("EMAIL", sent_at, failure_reason="mailbox full")
    opened = is_new and household.number % 3 == 0
    return _delivery("EMAIL", sent_at, opened_at=sent_at + dt.timedelta(hours=2) if opened else None)


def _delivery(
    channel: str, sent_at: dt.datetime, *, opened_at: dt.datetime | None = None, failure_reason: str | None = None
) -> dict[str, str | None]:
    delivered_at = None if failure_reason else sent_at + dt.timedelta(seconds=4)
    return {
        "channel": channel,
        "sent_at": sent_at.isoformat(),
        "delivered_at": delivered_at.isoformat() if delivered_at else None,
        "opened_at": opened_at.isoformat() if opened_at else None,
        "failure_reason": failure_reason,
    }
