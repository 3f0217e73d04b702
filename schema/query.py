"""The root of reading."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec
import strawberry

from datasources import profiles as rows
from datasources.errors import InvalidRequest, NotConfigured
from datasources.ids import CustomerId
from resolvers import nodes, profiles, search
from resolvers.context import Context
from schema.audit import AuditQueries
from schema.connections import page_type
from schema.customer import Customer
from schema.enums import enum
from schema.events import EventQueries
from schema.federation import FederationQueries
from schema.fields import MOST_KEYS, argument, connection, lookup
from schema.ids import parse_id, parse_uuid
from schema.locations import LocationQueries
from schema.offers import OfferQueries
from schema.privacy import PrivacyQueries
from schema.profiles import CustomerFilter, CustomerOrder, ExternalIdInput
from schema.program import ProgramQueries
from schema.segments import SegmentQueries
from schema.statuses import StatusQueries
from schema.tags import TagQueries
from schema.viewer import ViewerQueries
from schema.views import VIEWS, Node, values, view


async def node(_root: object, context: Context, id: str) -> Any:  # a row of any type
    """What has this id. Raises InvalidRequest, AccessDenied."""
    name, key = parse_id(id, "id")
    wanted = VIEWS.get(name)
    if wanted is None or wanted.find is None or len(key) != len(wanted.key):
        raise InvalidRequest("This is not an id of this graph.", "id")
    owned = len(key) == 2
    try:
        return await nodes.found(context, key, owned=owned, requires=wanted.requires, find=wanted.find)
    except NotConfigured:
        # As every field of a domain without a source: nothing is there, and nothing failed (T6).
        return None


async def several(_root: object, context: Context, ids: Sequence[str]) -> list[Any]:
    """What has each of the ids, in their order; what went wrong with one leaves the others in their places."""
    if len(ids) > MOST_KEYS:
        raise InvalidRequest(f"At most {MOST_KEYS} ids at once.", "ids")
    return list(await asyncio.gather(*(node(None, context, one) for one in ids), return_exceptions=True))


@values(rows.CustomerKey, one_of=True)
class CustomerKey:
    """An identifier that is no personal data; exactly one is given."""

    id: strawberry.ID | None
    """Global id."""
    uuid: strawberry.ID | None
    """The customer's UUID."""
    support_id: str | None
    """The id told on the telephone."""
    external_id: ExternalIdInput | None
    """The id in another system."""


def customer(_root: object, context: Context, by: rows.CustomerKey) -> Awaitable[rows.CustomerRow | None] | None:
    """The customer that a key names, None where the caller can't reach them. Raises InvalidRequest."""
    if by.id is not None:
        return profiles.loading(context, parse_id(by.id, "by", "Customer")[1][0])
    if by.uuid is not None:
        return profiles.loading(context, parse_uuid(by.uuid, "by"))
    if by.support_id is not None:
        return profiles.by_support_id(context, by.support_id)
    assert by.external_id is not None  # noqa: S101  # graphql-core has seen to it that one is given
    return profiles.by_external_id(context, by.external_id.system, by.external_id.value)


def known(context: Context, by: rows.CustomerKey) -> CustomerId | None:
    """The customer whom a key names itself. Raises InvalidRequest."""
    if by.id is not None:
        return profiles.known(context, parse_id(by.id, "by", "Customer")[1][0])
    return None if by.uuid is None else profiles.known(context, parse_uuid(by.uuid, "by"))


def listed(given: dict[str, Any]) -> rows.CustomerFilter | None:
    """The filter with its global ids read. Raises InvalidRequest."""
    asked: rows.CustomerFilter | None = given.get("filter")
    if asked is None:
        return None
    segment, location = asked.segment_id, asked.location_id
    return msgspec.structs.replace(
        asked,
        segment_id=None if segment is None else parse_id(str(segment), "filter", "Segment")[1][0],
        location_id=None if location is None else parse_id(str(location), "filter", "Location")[1][0],
    )


enum(
    search.LookupOutcome,
    FOUND="One customer has this value.",
    NOT_FOUND="No customer that you can reach has this value.",
    AMBIGUOUS="More than one customer has this value; none is shown. Ask for a second identifier.",
)


@view(search.Found)
class CustomerLookupResult:
    """What an exact search tells."""

    outcome: search.LookupOutcome
    """What was found."""
    customer: Customer | None
    """The customer, when there is exactly one."""
    matched_by: rows.LookupKind | None
    """By which kind of identifier."""
    matched_on_replaced_card: bool
    """True when the loyalty number found is of a replaced card."""


CustomerConnection = page_type(
    "Customer",
    Customer,
    "customers",
    sole_match=(Customer | None, "The one match, when there is exactly one."),
)


class CustomerQueries:
    """Ways into a customer."""

    node = lookup(Node | None, node, argument("id", strawberry.ID, "A global id."), authenticated=True)
    """Anything by its global id; null where there is no such thing, or none that you can reach."""
    nodes = lookup(
        list[Node | None],
        several,
        argument("ids", list[strawberry.ID], f"Global ids, at most {MOST_KEYS}."),
        authenticated=True,
        sized_by="ids",
    )
    """Several by their global ids, in their order."""
    me = lookup(Customer | None, profiles.me, authenticated=True, known=profiles.own)
    """The customer that the caller's own token is bound to."""
    customer = lookup(
        Customer | None,
        customer,
        argument("by", CustomerKey, "One identifier."),
        requires="customers:read",
        known=known,
    )
    """By an identifier that is no personal data. Always available."""
    customer_lookup = lookup(
        CustomerLookupResult | None,
        search.lookup,
        argument("value", str, "Telephone, loyalty number, e-mail or external id."),
        argument("by", rows.LookupKind | None, "Which of these it is; left out, its shape tells."),
        requires="customers:search",
    )
    """Exact search by one value. SEARCH_MODE_DISABLED in ADVANCED mode."""
    customers = connection(
        CustomerConnection,
        search.search,
        argument("filter", CustomerFilter | None, "Whom to find."),
        argument("order_by", CustomerOrder | None, "Left out: alphabetical, or newest first where names are masked."),
        filter=listed,
        order="order_by",
        default_order=search.default_order,
        both_ways=True,
        default=25,
        requires="customers:search",
    )
    """Advanced search and member list, in the program's page sizes. SEARCH_MODE_DISABLED in EXACT mode."""


@view()
class Query(
    CustomerQueries,
    ProgramQueries,
    SegmentQueries,
    TagQueries,
    OfferQueries,
    LocationQueries,
    StatusQueries,
    PrivacyQueries,
    AuditQueries,
    ViewerQueries,
    EventQueries,
    FederationQueries,
):
    """What can be read."""
