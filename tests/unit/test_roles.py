"""The default roles are those of the specification, and a token's scope claim only ever narrows them."""

import pytest

from permissions.model import AdjustmentLimit, AdjustmentOperation, Scope, ViewerKind
from permissions.roles import DEFAULT_ROLES, SCOPES, Role, UnknownScope, grant, scopes_of

ADMIN, CARE, STORE, ANALYST, PRIVACY, SERVICE, MEMBER = (
    "admin",
    "care_agent",
    "store_associate",
    "analyst",
    "privacy_officer",
    "service",
    "member",
)
ALL = {ADMIN, CARE, STORE, ANALYST, PRIVACY, SERVICE, MEMBER}

HOLDERS: dict[str, set[str]] = {
    "customers:read": ALL,
    "customers:search": ALL - {SERVICE, MEMBER},
    "profile:read": ALL,
    "pii:read": ALL - {STORE, ANALYST},
    "profile:write": ALL - {STORE, ANALYST},
    "customers:create": {ADMIN, CARE, STORE, SERVICE},
    "customers:status": {ADMIN, CARE},
    "customers:sync": {ADMIN, SERVICE},
    "points:read": ALL,
    "tiers:read": ALL,
    "events:read": ALL,
    "offers:read": ALL,
    "cards:read": ALL,
    "rewards:read": ALL,
    "campaigns:read": ALL,
    "promocodes:read": ALL - {STORE},
    "messages:read": ALL,
    "transactions:read": ALL,
    "locations:read": ALL,
    "tags:read": ALL - {STORE, MEMBER},
    "segments:read": ALL - {STORE, MEMBER},
    "devices:read": ALL - {STORE, MEMBER},
    "metrics:read": ALL - {STORE, MEMBER},
    "notes:read": {ADMIN, CARE, PRIVACY},
    "tickets:read": {ADMIN, CARE, PRIVACY},
    "points:adjust": {ADMIN, CARE, SERVICE},
    "cards:adjust": {ADMIN, CARE, SERVICE},
    "cards:manage": {ADMIN, CARE, STORE, SERVICE},
    "cards:number": {ADMIN},
    "cards:stolenRescue": {ADMIN},
    "notes:editAny": {ADMIN},
    "notes:delete": {ADMIN},
    "tags:create": {ADMIN},
    "points:adjustBlocked": {ADMIN},
    "tiers:adjust": {ADMIN, CARE},
    "offers:issue": {ADMIN, CARE, STORE, SERVICE},
    "offers:manage": {ADMIN, CARE, SERVICE},
    "campaigns:manage": {ADMIN, CARE},
    "promocodes:manage": {ADMIN, CARE},
    "tags:write": {ADMIN, CARE},
    "segments:manage": {ADMIN, CARE},
    "messages:send": {ADMIN, CARE, MEMBER},
    "notes:write": {ADMIN, CARE},
    "membership:verify": {ADMIN, CARE},
    "membership:block": {ADMIN, CARE},
    "access:reset": {ADMIN, CARE},
    "membership:delete": {ADMIN},
    "membership:anonymize": {ADMIN, PRIVACY},
    "personas:impersonate": {ADMIN},
    "privacy:history": {ADMIN, CARE, PRIVACY},
    "privacy:export": {ADMIN, PRIVACY},
    "privacy:restrict": {ADMIN, PRIVACY},
    "privacy:forget": {ADMIN, PRIVACY},
    "approvals:read": {ADMIN, CARE},
    "approvals:decide": {ADMIN},
    "audit:read": {ADMIN, CARE, PRIVACY},
    "events:ingest": {ADMIN, SERVICE},
    "transactions:ingest": {ADMIN, SERVICE},
    "events:viewUnsurfaced": {ADMIN},
    "ops:read": {ADMIN},
    "ops:explain": {ADMIN},
}

CARE_LIMITS = (
    AdjustmentLimit(AdjustmentOperation.POINTS_ADD, 500, 5_000),
    AdjustmentLimit(AdjustmentOperation.POINTS_DEDUCT, 500, 5_000),
    AdjustmentLimit(AdjustmentOperation.CARD_ADD, 5_000, 20_000),
    AdjustmentLimit(AdjustmentOperation.CARD_DEDUCT, 5_000, 20_000),
)


def test_every_scope_has_its_row() -> None:
    assert set(HOLDERS) == SCOPES and set(DEFAULT_ROLES) == ALL


@pytest.mark.parametrize(("scope", "holders"), HOLDERS.items())
def test_a_scope_is_held_by_exactly_these_roles(scope: str, holders: set[str]) -> None:
    assert {name for name, role in DEFAULT_ROLES.items() if scope in role.scopes} == holders


