"""Tiers, events, metrics, offers, the demo's special customers, and what is sealed."""

import datetime as dt
import statistics
from collections import Counter
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow.parquet as pq

from datasources.audit_chain import GENESIS, next_hash
from datasources.importing.completejourney.files import package_data
from datasources.metrics import MetricsDocument
from datasources.sql.sealing import MasterKey
from datasources.sql.tables import metadata
from datasources.sql.tables.audit import approvals, audit_entries, audit_heads
from datasources.sql.tables.campaigns import campaigns, customer_campaigns
from datasources.sql.tables.cards import card_history, cards, loyalty_cards
from datasources.sql.tables.events import event_keys, events, unmatched_events
from datasources.sql.tables.locations import locations
from datasources.sql.tables.messages import direct_messages, messages
from datasources.sql.tables.metrics import customer_metrics
from datasources.sql.tables.notes import note_revisions, notes
from datasources.sql.tables.offers import customer_offers, offer_exclusions, offers
from datasources.sql.tables.privacy import privacy_requests
from datasources.sql.tables.profiles import customer_places, customers, identifiers
from datasources.sql.tables.promo_codes import (
    customer_promo_codes,
    promo_code_errors,
    promo_code_limiters,
    promo_code_lockouts,
    promo_codes,
)
from datasources.sql.tables.rewards import rewards
from datasources.sql.tables.segments import segment_members, segments
from datasources.sql.tables.tags import customer_tags, tag_changes
from datasources.sql.tables.tickets import tickets
from datasources.sql.tables.tiers import customer_tiers, tier_changes, tier_days
from datasources.sql.tables.transactions import transactions

from .conftest import END, HOUSEHOLDS, MASTER_KEY, Loaded

THRESHOLDS = {"base": 0, "silver": 50_000, "gold": 150_000, "platinum": 400_000}


def test_tier_days_sum_the_purchases_that_count(loaded: Loaded) -> None:
    sums: Counter[tuple[object, dt.date]] = Counter()
    for row in loaded.rows(transactions):
        if not row["non_accruing"]:
            sums[row["customer_id"], row["occurred_at"].date()] += row["total_minor"]
    assert {(row["customer_id"], row["day"]): row["amount_minor"] for row in loaded.rows(tier_days)} == dict(sums)


def test_tier_histories_are_contiguous_and_end_at_the_tier_held(loaded: Loaded) -> None:
    for tier in loaded.rows(customer_tiers):
        steps = sorted(
            (row for row in loaded.rows(tier_changes) if row["customer_id"] == tier["customer_id"]),
            key=lambda row: row["at"],
        )
        assert (steps[0]["from_key"], steps[0]["to_key"], steps[0]["reason"]) == (None, "base", "ENROLLED")
        assert all(before["to_key"] == after["from_key"] for before, after in pairwise(steps))
        assert (tier["tier_key"], tier["entered_at"]) == (steps[-1]["to_key"], steps[-1]["at"])


def test_a_years_spend_decides_the_tier(loaded: Loaded) -> None:
    matched = {row["customer_id"] for row in loaded.rows(tier_changes) if row["reason"] == "MANUAL"}
    assert len(matched) == len([number for number in loaded.customers if number % 12 == 5])
    for tier in loaded.rows(customer_tiers):
        spent = sum(row["amount_minor"] for row in loaded.rows(tier_days) if row["customer_id"] == tier["customer_id"])
        reached = max((key for key in THRESHOLDS if THRESHOLDS[key] <= spent), key=lambda key: THRESHOLDS[key])
        if tier["customer_id"] not in matched:
            assert tier["tier_key"] == reached


def test_every_purchase_is_an_event_and_every_event_has_its_key(loaded: Loaded) -> None:
    stored = loaded.rows(events)
    bought = {row["id"]: row["total_minor"] for row in loaded.rows(transactions)}
    told = {row["reference_id"]: row["facts"]["total_minor"] for row in stored if row["type"] == "purchase"}
    assert told == bought
    keys = {(row["source"], row["source_event_id"]): row["event_id"] for row in loaded.rows(event_keys)}
    assert keys == {(row["source"], row["source_event_id"]): row["id"] for row in stored}


