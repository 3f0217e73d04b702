"""The demo program has every setting that is asked of it, and its settings agree with each other."""

import re

import jsonschema

from datasources.importing.demo_program import demo_program
from datasources.program import AttributeType, Clock, SearchMode

PROGRAM = demo_program(Clock())


def test_it_searches_in_the_advanced_mode_in_dollars() -> None:
    assert (PROGRAM.search.mode, PROGRAM.currency, PROGRAM.timezone) == (SearchMode.ADVANCED, "USD", "America/New_York")


def test_statuses_lead_to_statuses_that_exist() -> None:
    keys = [status.key for status in PROGRAM.customer_statuses]
    assert keys == ["active", "vip", "watch", "closed"]
    assert {target for status in PROGRAM.customer_statuses for target in status.allowed_next} == set(keys)


def test_accounts_take_points_of_sources_that_exist() -> None:
    assert [account.key for account in PROGRAM.point_accounts] == ["points", "tier_points"]
    sources = {source.key for source in PROGRAM.point_sources}
    assert sources == {"purchase", "manual", "promotion", "return"}
    assert {source for account in PROGRAM.point_accounts for source in account.sources} == sources


def test_four_tiers_by_yearly_spend() -> None:
    (system,) = PROGRAM.tier_systems
    assert system.window_months == 12
    assert [(tier.key, tier.entry_threshold) for tier in system.tiers] == [
        ("base", "0"),
        ("silver", "500"),
        ("gold", "1500"),
        ("platinum", "4000"),
    ]


def test_event_types_have_a_category_a_schema_and_templates_over_its_properties() -> None:
    categories = {category.key for category in PROGRAM.event_categories}
    assert {event_type.category for event_type in PROGRAM.event_types} == categories
    for event_type in PROGRAM.event_types:
        jsonschema.Draft202012Validator.check_schema(event_type.schema)
        view = event_type.platform_view
        named = set(re.findall(r"{(\w+)}", view.title + view.summary)) | set(view.detail_fields)
        assert named - {"total"} <= set(event_type.schema["properties"])
    assert [event_type.key for event_type in PROGRAM.event_types if not event_type.is_surfaced] == ["session_started"]
    assert [event_type.key for event_type in PROGRAM.event_types if not event_type.is_default] == ["store_visit"]


def test_there_is_an_attribute_of_every_type_and_one_that_is_not_writable() -> None:
    assert {definition.type for definition in PROGRAM.attribute_definitions} == set(AttributeType)
    assert [definition.key for definition in PROGRAM.attribute_definitions if not definition.is_writable] == [
        "synthetic"
    ]


def test_every_digit_begins_a_card_product_and_reasons_have_unique_keys() -> None:
    assert {product.prefix for product in PROGRAM.card_products} == {*"0123456789", "63"}
    keys = [reason.key for reason in PROGRAM.reasons]
    assert len(keys) == len(set(keys)) == 20
    assert [reason.key for reason in PROGRAM.reasons if reason.goodwill] == ["goodwill", "service_recovery"]
    assert [tag.key for tag in PROGRAM.tags if tag.cap is not None] == ["goodwill_credit"]
