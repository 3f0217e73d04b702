"""Support tickets as clients see them."""

import datetime as dt

from datasources import tickets as rows
from datasources.registry import Domain
from permissions.masking import PiiKind
from resolvers import tickets
from schema.connections import page_type
from schema.fields import connection, leaf
from schema.scalars import Url
from schema.views import Node, view

TICKETS = Domain.TICKETS
READ = "tickets:read"


@view(rows.TicketRow, requires=READ, find=tickets.ticket)
class Ticket(Node):
    """A ticket of the customer at a support desk, which keeps it."""

    external_id: str
    """Its id at the desk."""
    system: str
    """Key of the desk's system."""
    status: str
    """Its status in the desk's own words."""
    type: str | None
    """Its type in the desk's own words."""
    subject: str | None = leaf(pii=PiiKind.FREE_TEXT)
    """What it is about."""
    submitted_at: dt.datetime
    """When it was submitted."""
    updated_at: dt.datetime | None
    """When it last changed."""
    url: Url
    """The ticket at the desk."""


TicketConnection = page_type("Ticket", Ticket, "tickets")


class TicketFields:
    """What a customer shows of tickets."""

    tickets = connection(TicketConnection, tickets.tickets, requires=READ, domain=TICKETS)
    """Support tickets, the last submitted first."""
