"""The customer, put together from the domains."""

import datetime as dt

import strawberry

from datasources import profiles as rows
from permissions.masking import PiiKind
from resolvers import customer_actions, profiles
from schema.actions import AvailableAction
from schema.audit import AuditFields
from schema.campaigns import CampaignFields
from schema.cards import CardFields
from schema.devices import DeviceFields
from schema.events import EventFields
from schema.fields import leaf, lookup
from schema.locations import LocationFields
from schema.messages import MessageFields
from schema.metrics import MetricFields
from schema.notes import NoteFields
from schema.offers import OfferFields
from schema.points import PointFields
from schema.privacy import PrivacyFields
from schema.profiles import PROFILES, CustomerStatus, ExternalId, Membership, Profile
from schema.promo_codes import PromoCodeFields
from schema.redactions import RedactionFields
from schema.rewards import RewardFields
from schema.scalars import Long, Url
from schema.segments import SegmentFields
from schema.statuses import StatusFields
from schema.tags import TagFields
from schema.tickets import TicketFields
from schema.tiers import TierFields
from schema.transactions import TransactionFields
from schema.views import Node, view


@view(
    rows.CustomerRow,
    requires="customers:read",
    domain=PROFILES,
    key=("customer_id",),
    find=profiles.customer,
    entity_by=("id", "uuid"),
)
class Customer(
    Node,
    PointFields,
    OfferFields,
    RewardFields,
    CampaignFields,
    PromoCodeFields,
    CardFields,
    TierFields,
    TagFields,
    SegmentFields,
    MetricFields,
    LocationFields,
    StatusFields,
    NoteFields,
    MessageFields,
    TicketFields,
    DeviceFields,
    PrivacyFields,
    AuditFields,
    TransactionFields,
    EventFields,
    RedactionFields,
):
    """A member of the program, with everything that any source knows of them."""

    uuid: strawberry.ID
    """The id that other systems know the customer by."""
    support_id: str
    """Short human-readable id for support calls."""
    external_ids: list[ExternalId] = leaf(pii=PiiKind.IDENTIFIER)
    """Ids in other systems."""
    version: Long
    """Raised by every change of the profile; pass it back as `expectedVersion`."""
    display_name = lookup(str, profiles.display_name)
    """Name, else loyalty number, e-mail, phone, external id: the first that the caller may read; else the support id."""
    status = lookup(CustomerStatus, profiles.status)
    """The status that staff gave the customer."""
    membership: Membership
    """Where the membership stands."""
    processing: rows.ProcessingState | None
    """Whether the customer restricted processing."""
    is_test_persona: bool
    """True for personas that staff test with."""
    created_at: dt.datetime
    """When the record was made."""
    updated_at: dt.datetime
    """When the profile last changed."""
    enrolled_at: dt.datetime | None
    """When the customer joined the program."""
    last_active_at: dt.datetime | None
    """When the customer last did anything."""
    tenure_days = lookup(int | None, profiles.tenure_days)
    """Whole days since enrolment."""
    admin_url = lookup(Url | None, profiles.admin_url)
    """The customer in the program's own admin tool."""
    profile = lookup(Profile | None, lambda row, _context: row, requires="profile:read")
    """What is known of the person."""
    available_actions = lookup(list[AvailableAction], customer_actions.actions)
    """What you can do with the customer now, and why not where not."""
