"""The directives of the contract, declared by the project, and what each does when a field is resolved."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.schema_directive import Location

from datasources.registry import Domain
from permissions import policy
from permissions.masking import PiiKind, masked
from permissions.model import AccessDenied, RequiredScopes, Scope
from schema.enums import enum
from schema.scalars import FederationScope, FieldSet

Resolve = Callable[..., Any]  # graphql-core's: (source, info, **arguments), the result or an awaitable of it

GUARDED = [Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE, Location.SCALAR, Location.ENUM]
WEIGHED = [
    Location.ARGUMENT_DEFINITION,
    Location.ENUM,
    Location.FIELD_DEFINITION,
    Location.INPUT_FIELD_DEFINITION,
    Location.OBJECT,
    Location.SCALAR,
]

enum(
    PiiKind,
    NAME="A name of a person.",
    EMAIL="An e-mail address.",
    PHONE="A telephone number.",
    ADDRESS="A postal address.",
    DATE_OF_BIRTH="A date of birth, or what derives from it.",
    IDENTIFIER="A number or id that names a person elsewhere.",
    FREE_TEXT="Text that may tell anything about a person.",
)
enum(
    Domain,
    PROFILES="Customers, their profile and membership.",
    EVENTS="The event stream.",
    POINTS="Point accounts and their ledger.",
    TIERS="Tiers and their history.",
    OFFERS="The catalogue of offers and what was issued.",
    CARDS="Stored value cards and loyalty cards.",
    NOTES="Notes of staff.",
    CAMPAIGNS="Campaigns that target customers.",
    REWARDS="Rewards and their orders.",
    PROMO_CODES="Promo codes, claims and lockouts.",
    TAGS="Tags and their history.",
    SEGMENTS="Segments and their members.",
    MESSAGES="Inbox messages and direct messages.",
    DEVICES="Devices and digital properties.",
    LOCATIONS="Stores and geofences.",
    TRANSACTIONS="Purchases.",
    TICKETS="Tickets of the help desk.",
    METRICS="Computed figures.",
    PRIVACY="Requests under privacy law.",
    AUDIT="The account audit log and approvals.",
    name="SourceDomain",
)


@strawberry.schema_directive(
    locations=GUARDED, name="authenticated", description="Caller must be authenticated (as in Apollo Federation)."
)
class Authenticated:
    """`@authenticated`."""


@strawberry.schema_directive(
    locations=GUARDED,
    name="requiresScopes",
    description="Caller must hold every scope of at least one inner list (as in Apollo Federation).",
)
class RequiresScopes:
    """`@requiresScopes`."""

    scopes: list[list[FederationScope]]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="pii",
    description="Personal data: masked, or not shown at all, to a caller without `pii:read`; erased by forget and anonymize.",
)
class Pii:
    """`@pii`."""

    kind: PiiKind


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="source",
    description="The source domain that serves this field.",
)
class Source:
    """`@source`."""

    domain: Domain


@strawberry.schema_directive(locations=WEIGHED, name="cost", description="IBM cost specification.")
class Cost:
    """`@cost`."""

    weight: str


WEIGHTLESS = Cost(weight="0")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], name="listSize", description="IBM cost specification."
)
class ListSize:
    """`@listSize`."""

    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = True


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.INTERFACE],
    name="key",
    repeatable=True,
    description="Fields by which other graphs name an object of this type (as in Apollo Federation).",
)
class Key:
    """`@key`."""

    fields: FieldSet


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="shareable",
    repeatable=True,
    description="Other graphs may have the same (as in Apollo Federation).",
)
class Shareable:
    """`@shareable`."""


def requires_scopes(required: RequiredScopes) -> RequiresScopes:
    """The directive that says what `required` says."""
    return RequiresScopes(scopes=[[FederationScope(scope) for scope in sorted(scopes)] for scopes in required])


def guarded(resolve: Resolve, needs: tuple[RequiredScopes, ...]) -> Resolve:
    """The resolver behind a check: a denied field raises before its source is called."""

    def guard(source: Any, info: Any, **arguments: Any) -> Any:
        policy.check(info.context.principal, needs)
        return resolve(source, info, **arguments)

    return guard


def guarded_command(resolve: Resolve, needs: tuple[RequiredScopes, ...], tell: Resolve) -> Resolve:
    """The mutation behind a check; an attempt that fails it is told to `tell` first."""

    async def guard(source: Any, info: Any, **arguments: Any) -> Any:
        try:
            policy.check(info.context.principal, needs)
        except AccessDenied:
            await tell(source, info, **arguments)
            raise
        return await resolve(source, info, **arguments)

    return guard


def masking(resolve: Resolve, kind: PiiKind, unmasked_by: Scope) -> Resolve:
    """The resolver whose value is masked for callers without the scope."""

    async def later(value: Awaitable[Any]) -> Any:
        return masked(kind, await value)

    def mask(source: Any, info: Any, **arguments: Any) -> Any:
        value = resolve(source, info, **arguments)
        if policy.sees(info.context.principal, unmasked_by):
            return value
        return later(value) if isinstance(value, Awaitable) else masked(kind, value)

    return mask
