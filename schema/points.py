"""Points as clients see them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import strawberry

from datasources import points as rows
from datasources import program
from datasources.registry import Domain
from resolvers import command as command_of
from resolvers import points
from schema.audit import Approval, Audited
from schema.commands import Keyed, Payload, ReasonInput
from schema.connections import page_type
from schema.enums import enum
from schema.fields import argument, command, connection, leaf, lookup
from schema.scalars import Long
from schema.values import Actor, DateTimeRange
from schema.views import Node, values, view

if TYPE_CHECKING:
    from schema.customer import Customer
    from schema.transactions import Transaction

POINTS = Domain.POINTS
READ = "points:read"

enum(
    program.PointAccountType,
    REDEEMABLE="Points that can be spent.",
    QUALIFYING="Points that count toward a tier only.",
)
enum(
    rows.PointEntryKind,
    EARN="Earned by a purchase or a rule.",
    SPEND="Spent on a purchase or a reward.",
    EXPIRE="Expired.",
    ADJUST="Added or deducted by hand.",
    COMP="Given as goodwill.",
    RETURN="Taken back or given back because a purchase was returned.",
    REVERSAL="Undoes another entry.",
    TRANSFER_IN="Came from another customer.",
    TRANSFER_OUT="Went to another customer.",
)
enum(
    rows.PointEntryStatus,
    PENDING="Not counted yet.",
    POSTED="Counted in the balance.",
    REVERSED="Counted, and undone by the entry in `reversedBy`.",
    CANCELLED="Never counted.",
)


@view(rows.PointExpiryRow, requires=READ)
class PointExpiry:
    """Points of one account that expire at one moment."""

    expires_at: dt.datetime
    """When they expire."""
    points: Long
    """How many."""
    account_key: str
    """Key of the account."""


@view(rows.PointAccountRow, requires=READ)
class PointAccount:
    """A customer's point account, as it stands now."""

    key: str
    """Key of the account in the program."""
    label = lookup(str, lambda row, context: points.definition(row, context).label)
    """What the program calls it."""
    type = lookup(program.PointAccountType, lambda row, context: points.definition(row, context).type)
    """What its points are for."""
    balance: Long
    """Sum of all posted entries."""
    available: Long
    """Balance less held points and points whose expiry has passed but is not posted yet."""
    pending: Long
    """Points not counted yet."""
    lifetime_earned: Long
    """Earned and added by hand, less what was reversed or returned."""
    lifetime_spent: Long
    """Spent and deducted by hand, less what was reversed."""
    lifetime_expired: Long
    """Expired so far."""
    counts_toward_total = lookup(bool, lambda row, context: points.definition(row, context).counts_toward_total)
    """True when the account is part of `totalPoints`."""
    expiry_policy = lookup(str | None, lambda row, context: points.definition(row, context).expiry_policy)
    """How its points expire, in words."""
    next_expiry: PointExpiry | None
    """The next points to expire."""
    balance_at = lookup(
        Long, points.balance_at, argument("at", dt.datetime, "The moment; what occurred at it is counted.")
    )
    """The balance at a past moment."""


@view(program.PointSource)
class PointSource:
    """Where points come from."""

    key: str
    """Key of the source in the program."""
    label: str
    """What the program calls it."""


@view(program.PointAccountDefinition)
class PointAccountRef:
    """Which account an entry is of."""

    key: str
    """Key of the account in the program."""
    label: str
    """What the program calls it."""


@view(rows.PointAuditRow, requires=READ, find=points.entry)
class PointAuditEntry(Node):
    """One entry of the point ledger: points came or went."""

    sequence: Long
    """Order of recording within the account: balances chain along it."""
    transaction_id: str | None
    """External id of the purchase that caused the entry."""
    transaction = lookup(
        Annotated["Transaction", strawberry.lazy("schema.transactions")] | None,
        points.purchase,
        served_by=Domain.TRANSACTIONS,
    )
    """The purchase that caused the entry."""
    point_source = lookup(PointSource, points.source)
    """Where the points came from."""
    point_account = lookup(PointAccountRef, points.definition)
    """The account that changed."""
    modification: Long
    """Positive: earned or added. Negative: deducted. Never zero."""
    amount_spent: Long | None
    """How much of the added points is spent; null on negative entries."""
    amount_expired: Long | None
    """How much of the added points expired; null on negative entries."""
    remaining: Long | None
    """How much of the added points is left; null on negative entries."""
    kind: rows.PointEntryKind
    """Why points moved."""
    status: rows.PointEntryStatus
    """Where the entry stands."""
    reference_type: str
    """What kind of thing caused the entry."""
    reference_id: str | None
    """The business reference, not unique; `id` is."""
    description: str | None
    """What the entry is about: a place, or the title of a reward."""
    occurred_at: dt.datetime
    """When it happened."""
    recorded_at: dt.datetime
    """When it was written down."""
    expires_at: dt.datetime | None
    """When the added points expire."""
    balance_before: Long
    """Balance of the account before the entry."""
    balance_after: Long
    """Balance of the account after the entry."""
    actor: Actor | None
    """Who caused the entry."""
    approval = lookup(Approval | None, points.approval, served_by=Domain.AUDIT)
    """The approval that it was executed by, which names who asked for it and who approved; null where none was needed."""
    reason_code: str | None
    """Key of the reason given."""
    internal_note: str | None = leaf(requires="notes:read")
    """What staff wrote about it; never shown to the customer."""
    customer_visible_reason: str | None
    """The reason as the customer sees it."""
    reverses = lookup("PointAuditEntry | None", points.reversed_entry)
    """The entry that this one undoes."""
    reversed_by = lookup("PointAuditEntry | None", points.reversing_entry)
    """The entry that undid this one."""
    allocations = lookup("list[PointAllocation]", points.allocations)
    """Which earned lots a deduction consumed, soonest expiry first; or which an entry gave back to."""


