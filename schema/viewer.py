"""The caller, as they see themselves."""

from datasources.registry import Domain
from permissions import model as rows
from resolvers import viewer
from schema.customer import Customer
from schema.enums import enum
from schema.fields import lookup
from schema.locations import Location
from schema.scalars import CurrencyCode, Long
from schema.views import view

enum(
    rows.ViewerKind,
    ANONYMOUS="Nobody who is known: no token was sent.",
    STAFF="A person who serves members.",
    MEMBER="A customer, in an app or on a site.",
    SERVICE="Another system.",
)
enum(
    rows.ReachKind,
    ALL="Every customer.",
    CUSTOMER="One customer.",
    LOCATIONS="The customers of some locations: those whose favorite it is, or who bought there.",
    NONE="No customer.",
)


@view(rows.Reach)
class Reach:
    """Which customers exist for the caller."""

    kind: rows.ReachKind
    """What bounds it."""
    customer = lookup(Customer | None, viewer.customer)
    """The one customer, where it is one."""
    locations = lookup(list[Location] | None, viewer.locations, served_by=Domain.LOCATIONS)
    """The locations, where those bound it."""


@view(rows.AdjustmentLimit)
class AdjustmentLimit:
    """Beyond `perOperation` or `perDay` an adjustment becomes an approval request."""

    operation: rows.AdjustmentOperation
    """What is limited."""
    per_operation: Long | None
    """How much at once: points, or money in the currency's minor unit; null without a limit."""
    per_day: Long | None
    """How much in one day (UTC), over all customers; null without a limit."""
    currency = lookup(CurrencyCode | None, viewer.currency)
    """The currency of a limit on money."""


@view(rows.Principal)
class Viewer:
    """Who is asking."""

    kind: rows.ViewerKind
    """What kind of caller."""
    id: str | None
    """The caller's id where the token comes from."""
    name: str | None
    """The caller's name."""
    roles: list[str]
    """The roles that the token gives and that are known here."""
    scopes = lookup(list[str], viewer.scopes)
    """What the caller may do."""
    reach: Reach
    """Which customers the caller can reach: all, one customer, or those of some locations."""
    limits: list[AdjustmentLimit]
    """How far the caller may adjust without a second person; an operation that is missing has no limit."""


class ViewerQueries:
    """The caller."""

    viewer = lookup(Viewer, viewer.viewer)
    """Who is asking, and what they may do."""