def test_search_text_is_folded_and_holds_no_personal_text(loaded: Loaded) -> None:
    purchase = next(row for row in loaded.rows(events) if row["type"] == "purchase")
    facts = purchase["facts"]
    place, total = facts["location_name"].lower(), f"{facts['total_minor'] / 100:.2f}"
    assert purchase["search_text"] == (
        f"purchase purchase related events purchase at {place} {total} usd, {facts['points_earned']} points earned"
    )
    names = {row["last_name"].lower() for row in loaded.rows(customers)}
    words = {word for row in loaded.rows(events) for word in row["search_text"].split()}
    assert names & words == set()


def test_coupon_redemptions_are_redeemed_offers(loaded: Loaded) -> None:
    recorded = pq.ParquetFile(package_data() / "coupon_redemptions.parquet").read().to_pylist()
    expected = Counter(row["household_id"] for row in recorded if row["household_id"] in loaded.customers)
    numbers = {customer: number for number, customer in loaded.customers.items()}
    redeemed = [row for row in loaded.rows(customer_offers) if row["state"] == "REDEEMED"]
    assert Counter(numbers[row["customer_id"]] for row in redeemed) == expected
    assert all(row["issued_at"] <= row["redeemed_at"] for row in redeemed)


def test_a_revoked_offer_excludes_its_customer_and_a_removed_one_does_not(loaded: Loaded) -> None:
    ended = {
        state: {(row["customer_id"], row["offer_id"]) for row in loaded.rows(customer_offers) if row["state"] == state}
        for state in ("REVOKED", "REMOVED")
    }
    targeted = {row["household_id"] for row in pq.ParquetFile(package_data() / "campaigns.parquet").read().to_pylist()}
    untargeted = set(loaded.customers) - targeted
    for state, rest in (("REVOKED", 0), ("REMOVED", 1)):
        customers_of = {loaded.customers[number] for number in untargeted if number % 5 == rest}
        assert {customer for customer, _ in ended[state]} == customers_of
    assert {(row["customer_id"], row["offer_id"]) for row in loaded.rows(offer_exclusions)} == ended["REVOKED"]


def test_households_of_type_b_and_c_campaigns_hold_all_coupons(loaded: Loaded) -> None:
    folder = package_data()
    types = {
        row["campaign_id"]: row["campaign_type"]
        for row in pq.ParquetFile(folder / "campaign_descriptions.parquet").read().to_pylist()
    }
    coupons = Counter(
        campaign
        for campaign, _ in {
            (row["campaign_id"], row["coupon_upc"])
            for row in pq.ParquetFile(folder / "coupons.parquet").read().to_pylist()
        }
    )
    targeted = pq.ParquetFile(folder / "campaigns.parquet").read().to_pylist()
    keys = {row["id"]: row["key"].split("-") for row in loaded.rows(offers)}
    held = {(row["customer_id"], keys[row["offer_id"]][1], row["offer_id"]) for row in loaded.rows(customer_offers)}
    by_campaign = Counter((customer, campaign) for customer, campaign, _ in held)
    for row in targeted:
        if row["household_id"] in loaded.customers and types[row["campaign_id"]] != "Type A":
            found = by_campaign[loaded.customers[row["household_id"]], str(row["campaign_id"])]
            assert found == coupons[row["campaign_id"]]


def test_card_balances_are_the_sums_of_their_history(loaded: Loaded) -> None:
    for card in loaded.rows(cards):
        history = [row for row in loaded.rows(card_history) if row["card_id"] == card["id"]]
        assert card["balance_minor"] == sum(row["amount_minor"] for row in history) >= 0
        assert max(history, key=lambda row: row["at"])["balance_after_minor"] == card["balance_minor"]


def test_tag_counts_are_the_applications_since_the_last_reset(loaded: Loaded) -> None:
    applied: Counter[tuple[Any, str]] = Counter()
    values: dict[tuple[Any, str], str] = {}
    for change in sorted(loaded.rows(tag_changes), key=lambda row: row["at"]):
        tag = (change["customer_id"], change["key"])
        applied[tag] = 0 if change["action"] == "COUNT_RESET" else applied[tag] + (change["action"] == "ADDED")
        values[tag] = change["value"] or ""
        if change["action"] == "REMOVED":
            del applied[tag], values[tag]
    standing = {
        (row["customer_id"], row["key"]): (row["count"], row["value_key"]) for row in loaded.rows(customer_tags)
    }
    assert standing == {tag: (applied[tag], values[tag]) for tag in applied}