@pytest.mark.parametrize("name", sorted(ALL))
def test_only_the_care_agent_has_limits(name: str) -> None:
    assert DEFAULT_ROLES[name].limits == (CARE_LIMITS if name == CARE else ())


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_member_and_a_service_are_no_staff(name: str) -> None:
    kinds = {MEMBER: ViewerKind.MEMBER, SERVICE: ViewerKind.SERVICE}
    assert grant(DEFAULT_ROLES, [name]).kind is kinds.get(name, ViewerKind.STAFF)


def test_a_group_and_a_star_stand_for_their_scopes() -> None:
    assert scopes_of("approvals:*") == {"approvals:read", "approvals:decide"}
    assert scopes_of("points:adjust") == {"points:adjust"}
    assert scopes_of("*") == SCOPES


@pytest.mark.parametrize("word", ["points:raed", "point:*", "points", "points:", "*:*", ":*", "", "points:adj*"])
def test_an_unknown_scope_is_refused(word: str) -> None:
    with pytest.raises(UnknownScope, match=r"^unknown scope '.*'$"):
        scopes_of(word)


def test_a_scope_claim_narrows() -> None:
    granted = grant(DEFAULT_ROLES, [CARE], "points:read points:adjust")
    assert granted.scopes == {"points:read", "points:adjust"}
    assert granted.limits == CARE_LIMITS[:2]


def test_a_scope_claim_never_widens() -> None:
    assert grant(DEFAULT_ROLES, [ANALYST], "pii:read ops:read points:read openid").scopes == {"points:read"}


def test_an_empty_scope_claim_leaves_nothing() -> None:
    assert grant(DEFAULT_ROLES, [ADMIN], "").scopes == frozenset()


def test_roles_add_up_and_unknown_ones_grant_nothing() -> None:
    granted = grant(DEFAULT_ROLES, [ANALYST, "elsewhere_admin", STORE, ANALYST])
    assert granted.roles == (ANALYST, STORE)
    assert granted.scopes == DEFAULT_ROLES[ANALYST].scopes | DEFAULT_ROLES[STORE].scopes
    assert grant(DEFAULT_ROLES, ["elsewhere_admin"]) == ((), frozenset(), (), ViewerKind.STAFF, False, 0)


def test_the_role_that_may_spend_the_most_on_an_operation_holds() -> None:
    limits = {name: role.max_cost for name, role in DEFAULT_ROLES.items()}
    assert limits == dict.fromkeys(ALL, 5_000) | {ADMIN: 10_000, MEMBER: 1_000}
    assert grant(DEFAULT_ROLES, [MEMBER, ANALYST, "elsewhere_admin"]).max_cost == 5_000


def test_the_most_confined_kind_holds() -> None:
    assert grant(DEFAULT_ROLES, [ADMIN, SERVICE, MEMBER]).kind is ViewerKind.MEMBER
    assert grant(DEFAULT_ROLES, [ADMIN, SERVICE]).kind is ViewerKind.SERVICE


def test_one_role_that_may_search_as_the_program_does_lifts_what_the_others_are_held_to() -> None:
    held = Role(frozenset({Scope("customers:search")}), is_held_to_exact_search=True)
    roles = {**DEFAULT_ROLES, "counter": held}
    assert grant(roles, ["counter"]).is_held_to_exact_search
    assert not grant(roles, ["counter", ANALYST]).is_held_to_exact_search
    # A role without any search has no say.
    assert grant(roles, ["counter", SERVICE]).is_held_to_exact_search


def test_a_role_without_a_limit_lifts_those_of_another() -> None:
    assert grant(DEFAULT_ROLES, [CARE, SERVICE]).limits == ()


def test_a_role_that_may_not_adjust_lifts_no_limit() -> None:
    assert grant(DEFAULT_ROLES, [CARE, ANALYST]).limits == CARE_LIMITS


def test_the_widest_limit_of_several_roles_holds() -> None:
    def clerk(*limits: AdjustmentLimit) -> Role:
        return Role(frozenset({Scope("cards:adjust")}), limits)

    add, deduct = AdjustmentOperation.CARD_ADD, AdjustmentOperation.CARD_DEDUCT
    roles = {
        "one": clerk(AdjustmentLimit(add, 100, 900, "USD"), AdjustmentLimit(deduct, 5)),
        "two": clerk(AdjustmentLimit(add, 200, 800, "USD"), AdjustmentLimit(add, 7, 70, "EUR")),
    }
    assert grant(roles, ["one", "two"]).limits == (
        AdjustmentLimit(add, 200, 900, "USD"),
        AdjustmentLimit(add, 7, 70, "EUR"),
    )
    assert grant(roles, ["one"]).limits == (
        AdjustmentLimit(add, 100, 900, "USD"),
        AdjustmentLimit(deduct, 5, None),
    )
