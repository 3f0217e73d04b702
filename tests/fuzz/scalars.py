"""What the contract's own scalars can look like: well-formed, at their limits, and not at all."""

from graphql import NameNode, ObjectFieldNode, ObjectValueNode
from hypothesis import strategies as st
from hypothesis_graphql import nodes

TEXTS = {
    "DateTime": ("2025-12-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2025-02-30T00:00:00Z"),
    "Date": ("1980-05-17", "0001-01-01", "9999-12-31", "2025-13-01"),
    "EmailAddress": ("jane@example.com", "@", "ß@straße.de"),
    "PhoneNumber": ("+12025550123", "+", "911"),
    "URL": ("https://example.com/", "javascript:alert(1)"),
    "Decimal": ("0.00", "-1.5", "1e400", "NaN"),
    "federation__Scope": ("points:read",),
    "federation__FieldSet": ("id",),
    "CurrencyCode": ("USD", "JPY", "XXX", "usd"),
    "LocalTime": ("08:00", "24:00"),
    "JSON": ("{}", "[[[]]]"),
    "_Any": ("Customer",),
}
STRATEGIES = {name: st.sampled_from(texts).map(nodes.String) for name, texts in TEXTS.items()}
STRATEGIES["Long"] = st.sampled_from((0, -1, 2**31, 2**53 - 1, 2**63)).map(nodes.Int)


def entity(**given: str) -> ObjectValueNode:
    """A representation of a customer."""
    fields = {"__typename": "Customer", **given}
    return nodes.Object([ObjectFieldNode(name=NameNode(value=key), value=nodes.String(fields[key])) for key in fields])


FIRST, FIRST_UUID = "Customer:AZFTEsJAdhSlI77n7vrqSg", "01915312-c240-7614-a523-bee7eefaea4a"
SECOND_UUID, NOBODYS_UUID = "0192aa15-bba0-7e36-917d-2d3386513257", "0192aa15-bba0-7e36-917d-2d3386513258"
STRATEGIES["_Any"] = st.sampled_from(
    (
        entity(id=FIRST),
        entity(id=FIRST, uuid=FIRST_UUID),
        entity(uuid=SECOND_UUID),
        entity(uuid=NOBODYS_UUID),
        entity(id=FIRST, uuid=SECOND_UUID),
        entity(),
        nodes.String("Customer"),
    )
)
"""hypothesis-graphql's strategies, by the scalar's name; entities are of the demo's first two customers."""