def test_every_kind_of_change_of_a_tag_is_shown(loaded: Loaded) -> None:
    assert {row["action"] for row in loaded.rows(tag_changes)} == {"ADDED", "VALUE_SET", "COUNT_RESET", "REMOVED"}
    credit = [row["action"] for row in loaded.of(35, tag_changes) if row["key"] == "goodwill_credit"]
    assert credit.count("ADDED") == 4 and credit.count("COUNT_RESET") == 1
    assert [row["count"] for row in loaded.of(35, customer_tags) if row["key"] == "goodwill_credit"] == [1]
    assert [row["value_key"] for row in loaded.of(7, customer_tags) if row["key"] == "USER_AFFILIATION"] == ["EMPLOYEE"]


def test_medians_and_ranks_are_over_the_base(loaded: Loaded) -> None:
    base = {
        row["customer_id"]
        for row in loaded.rows(customers)
        if not row["is_test_persona"] and row["processing"] == "ACTIVE"
    }
    assert len(base) == HOUSEHOLDS - 3
    metrics = {
        row["customer_id"]: msgspec.convert(row["metrics"], MetricsDocument) for row in loaded.rows(customer_metrics)
    }
    since = END - dt.timedelta(days=30)
    monthly = dict.fromkeys(loaded.customers.values(), 0)
    for row in loaded.rows(transactions):
        if row["occurred_at"] >= since:
            monthly[row["customer_id"]] += 1
    assert {customer: document.rfm["LAST_30_DAYS"].frequency for customer, document in metrics.items()} == monthly
    median = statistics.median(monthly[customer] for customer in base)
    assert {document.rfm["LAST_30_DAYS"].median_frequency for document in metrics.values()} == {median}
    values = sorted((metrics[customer].clv.value for customer in base), reverse=True)
    for customer in base:
        figures = metrics[customer].clv
        assert (figures.rank, figures.base_size) == (values.index(figures.value) + 1, HOUSEHOLDS - 3)
    outside = set(metrics) - base
    assert {(metrics[customer].clv, metrics[customer].churn_risk) for customer in outside} == {(None, None)}


def test_the_special_customers_exist(loaded: Loaded) -> None:
    by_number = {number: loaded.of(number, customers)[0] for number in loaded.customers}
    assert [number for number, row in by_number.items() if row["is_test_persona"]] == [4, 5]
    assert [number for number, row in by_number.items() if row["processing"] == "RESTRICTED"] == [7]
    assert [number for number, row in by_number.items() if row["membership"] == "BLOCKED"] == [9]
    assert [number for number, row in by_number.items() if row["membership"] == "PENDING_VERIFICATION"] == [21]
    replaced = [row for row in loaded.rows(loyalty_cards) if row["status"] == "REPLACED"]
    assert {row["number"] for row in replaced} == {f"59{number:010d}" for number in (8, 18, 28, 38)}
    assert by_number[12]["external_ids"][1].value == by_number[18]["loyalty_number"] == "600000000018"
    found = {(row["kind"], row["customer_id"]) for row in loaded.rows(identifiers) if row["value"] == "600000000018"}
    assert found == {("EXTERNAL_ID", loaded.customers[12]), ("LOYALTY_NUMBER", loaded.customers[18])}
    assert {row["type"]: row["state"] for row in loaded.rows(privacy_requests)} == {
        "RESTRICT": "COMPLETED",
        "EXPORT": "COMPLETED",
        "FORGET": "CANCELLED",
    }
    assert sorted(row["state"] for row in loaded.rows(approvals)) == ["EXECUTED", "PENDING", "PENDING", "REJECTED"]


def test_restricted_and_blocked_customers_earn_nothing_from_then_on(loaded: Loaded) -> None:
    for number, days in ((7, 30), (9, 20)):
        since = END - dt.timedelta(days=days)
        assert {row["non_accruing"] for row in loaded.of(number, transactions) if row["occurred_at"] >= since} == {True}
        assert {row["non_accruing"] for row in loaded.of(number, transactions) if row["occurred_at"] < since} == {False}


def test_restricted_and_blocked_customers_get_nothing_from_then_on(loaded: Loaded) -> None:
    for number, days in ((7, 30), (9, 20)):
        given = [
            *(row["distributed_at"] for row in loaded.of(number, messages)),
            *(row["starts_at"] for row in loaded.of(number, customer_campaigns)),
            *(row["at"] for row in loaded.of(number, customer_promo_codes)),
            *(row["issued_at"] for row in loaded.of(number, customer_offers)),
            *(row["created_at"] for row in loaded.of(number, rewards)),
            *(row["since"] for row in loaded.of(number, segment_members)),
            *(row["last_applied_at"] for row in loaded.of(number, customer_tags)),
            *(row["at"] for row in loaded.of(number, tier_changes)),
        ]
        assert [at for at in given if at >= END - dt.timedelta(days=days)] == []


