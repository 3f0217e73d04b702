"""Letting a customer in again, and letting staff in as a test persona."""

import datetime as dt

import msgspec

from datasources.access import Session, SessionShown
from resolvers.command import Command, CustomerActionInput, Payload, actor_of, carried_out
from resolvers.profile_commands import CustomerPayload


class PersonaSessionPayload(Payload[SessionShown], frozen=True):
    """What came of signing in as a test persona; the session is told once and kept nowhere."""

    session: Session | None = None

    @property
    def token(self) -> str | None:
        """The bearer token."""
        return None if self.session is None else self.session.token

    @property
    def expires_at(self) -> dt.datetime | None:
        """Until when it is good."""
        return None if self.session is None else self.session.expires_at


async def reset_sms(command: Command[CustomerActionInput]) -> CustomerPayload:
    """Have the telephone number verified anew (D14)."""
    writer = command.context.sources.writers.access
    return CustomerPayload(*await carried_out(command, writer.reset_sms, command.asked.customer_id))


async def send_reset(command: Command[CustomerActionInput]) -> CustomerPayload:
    """Have a link to choose a new password sent (D15)."""
    writer = command.context.sources.writers.access
    return CustomerPayload(*await carried_out(command, writer.send_reset, command.asked.customer_id))


async def open_session(command: Command[CustomerActionInput]) -> PersonaSessionPayload:
    """Sign in as a test persona (C5). The token is made after the commit, and never again for the same key."""
    context, customer = command.context, command.asked.customer_id
    payload = PersonaSessionPayload(*await carried_out(command, context.sources.writers.access.open_session, customer))
    opened, sessions = payload.stored("session"), context.sources.sessions
    if opened is None or payload.replayed or sessions is None:
        return payload
    session = sessions.session(customer, opened, actor_of(context.principal))
    return msgspec.structs.replace(payload, session=session)
