"""Letting a customer in again, and letting staff in as a test persona, as clients see it."""

import datetime as dt

from datasources.registry import Domain
from resolvers import access
from schema.audit import Audited
from schema.commands import CustomerActionInput, Payload
from schema.fields import command
from schema.profile_commands import CUSTOMER, CustomerPayload
from schema.views import view

PROFILES = Domain.PROFILES


@view(access.PersonaSessionPayload)
class PersonaSessionPayload(Audited, Payload):
    """What came of signing in as a test persona."""

    token: str | None
    """A bearer token of the member, told this once: null where an earlier answer is repeated, and after a dry run."""
    expires_at: dt.datetime | None
    """Until when the token is good."""


class AccessMutations:
    """Changes of how customers come in."""

    customer_sms_verification_reset = command(
        CustomerPayload,
        access.reset_sms,
        CustomerActionInput,
        ids=CUSTOMER,
        requires="access:reset",
        written_by=PROFILES,
    )
    """Take the telephone number as not verified, and send a link to verify it there by text message."""
    customer_password_reset_email_send = command(
        CustomerPayload,
        access.send_reset,
        CustomerActionInput,
        ids=CUSTOMER,
        requires="access:reset",
        written_by=PROFILES,
    )
    """Send the customer an e-mail with a link to choose a new password. The link is told to nobody else."""
    persona_session_create = command(
        PersonaSessionPayload,
        access.open_session,
        CustomerActionInput,
        ids=CUSTOMER,
        requires="personas:impersonate",
        written_by=PROFILES,
    )
    """A short-lived member token, for test personas only."""