def test_everyone_else_has_a_new_message_an_eligible_campaign_and_an_assigned_code(loaded: Loaded) -> None:
    everyone = {customer for number, customer in loaded.customers.items() if number not in (7, 9)}
    new = {row["customer_id"] for row in loaded.rows(messages) if row["read_at"] is None and row["ends_at"] > END}
    running = {row["id"] for row in loaded.rows(campaigns) if row["ends_at"] is None or row["ends_at"] > END}
    offered = [row for row in loaded.rows(customer_campaigns) if row["campaign_id"] in running]
    eligible = {row["customer_id"] for row in offered if row["status"] == "ELIGIBLE"}
    assigned = {row["customer_id"] for row in loaded.rows(customer_promo_codes) if row["state"] == "ASSIGNED"}
    assert new == eligible == assigned == everyone


def test_messages_are_read_opened_and_failed_in_every_combination(loaded: Loaded) -> None:
    newest, _, oldest = sorted(loaded.of(6, messages), key=lambda row: row["distributed_at"], reverse=True)
    assert (oldest["ends_at"] < END, oldest["read_at"]) == (True, END - dt.timedelta(days=95))
    opened = {one.channel.value: one.opened_at for one in newest["deliveries"]}
    assert (newest["read_at"], opened) == (
        None,
        {"IN_APP": None, "EMAIL": newest["distributed_at"] + dt.timedelta(hours=2)},
    )
    assert [one.failure_reason for one in loaded.of(19, messages)[0]["deliveries"]] == [None, "mailbox full"]


def test_a_recorded_offer_carries_its_coupon_and_a_made_up_one_can_be_hidden(loaded: Loaded) -> None:
    keys = {row["id"]: row["key"] for row in loaded.rows(offers)}
    for held in loaded.rows(customer_offers):
        origin, _, rest = keys[held["offer_id"]].partition("-")
        carried = [(field.key, field.value) for field in held["flex_fields"]]
        assert carried == ([("coupon", rest.partition("-")[2])] if origin == "completejourney" else [])
    hidden = {row["customer_id"] for row in loaded.rows(customer_offers) if not row["is_visible"]}
    made_up = {row["customer_id"] for row in loaded.rows(customer_offers) if keys[row["offer_id"]] == "five-off-fifty"}
    assert hidden == {loaded.customers[number] for number in loaded.customers if number % 5 == 2} & made_up


def test_claims_are_counted(loaded: Loaded) -> None:
    claimed = Counter(row["code"] for row in loaded.rows(customer_promo_codes) if row["state"] == "CLAIMED")
    assert {row["code"]: row["claims"] for row in loaded.rows(promo_codes) if row["claims"]} == dict(claimed)
    codes = {row["code"]: row for row in loaded.rows(promo_codes)}
    assert codes["ONCE250"]["per_customer_limit"] == 1
    assert codes["SUMMER50"]["expires_at"] == END - dt.timedelta(days=100)


def test_the_catalogue_has_every_kind_of_inventory(loaded: Loaded) -> None:
    synthetic = [row for row in loaded.rows(offers) if not row["key"].startswith("completejourney-")]
    finite = sorted(row["inventory_remaining"] for row in synthetic if row["inventory_remaining"] is not None)
    assert finite == [8, 16, 24, 140, 250, 1_000]
    assert len([row for row in synthetic if not row["is_issuable"]]) == 2
    assert len(loaded.rows(offers)) == 1_197 + 12
    assert {row["kind"] for row in loaded.rows(segments)} == {"MANUAL", "RULE"}
    assert Counter(row["kind"] for row in loaded.rows(locations)) == {"STORE": 457, "GEOFENCE": 3}
    assert len(loaded.rows(unmatched_events)) == 5


def test_every_customer_has_one_favorite_store_where_it_bought(loaded: Loaded) -> None:
    for number in loaded.customers:
        visits = Counter(row["location_id"] for row in loaded.of(number, transactions))
        favorite = [row["location_id"] for row in loaded.of(number, customer_places) if row["relation"] == "FAVORITE"]
        assert [visits[location] for location in favorite] == [max(visits.values())]
        purchased = {row["location_id"] for row in loaded.of(number, customer_places) if row["relation"] == "PURCHASED"}
        assert purchased == set(visits)


