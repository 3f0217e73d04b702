"""What can be done to a customer as clients ask for it."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from datasources import attributes, profile_writing
from datasources import profiles as rows
from datasources.membership import MembershipAction
from datasources.registry import Domain
from resolvers import profile_commands
from schema.audit import Audited
from schema.commands import CustomerActionInput, Explained, Keyed, Payload, ReasonInput, Repeatable
from schema.enums import enum
from schema.fields import command, lookup
from schema.profiles import ExternalIdInput
from schema.scalars import EmailAddress, Json, Locale, Long, PhoneNumber
from schema.views import values, view

if TYPE_CHECKING:
    from schema.customer import Customer

PROFILES = Domain.PROFILES

enum(
    profile_writing.SyncDirection,
    PULL="Take over what the other system tells.",
    PUSH="Tell the other system.",
    LINK_ONLY="Only remember that the account is the customer's.",
)


@values(rows.Address)
class AddressInput:
    """A postal address."""

    label: str | None
    """What the customer calls it, such as home."""
    line1: str | None
    """Street and number."""
    line2: str | None
    """Further address line."""
    city: str | None
    """City."""
    region: str | None
    """State, province or region."""
    postal_code: str | None
    """Postal code."""
    country_code: str | None
    """ISO 3166-1 alpha-2."""


@values(attributes.AttributeChange)
class AttributeInput:
    """What a custom attribute is to hold."""

    key: str
    """Key of the attribute in the program."""
    value: Json | None
    """A value of the attribute's type; null clears it, left out it stays as it is."""


@values(profile_writing.ProfileChange)
class ProfileInput:
    """What is known of the person. What is left out stays as it is, null clears."""

    first_name: str | None
    """First name, at most 200 characters."""
    last_name: str | None
    """Last name, at most 200 characters."""
    email: EmailAddress | None
    """E-mail address, at most 254 characters; no two customers share one."""
    phone: PhoneNumber | None
    """Telephone number; no two customers share one."""
    date_of_birth: dt.date | None
    """Date of birth, not in the future."""
    gender: str | None
    """As the customer tells it."""
    locale: Locale | None
    """The language to address the customer in."""
    spoken_languages: list[Locale] | None
    """Languages the customer speaks, all of them."""
    addresses: list[AddressInput] | None
    """Postal addresses, all of them."""
    attributes: list[AttributeInput] | None
    """Custom attributes; those that are not in the list stay as they are, null clears all."""


@values(profile_commands.CustomerCreateInput)
class CustomerCreateInput(Keyed, Explained):
    """Whom to enroll: by an e-mail address, a telephone number or an external id at least."""

    profile: ProfileInput
    """What is known of the person."""
    external_ids: list[ExternalIdInput] | None
    """Ids in other systems; no two customers share one."""
    is_test_persona: bool | None = False
    """True for someone made up, to test campaigns with; left out of all statistics."""
    favorite_location_id: strawberry.ID | None
    """The location that the customer prefers; needed from those who reach the customers of some locations only."""


@values(profile_commands.CustomerUpdateInput)
class CustomerUpdateInput(Repeatable, Explained):
    """An omitted field stays as it is; an explicit null clears it. One field the caller may not write refuses the whole
    change."""

    customer_id: strawberry.ID
    """Whose profile it is."""
    expected_version: Long | None
    """The customer's version that the caller saw: refused with CONFLICT where it is another by now."""
    profile: ProfileInput | None
    """What is to change."""
    favorite_location_id: strawberry.ID | None
    """The location that the customer prefers."""


@values(profile_commands.CustomerStatusSetInput)
class CustomerStatusSetInput(Repeatable):
    """Which status a customer is to have. The reason code is required."""

    customer_id: strawberry.ID
    """Whose status it is."""
    expected_version: Long | None
    """The customer's version that the caller saw: refused with CONFLICT where it is another by now."""
    status_key: str
    """Key of a status that can follow the present one."""
    reason: ReasonInput | None
    """Why; `code` is required."""