@view(rows.PointAllocationRow)
class PointAllocation:
    """Points taken from one lot, or given back to it."""

    lot = lookup(PointAuditEntry, points.lot)
    """The entry that earned the lot."""
    points: Long
    """How many."""


@view(rows.PointMovement)
class BalanceLine:
    """What one kind of entries did to a balance."""

    kind: rows.PointEntryKind
    """The kind of entries."""
    points: Long
    """Their sum."""
    entries: int
    """How many there are."""


@view(rows.BalanceExplanation, requires=READ)
class BalanceExplanation:
    """Why a balance is what it is."""

    opening: Long
    """Balance before the window."""
    closing: Long
    """Balance at the end of the window."""
    lines: list[BalanceLine]
    """What happened between, by kind."""
    reconciles: bool
    """True when the lines lead from opening to closing."""


@values(rows.PointAuditFilter)
class PointAuditFilter:
    """Which entries of the ledger; everything given must hold."""

    account_keys: list[str] | None
    """Entries of these accounts."""
    source_keys: list[str] | None
    """Entries of these sources."""
    kinds: list[rows.PointEntryKind] | None
    """Entries of these kinds."""
    occurred_at: DateTimeRange | None
    """Entries that occurred in this window."""
    transaction_id: str | None
    """Entries that the purchase with this external id caused."""


PointAuditConnection = page_type("PointAudit", PointAuditEntry, "ledger entries")


class PointFields:
    """What a customer shows of points."""

    point_accounts = lookup(
        list[PointAccount] | None,
        points.accounts,
        argument("keys", list[str] | None, "Only these accounts."),
        requires=READ,
        domain=POINTS,
    )
    """Accounts in the order of the program."""
    total_points = lookup(
        Long | None,
        points.total,
        argument("as_of", dt.datetime | None, "A past moment; left out, now."),
        requires=READ,
        domain=POINTS,
    )
    """Sum of the accounts that count toward the total."""
    point_audit = connection(
        PointAuditConnection,
        points.audit,
        argument("filter", PointAuditFilter | None, "Which entries."),
        both_ways=True,
        requires=READ,
        domain=POINTS,
    )
    """The ledger, newest first."""
    point_expiry_schedule = lookup(
        list[PointExpiry] | None,
        points.expiry_schedule,
        argument("until", dt.datetime | None, "Only what expires before this moment."),
        requires=READ,
        domain=POINTS,
    )
    """Points that will expire, soonest first."""
    explain_balance = lookup(
        BalanceExplanation | None,
        points.explain,
        argument("account", str, "Key of the account."),
        argument("since", dt.datetime, "Start of the window, included.", graphql_name="from"),
        argument("until", dt.datetime, "End of the window, not included."),
        requires=READ,
        domain=POINTS,
    )
    """Opening balance, what happened by kind, closing balance."""


enum(rows.AdjustDirection, ADD="Points come in.", DEDUCT="Points go out.")


@values(points.PointsAdjustInput)
class PointsAdjustInput(Keyed):
    """`points` is positive; `direction` says which way. The reason code is required."""

    customer_id: strawberry.ID
    """Whose account it is."""
    account_key: str
    """Key of the account in the program."""
    source_key: str
    """Key of a source that is linked to the account."""
    direction: rows.AdjustDirection
    """Whether points come in or go out."""
    points: Long
    """How many, more than zero."""
    reference_id: str | None
    """Your own reference, such as a case number; it may repeat."""
    expires_at: dt.datetime | None
    """When added points expire; left out, as the account's policy says."""
    reason: ReasonInput
    """Why; `code` is required."""


@values(points.PointsAdjustmentReverseInput)
class PointsAdjustmentReverseInput(Keyed):
    """Which entry to undo. The reason code is required."""

    entry_id: strawberry.ID
    """An entry that was earned, spent, or made by hand, and is not reversed yet."""
    reason: ReasonInput
    """Why; `code` is required."""


@view(points.PointsPayload)
class PointsPayload(Audited, Payload):
    """What came of a change of points."""

    entry = lookup(PointAuditEntry | None, points.made_entry)
    """The entry as it was made."""
    account = lookup(PointAccount | None, points.made_account)
    """The account as it is now."""
    customer = lookup(
        Annotated["Customer", strawberry.lazy("schema.customer")] | None, command_of.customer, served_by=Domain.PROFILES
    )
    """The customer as they are now."""
    approval = lookup(Approval | None, command_of.approval)
    """The request that waits for a second person; null where none is needed."""


class PointMutations:
    """Changes of points."""

    points_adjust = command(
        PointsPayload,
        points.adjust,
        PointsAdjustInput,
        ids={"customer_id": "Customer"},
        requires="points:adjust",
        written_by=POINTS,
    )
    """Add points to an account, or deduct them. Beyond your limit it waits for a second person."""
    points_adjustment_reverse = command(
        PointsPayload,
        points.reverse,
        PointsAdjustmentReverseInput,
        ids={"entry_id": "PointAuditEntry"},
        requires="points:adjust",
        written_by=POINTS,
    )
    """Undo an entry by another one that refers to it; what it spent goes back to the lots it came from."""