def test_free_text_opens_with_the_customers_key_alone(loaded: Loaded) -> None:
    customer = loaded.of(1, customers)[0]
    key = MasterKey(MASTER_KEY).unwrap(customer["customer_id"], customer["wrapped_key"])
    revisions = {(row["note_id"], row["version"]): row["text"] for row in loaded.of(1, note_revisions)}
    for note in loaded.of(1, notes):
        newest = key.open(revisions[note["id"], note["version"]], "note_revisions.text")
        assert key.open(note["text"], "notes.text") == newest
    question = next(row for row in loaded.of(1, direct_messages) if row["direction"] == "INBOUND")
    assert key.open(question["body"], "direct_messages.body").endswith(("?", "."))
    card = loaded.of(1, cards)[0]
    assert key.open(card["number"], "cards.number")[-4:] == card["last_four"]
    visit = next(row for row in loaded.of(1, events) if row["type"] == "store_visit")
    assert (
        msgspec.json.decode(key.open(visit["attributes"], "events.attributes"))["remark"] == "Asked for a shopping cart"
    )


def test_the_audit_log_names_the_ticket_that_an_act_answers(loaded: Loaded) -> None:
    named = 0
    for row in loaded.rows(audit_entries):
        of_customer = [ticket for ticket in loaded.rows(tickets) if ticket["customer_id"] == row["customer_id"]]
        month = [
            (ticket["submitted_at"], ticket["external_id"])
            for ticket in of_customer
            if dt.timedelta() <= row["at"] - ticket["submitted_at"] < dt.timedelta(days=30)
        ]
        assert row["ticket_id"] == (max(month)[1] if month else None)
        named += bool(month)
    assert named == 14


def test_an_export_has_the_customers_rows(loaded: Loaded) -> None:
    files = {row["customer_id"]: row["files"] for row in loaded.rows(privacy_requests) if row["type"] == "EXPORT"}
    assert set(files) == {loaded.customers[8], loaded.customers[40]}
    # What is computed over all customers, and the requests themselves, come after.
    later = {customer_metrics.name, privacy_requests.name, approvals.name}
    for customer, (file,) in files.items():
        owned = [table for table in metadata.sorted_tables if "customer_id" in table.c and table.name not in later]
        held = [row for table in owned for row in loaded.rows(table) if row["customer_id"] == customer]
        assert (file.format, file.rows) == ("CSV", len(held))


def test_the_audit_chain_holds(loaded: Loaded) -> None:
    heads = {row["customer_id"]: (row["sequence"], row["hash"]) for row in loaded.rows(audit_heads)}
    assert set(heads) == set(loaded.customers.values())
    columns = [column.name for column in audit_entries.columns if column.name != "hash"]
    for customer, head in heads.items():
        previous, count = GENESIS, 0
        chain = [row for row in loaded.rows(audit_entries) if row["customer_id"] == customer]
        for row in sorted(chain, key=lambda row: row["sequence"]):
            previous, count = next_hash(previous, [row[name] for name in columns]), count + 1
            assert (row["sequence"], row["hash"]) == (count, previous)
        assert (count, previous) == head


def test_what_went_wrong_with_a_code_fits_what_the_customer_holds(loaded: Loaded) -> None:
    held = {(row["customer_id"], row["code"]) for row in loaded.rows(customer_promo_codes) if row["state"] == "CLAIMED"}
    failed = Counter((row["customer_id"], row["reason"]) for row in loaded.rows(promo_code_errors))
    assert {reason for _, reason in failed} == {"UNKNOWN_CODE", "EXPIRED", "ALREADY_CLAIMED", "LIMITER"}
    again = {customer for customer, reason in failed if reason == "ALREADY_CLAIMED"}
    assert {(customer, "SUMMER50") for customer in again} - held == set()
    met = {(row["customer_id"], row["code"]): row["attempts"] for row in loaded.rows(promo_code_limiters)}
    assert met.keys() - held == set()
    assert {customer: times for (customer, reason), times in failed.items() if reason == "LIMITER"} == {
        customer: times for (customer, _), times in met.items()
    }
    counted = Counter(row["customer_id"] for row in loaded.rows(promo_code_errors))
    counters = {row["customer_id"]: row for row in loaded.rows(promo_code_lockouts)}
    assert {customer: row["total_failures"] for customer, row in counters.items() if row["total_failures"]} == counted
    reset = counters[loaded.customers[22]]
    assert (reset["reset_count"], reset["total_failures"], reset["consecutive_failures"]) == (1, 6, 1)