@values(profile_commands.ExternalAccountSyncInput)
class ExternalAccountSyncInput(Keyed, Explained):
    """Which account of another system is the customer's."""

    customer_id: strawberry.ID
    """Whose account it is."""
    account: ExternalIdInput
    """The other system, and the customer's id there; no two customers share one."""
    direction: profile_writing.SyncDirection = profile_writing.SyncDirection.LINK_ONLY
    """Which way; a program whose other systems can't be asked takes LINK_ONLY alone."""


@values(profile_commands.CommunicationPreferenceSetInput)
class CommunicationPreferenceSetInput(Repeatable, Explained):
    """What a customer agrees to on one channel for one purpose."""

    customer_id: strawberry.ID
    """Who agrees."""
    channel: rows.Channel
    """The channel."""
    purpose: str
    """What for, such as marketing; at most 200 characters."""
    state: rows.ConsentState
    """What the customer agrees to."""
    evidence: str | None
    """How it is known, at most 2,000 characters."""


@view(profile_commands.CustomerPayload)
class CustomerPayload(Audited, Payload):
    """What came of something done to a customer."""

    customer = lookup(
        Annotated["Customer", strawberry.lazy("schema.customer")] | None, profile_commands.customer, served_by=PROFILES
    )
    """The customer as they are now; as they would be after a dry run."""


CUSTOMER = {"customer_id": "Customer"}


def _membership(action: MembershipAction, requires: str) -> Any:  # typed as the attribute it stands for
    """A mutation that does this to a membership."""
    return command(
        CustomerPayload,
        profile_commands.moved(action),
        CustomerActionInput,
        ids=CUSTOMER,
        requires=requires,
        written_by=PROFILES,
    )


class ProfileMutations:
    """Changes of profiles and memberships."""

    customer_create = command(
        CustomerPayload,
        profile_commands.create,
        CustomerCreateInput,
        ids={"favorite_location_id": "Location"},
        requires="customers:create",
        written_by=PROFILES,
    )
    """Enroll a customer, or make a test persona. An e-mail address, telephone number or external id that another customer
    has is refused with IDENTIFIER_TAKEN."""
    customer_update = command(
        CustomerPayload,
        profile_commands.update,
        CustomerUpdateInput,
        ids=CUSTOMER | {"favorite_location_id": "Location"},
        requires="profile:write",
        written_by=PROFILES,
    )
    """Change what is known of a customer."""
    customer_status_set = command(
        CustomerPayload,
        profile_commands.set_status,
        CustomerStatusSetInput,
        ids=CUSTOMER,
        requires="customers:status",
        written_by=PROFILES,
    )
    """Give a customer another of the program's statuses."""
    customer_verify = _membership(MembershipAction.VERIFY, "membership:verify")
    """Verify by hand a customer whom e-mail or text message did not reach."""
    customer_block = _membership(MembershipAction.BLOCK, "membership:block")
    """Exclude a customer from the program for now."""
    customer_unblock = _membership(MembershipAction.UNBLOCK, "membership:block")
    """Let a blocked customer take part again."""
    customer_delete = _membership(MembershipAction.DELETE, "membership:delete")
    """Close a membership; it can be restored for a while."""
    customer_restore = _membership(MembershipAction.RESTORE, "membership:delete")
    """Open a deleted membership again, as it was."""
    customer_external_account_sync = command(
        CustomerPayload,
        profile_commands.sync,
        ExternalAccountSyncInput,
        ids=CUSTOMER,
        requires="customers:sync",
        written_by=PROFILES,
    )
    """Tie a customer to an account of another system."""
    communication_preference_set = command(
        CustomerPayload,
        profile_commands.set_preference,
        CommunicationPreferenceSetInput,
        ids=CUSTOMER,
        requires="profile:write",
        written_by=PROFILES,
    )
    """Record what a customer agrees to on one channel for one purpose."""
