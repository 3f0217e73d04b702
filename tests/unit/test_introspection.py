"""Introspection shows a caller what they may ask for, and nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    execute_sync,
    get_introspection_query,
    parse,
    validate,
    validate_schema,
)

from permissions.model import ANONYMOUS, EVERYONE, Principal, Scope, ViewerKind
from permissions.roles import DEFAULT_ROLES
from schema import introspection
from schema.build import build
from schema.introspection import ShownSchema

STANDARD = parse(get_introspection_query(specified_by_url=True, schema_description=True, input_value_deprecation=True))
SIGNED_IN = ["me", "node", "nodes", "program", "viewer", "locations"]
ROOTS = {
    "admin": [
        *SIGNED_IN,
        *("_entities", "_service"),
        *("approvals", "customer", "customerLookup", "customers", "offers", "privacyRequests", "segments", "sources"),
        *("tagSuggestions", "unmatchedEvents"),
    ],
    "care_agent": [
        *SIGNED_IN,
        "_entities",
        *("approvals", "customer", "customerLookup", "customers", "offers", "privacyRequests", "segments"),
        "tagSuggestions",
    ],
    "store_associate": [*SIGNED_IN, "_entities", "customer", "customerLookup", "customers", "offers"],
    "analyst": [
        *SIGNED_IN,
        "_entities",
        "customer",
        "customerLookup",
        "customers",
        "offers",
        "segments",
        "tagSuggestions",
    ],
    "privacy_officer": [
        *SIGNED_IN,
        "_entities",
        *("customer", "customerLookup", "customers", "offers", "privacyRequests", "segments", "tagSuggestions"),
    ],
    "service": [*SIGNED_IN, "_entities", "customer", "offers", "segments", "tagSuggestions", "unmatchedEvents"],
    "member": [*SIGNED_IN, "_entities", "customer", "offers"],
    "nobody": ["viewer"],
}
HIDDEN_OF_CUSTOMER = {
    "admin": [],
    "care_agent": [],
    "store_associate": [
        *("accountAudit", "devices", "digitalProperties", "metrics", "notes", "privacy", "promoCodes", "segments"),
        *("tagHistory", "tags", "tickets"),
    ],
    "analyst": ["accountAudit", "notes", "privacy", "tickets"],
    "privacy_officer": [],
    "service": ["accountAudit", "notes", "privacy", "tickets"],
    "member": [
        *("accountAudit", "devices", "digitalProperties", "metrics", "notes", "privacy", "segments", "tagHistory"),
        *("tags", "tickets"),
    ],
}


@pytest.fixture(scope="module")
def whole() -> ShownSchema:
    found = build()
    assert isinstance(found, ShownSchema)
    return found


def principal(role: str) -> Principal:
    if role == "nobody":
        return ANONYMOUS
    held = DEFAULT_ROLES[role]
    return Principal(held.kind, "1", None, (role,), held.scopes, EVERYONE)


def asked(whole: ShownSchema, role: str, query: str) -> Any:
    document = parse(query)
    assert validate(whole, document) == []
    result = execute_sync(whole, document, context_value=SimpleNamespace(principal=principal(role)))
    assert result.errors is None
    return result.data


def shown(whole: ShownSchema, role: str) -> GraphQLSchema:
    """What a client makes of the standard introspection."""
    result = execute_sync(whole, STANDARD, context_value=SimpleNamespace(principal=principal(role)))
    assert result.errors is None
    assert result.data is not None
    return build_client_schema(result.data)  # type: ignore[arg-type]  # it is the answer to that query


@pytest.mark.parametrize("role", ROOTS)
def test_each_role_is_shown_a_valid_schema_of_its_own_fields(whole: ShownSchema, role: str) -> None:
    made = shown(whole, role)
    assert validate_schema(made) == []
    assert made.query_type is not None
    assert sorted(made.query_type.fields) == sorted(ROOTS[role])


@pytest.mark.parametrize("role", HIDDEN_OF_CUSTOMER)
def test_a_customer_is_shown_without_the_fields_that_are_denied(whole: ShownSchema, role: str) -> None:
    of_whole, of_role = whole.type_map["Customer"], shown(whole, role).type_map["Customer"]
    assert isinstance(of_whole, GraphQLObjectType)
    assert isinstance(of_role, GraphQLObjectType)
    assert sorted(set(of_whole.fields) - set(of_role.fields)) == HIDDEN_OF_CUSTOMER[role]


def test_who_holds_every_scope_is_shown_all_there_is(whole: ShownSchema) -> None:
    made = shown(whole, "admin")
    assert set(made.type_map) == set(whole.type_map)
    for name, type_ in whole.type_map.items():
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            assert list(made.type_map[name].fields) == list(type_.fields)  # type: ignore[attr-defined]  # the same kind


def test_nobody_is_shown_what_leads_on_from_viewer(whole: ShownSchema) -> None:
    own = sorted(name for name in shown(whole, "nobody").type_map if not name.startswith("__"))
    assert own == [
        *("Address", "AdjustmentLimit", "AdjustmentOperation", "Boolean", "CurrencyCode", "Date", "DateTime", "Float"),
        *("GeoPoint", "ID", "Int", "Location", "LocationKind", "Long", "Node", "OpeningHours", "Participation"),
        *("PhoneNumber", "Query", "Reach", "ReachKind", "SpecialHours", "String", "Viewer", "ViewerKind"),
    ]


@pytest.mark.parametrize("name", ["Note", "NoteConnection", "NoteRevision", "Ticket", "TicketConnection", "TagChange"])
def test_a_type_that_can_not_be_reached_is_as_unknown_as_one_that_is_not(whole: ShownSchema, name: str) -> None:
    query = f'{{ hidden: __type(name: "{name}") {{ name }} unknown: __type(name: "Nope") {{ name }} }}'
    assert asked(whole, "member", query) == {"hidden": None, "unknown": None}
    assert asked(whole, "admin", query)["hidden"] == {"name": name}


def test_an_interface_tells_only_types_that_the_caller_can_meet(whole: ShownSchema) -> None:
    query = '{ __type(name: "Node") { possibleTypes { name } } }'
    told = {
        role: {found["name"] for found in asked(whole, role, query)["__type"]["possibleTypes"]}
        for role in ("admin", "member", "nobody")
    }
    assert sorted(told["admin"] - told["member"]) == [
        *("Approval", "AuditEntry", "Device", "DigitalProperty", "Note", "PrivacyRequest", "Segment", "TagChange"),
        *("Ticket", "UnmatchedEvent"),
    ]
    assert told["nobody"] == {"Location"}


def test_a_field_in_a_list_of_fields_is_hidden_as_well(whole: ShownSchema) -> None:
    query = '{ __type(name: "Customer") { fields(includeDeprecated: true) { name } } }'
    assert "notes" not in {found["name"] for found in asked(whole, "member", query)["__type"]["fields"]}


def test_documents_are_validated_against_the_whole_schema(whole: ShownSchema) -> None:
    assert validate(whole, parse('{ customer(by: {supportId: "A"}) { notes { totalCount } } }')) == []


def test_callers_with_the_same_rights_share_a_part_and_few_parts_are_kept(
    whole: ShownSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(introspection, "PARTS_HELD", 2)
    own = ShownSchema(whole)
    first = own.shown_to(principal("member"))
    assert own.shown_to(principal("member")) is first
    for scope in ("notes:read", "tickets:read"):
        own.shown_to(Principal(ViewerKind.STAFF, "1", None, (), frozenset({Scope(scope)}), EVERYONE))
    assert own.shown_to(principal("member")) is not first
