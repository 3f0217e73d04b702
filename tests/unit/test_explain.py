"""The steps of a plan: what the caller may see, what is asked for how often, and no value of an argument but sizes."""

from typing import Any

import msgspec
import pytest

from gateway.documents import Documents
from gateway.execution import asked
from gateway.plan.explain import Step
from gateway.sections import ServerSettings
from permissions.model import EVERYONE, Principal, Scope, ViewerKind
from permissions.roles import SCOPES
from tests.harness import schema

ALL = Principal(ViewerKind.STAFF, "ann", "Ann", ("admin",), SCOPES, EVERYONE)


def without(*scopes: str) -> Principal:
    return msgspec.structs.replace(ALL, scopes=SCOPES - {Scope(scope) for scope in scopes})


def steps(query: str, principal: Principal = ALL, **variables: Any) -> list[Step]:
    found = asked(Documents(schema(), ServerSettings()).find(query).operation(None), variables)
    return found.operation.explained(principal, found.values).steps


def told(found: list[Step], *names: str) -> dict[str, Any]:
    """The attributes of each step below the first, by its path from there."""
    below = {".".join(step.path[1:]): step for step in found[0].steps}
    return {path: tuple(getattr(step, name) for name in names) for path, step in below.items()}


@pytest.mark.parametrize(
    ("lacking", "notes", "email"),
    [((), "GRANTED", None), (("notes:read",), "DENIED", None), (("pii:read",), "GRANTED", "MASKED")],
)
def test_what_the_caller_does_not_see_is_told(lacking: tuple[str, ...], notes: str, email: str | None) -> None:
    query = '{ customer(by: { supportId: "X" }) { profile { email } notes { nodes { revisions { text } } } } }'
    found = steps(query, without(*lacking))
    shown = {"profile.email": (email,)} if email else {}
    assert told(found, "access") == {"notes": (notes,), **shown}


def test_what_is_denied_is_asked_nothing_below() -> None:
    query = '{ customer(by: { supportId: "X" }) { notes { nodes { revisions { text } } } } }'
    (allowed,), (denied,) = steps(query)[0].steps, steps(query, without("notes:read"))[0].steps
    assert [step.path for step in allowed.steps] == [("customer", "notes", "nodes", "revisions")]
    assert (denied.requires, denied.steps) == ([["notes:read"]], [])


def test_a_mutation_that_is_denied_has_no_steps_below() -> None:
    query = """mutation { pointsAdjust(input: { customerId: "x", idempotencyKey: "k", accountKey: "points", sourceKey: "manual",
      direction: ADD, points: 1, reason: { code: "goodwill" } }) { entry { id } } }"""
    ((allowed,), (denied,)) = steps(query), steps(query, without("points:adjust"))
    assert (allowed.access, [step.field for step in allowed.steps]) == ("GRANTED", ["PointsPayload.entry"])
    assert (denied.access, denied.requires, denied.steps) == ("DENIED", [["points:adjust"]], [])


def test_a_masked_leaf_has_no_resolver_and_is_asked_of_no_source() -> None:
    found = steps('{ customer(by: { supportId: "X" }) { profile { email } } }', without("pii:read"))
    assert told(found, "field", "resolver", "price") == {"profile.email": ("Profile.email", None, 0)}


@pytest.mark.parametrize(
    ("variables", "page"), [({}, {"first": 20}), ({"n": 7}, {"first": 7}), ({"m": 3}, {"last": 3})]
)
def test_of_arguments_names_are_told_and_the_size_of_the_page(variables: dict[str, int], page: dict[str, int]) -> None:
    query = """query ($n: Int, $m: Int, $s: String) { customer(by: { supportId: "X" }) {
      pointAudit(first: $n, last: $m) { nodes { id } } events(search: $s) { nodes { id } } } }"""
    found = told(steps(query, s="someone@example.com", **variables), "arguments", "page")
    assert found == {"pointAudit": (["first", "last"], page), "events": (["search"], {"first": 20})}


def test_of_an_interface_every_type_has_its_steps() -> None:
    query = """{ nodes(ids: ["a", "b"]) { __typename ... on Customer { tiers { nodes { status } } }
      ... on PointAuditEntry { reverses { id } } } }"""
    assert told(steps(query), "field", "fans_out") == {
        "tiers": ("Customer.tiers", True),
        "reverses": ("PointAuditEntry.reverses", True),
    }


def test_what_is_skipped_has_no_step() -> None:
    query = """query ($more: Boolean!) { customer(by: { supportId: "X" }) {
      tiers { nodes { status } } cards @include(if: $more) { nodes { id } } } }"""
    assert list(told(steps(query, more=False))) == ["tiers"]
    assert list(told(steps(query, more=True))) == ["tiers", "cards"]


def test_introspection_has_no_steps() -> None:
    assert steps("{ __schema { queryType { name } } viewer { name } }") == []
