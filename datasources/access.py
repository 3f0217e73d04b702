"""Letting a customer in again, and letting staff in as a test persona. Rules: requirements C5, D14, D15, inv-P2."""

import datetime as dt
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from datasources.ids import CustomerId
from datasources.notifying import CHANNELS, Template
from datasources.profile_writing import CustomerShown
from datasources.profiles import Channel, MembershipState
from datasources.refusals import UserErrorCode
from datasources.values import ActorRef
from datasources.writing import Refusal, Write, Writer, Written

NO_ADDRESS: Mapping[Channel, str] = {
    Channel.EMAIL: "The customer has no e-mail address.",
    Channel.SMS: "The customer has no telephone number.",
}
NOT_SENT: Mapping[Channel, str] = {
    Channel.EMAIL: "The gateway sends no e-mail: ask whoever runs it to set a mail server.",
    Channel.SMS: "The gateway sends no text messages: ask whoever runs it to set who takes them.",
}


class Means(msgspec.Struct, frozen=True):
    """What the gateway was set up to do: by which channels it sends, and whether it has a key to sign sessions with."""

    channels: frozenset[Channel]
    signs: bool


class SessionShown(msgspec.Struct, frozen=True):
    """A session that may be opened."""


class Session(msgspec.Struct, frozen=True):
    """A token of a test persona, and until when it is good."""

    token: str
    expires_at: dt.datetime


class Sessions(Protocol):
    """Opens sessions of test personas."""

    def session(self, customer: CustomerId, id: UUID, actor: ActorRef) -> Session:
        """A session as a member, and who is behind it."""
        ...


def address_refusal(template: Template, address: str | None) -> Refusal | None:
    """Why such a message can't be sent to the customer."""
    return None if address else Refusal(UserErrorCode.INVALID, NO_ADDRESS[CHANNELS[template]])


def session_refusal(membership: MembershipState | None, *, is_persona: bool) -> Refusal | None:
    """Why nobody may sign in as the customer: only test personas may be, and nobody who is blocked signs in."""
    if not is_persona:
        return Refusal(UserErrorCode.INVALID, "The customer is no test persona.")
    if membership is MembershipState.BLOCKED:
        return Refusal(UserErrorCode.CUSTOMER_BLOCKED, "The customer is blocked.")
    return None


def check_sent(template: Template, means: Means) -> None:
    """Pass where such messages are sent at all. Raises Refusal."""
    channel = CHANNELS[template]
    if channel not in means.channels:
        raise Refusal(UserErrorCode.SOURCE_UNAVAILABLE, NOT_SENT[channel])


def check_signs(means: Means) -> None:
    """Pass where the gateway can sign a session. Raises Refusal."""
    if not means.signs:
        message = "The gateway has no signing key of its own: ask whoever runs it to set one."
        raise Refusal(UserErrorCode.SOURCE_UNAVAILABLE, message)


class AccessWriter(Writer, Protocol):
    """Changes how customers come in. Raises Refusal, SourceUnavailable, SourceTimedOut, OutcomeUnknown."""

    async def reset_sms(self, write: Write, customer: CustomerId) -> Written[CustomerShown | None]:
        """Take the telephone number as not verified, and have a link to verify it sent there."""
        ...

    async def send_reset(self, write: Write, customer: CustomerId) -> Written[CustomerShown | None]:
        """Have a link to choose a new password sent by e-mail."""
        ...

    async def open_session(self, write: Write, customer: CustomerId) -> Written[SessionShown]:
        """Record that somebody signs in as a test persona; names `session`."""
        ...
