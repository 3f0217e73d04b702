"""Custom attributes: what each type takes, and who may write which."""

from typing import Any

import pytest

from tests.harness import Caller, Gateway
from tests.writing.asking import refused
from tests.writing.doing import REFUSED
from tests.writing.profile_asking import update
from tests.writing.tables import contents, grown

MEMBER, OTHER = "CJ-000034", "CJ-000035"
ADDRESS = {"label": None, "line1": "1 Main St", "line2": None, "city": None, "region": None, "postalCode": None}


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("favorite_department", "Garden", "Garden"),
        ("stores_visited", 2**63 - 1, 2**63 - 1),
        ("weekly_spend", "12.50", "12.50"),
        ("weekly_spend", 12.25, "12.25"),
        ("weekly_spend", 13, "13"),
        ("paperless", False, False),
        ("anniversary", "2020-02-29", "2020-02-29"),
        ("last_survey_at", "2026-01-01T07:00:00-05:00", "2026-01-01T12:00:00Z"),
        ("age_band", "65+", "65+"),
        ("interests", ["GROCERY", "DELI"], ["GROCERY", "DELI"]),
        ("alternate_phone", "(212) 555-0199", "+12125550199"),
        ("alternate_email", " Ada@Example.org ", "ada@example.org"),
        ("delivery_address", {"line1": "1 Main St", "countryCode": "US"}, ADDRESS | {"countryCode": "US"}),
    ],
)
async def test_an_attribute_takes_a_value_of_its_type(gateway: Gateway, key: str, value: object, kept: object) -> None:
    await update(gateway, {"attributes": [{"key": key, "value": None}]}, MEMBER)
    payload = await update(gateway, {"attributes": [{"key": key, "value": value}]}, MEMBER)
    (shown,) = [one for one in payload["customer"]["profile"]["attributes"] if one["definition"]["key"] == key]
    assert (shown["value"], shown["source"]) == (kept, "customer-graph")
    changes = [{"path": f"profile.attributes.{key}", "before": None, "after": kept}]
    assert payload["auditEntry"]["changes"] == changes


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ([{"key": "shoe_size", "value": 1}], "NOT_FOUND", "0.key"),
        ([{"key": "paperless", "value": True}, {"key": "paperless", "value": False}], "INVALID", "1.key"),
        ([{"key": "synthetic", "value": False}], "FORBIDDEN", "0.value"),
        ([{"key": "favorite_department", "value": "x" * 2_001}], "INVALID", "0.value"),
        ([{"key": "favorite_department", "value": ""}], "INVALID", "0.value"),
        ([{"key": "favorite_department", "value": "•••"}], "INVALID", "0.value"),
        ([{"key": "favorite_department", "value": 5}], "INVALID", "0.value"),
        ([{"key": "paperless", "value": None}, {"key": "stores_visited", "value": "5"}], "INVALID", "1.value"),
        ([{"key": "stores_visited", "value": 2**63}], "INVALID", "0.value"),
        ([{"key": "stores_visited", "value": True}], "INVALID", "0.value"),
        ([{"key": "stores_visited", "value": 1.5}], "INVALID", "0.value"),
        ([{"key": "weekly_spend", "value": "1e3"}], "INVALID", "0.value"),
        ([{"key": "weekly_spend", "value": True}], "INVALID", "0.value"),
        ([{"key": "paperless", "value": "true"}], "INVALID", "0.value"),
        ([{"key": "anniversary", "value": "2021-02-29"}], "INVALID", "0.value"),
        ([{"key": "last_survey_at", "value": "2026-01-01T12:00:00"}], "INVALID", "0.value"),
        ([{"key": "age_band", "value": "66+"}], "INVALID", "0.value"),
        ([{"key": "interests", "value": "DELI"}], "INVALID", "0.value"),
        ([{"key": "interests", "value": ["x" * 1_000] * 17}], "INVALID", "0.value"),
        ([{"key": "alternate_phone", "value": "12"}], "INVALID", "0.value"),
        ([{"key": "alternate_email", "value": "ada@localhost"}], "INVALID", "0.value"),
        ([{"key": "delivery_address", "value": {"street": "1 Main St"}}], "INVALID", "0.value"),
        ([{"key": "delivery_address", "value": {"countryCode": "XX"}}], "INVALID", "0.value"),
        (None, "FORBIDDEN", ""),
    ],
)
async def test_an_attribute_that_cant_be_written_refuses_the_whole_change(
    gateway: Gateway, given: list[dict[str, Any]] | None, code: str, path: str
) -> None:
    before = await contents(gateway, gateway.members[MEMBER])
    payload = await update(gateway, {"firstName": "Nobody", "attributes": given}, MEMBER)
    assert refused(payload) == [(code, ".".join(part for part in ("profile.attributes", path) if part))]
    assert grown(before, await contents(gateway, gateway.members[MEMBER])) == REFUSED


async def test_members_write_their_own_attributes_that_are_marked_for_them(gateway: Gateway) -> None:
    member = Caller("member", customer=MEMBER)
    await update(gateway, {"attributes": [{"key": "paperless", "value": True}]}, MEMBER)
    payload = await update(gateway, {"attributes": [{"key": "paperless", "value": False}]}, MEMBER, member)
    assert payload["userErrors"] == []
    before = await contents(gateway, gateway.members[MEMBER])
    marked = {"key": "paperless", "value": True}
    for profile, path in (
        ({"attributes": [marked, {"key": "weekly_spend", "value": "1"}]}, "profile.attributes.1.value"),
        ({"attributes": [marked], "firstName": "Me"}, "profile.firstName"),
        ({"attributes": [marked], "email": None}, "profile.email"),
    ):
        assert refused(await update(gateway, profile, MEMBER, member)) == [("FORBIDDEN", path)]
    favorite = await update(gateway, {"attributes": [marked]}, MEMBER, member, favoriteLocationId=None)
    assert refused(favorite) == [("FORBIDDEN", "favoriteLocationId")]
    other = await update(gateway, {"attributes": [marked]}, OTHER, member)
    assert refused(other) == [("NOT_FOUND", "customerId")]
    after = await contents(gateway, gateway.members[MEMBER])
    assert grown(before, after) == {"audit_entries": 4, "audit_heads": 0}
