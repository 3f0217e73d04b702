"""A folder of files, one a domain: loaded whole or not at all, on each backend."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import make_url

from datasources.audit_chain import GENESIS, next_hash
from datasources.importing import ImportBroken
from datasources.importing.layout import DOMAINS, LayoutReport, load_layout, shapes
from datasources.sql.tables import metadata
from tests.demo import MASTER_KEY, execute, finished
from tests.harness import opened

from .conftest import dump
from .layouts import ANSWER, QUERY, SAMPLE, Row, Target, lines, opened_rows, to_csv, told, write
from .mistakes import MISTAKES

ROWS = {
    "locations": 2,
    "profiles": 4,
    "segments": 2,
    "campaigns": 2,
    "transactions": 2,
    "offers": 3,
    "promo_codes": 5,
    "points": 9,
    "tiers": 4,
    "cards": 5,
    "notes": 1,
    "rewards": 1,
    "tags": 6,
    "messages": 2,
    "devices": 2,
    "tickets": 1,
    "metrics": 1,
    "privacy": 1,
    "audit": 3,
    "events": 1,
}


TASTE = {"key": "taste", "is_multi_value": True}


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "sqlite":
        yield Target(f"sqlite+aiosqlite:///{tmp_path / 'layout.sqlite'}")
        return
    server, name = make_url(request.getfixturevalue("postgres_url")), f"customer_graph_test_{uuid4().hex}"
    finished(execute(server, f'CREATE DATABASE "{name}"'))
    try:
        yield Target(server.set(database=name).render_as_string(hide_password=False))
    finally:
        finished(execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "one.sqlite"


@pytest.fixture
def one(file: Path) -> Target:
    """A database on SQLite, for what is the same on every backend."""
    return Target(f"sqlite+aiosqlite:///{file}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample to be changed."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "folder"))


def test_every_domain_has_a_sample_and_a_schema_with_a_description_of_every_property() -> None:
    assert sorted(ROWS) == sorted(DOMAINS)
    for domain in DOMAINS:
        assert len(lines(SAMPLE, domain)) == ROWS[domain]
        for shape in shapes(domain).values():
            assert [name for name, part in shape.properties.items() if not part["description"].endswith(".")] == []
            assert shape.schema["additionalProperties"] is False


def test_everything_is_loaded_and_a_second_time_changes_nothing(target: Target) -> None:
    assert target.load() == LayoutReport(ROWS, 0, (), 0)
    before = target.everything()
    assert target.load() == LayoutReport(dict.fromkeys(ROWS, 0), 57, (), 0)
    assert target.everything() == before


def test_balances_lots_and_allocations_follow_from_the_entries(target: Target) -> None:
    target.load()
    mine, other = sorted(target.rows("point_accounts"), key=lambda row: -row["balance"])
    shown = ("balance", "pending", "held", "lifetime_earned", "lifetime_spent", "lifetime_expired", "sequence")
    assert [mine[name] for name in shown] == [100, 0, 0, 150, 0, 50, 8]
    assert [other[name] for name in shown] == [10, 0, 0, 10, 0, 0, 1]
    entries = [row for row in target.rows("point_entries") if row["customer_id"] == mine["customer_id"]]
    entries.sort(key=lambda row: row["sequence"])
    assert [row["balance_after"] for row in entries] == [115, 165, 95, 125, 95, 165, 115, 100]
    assert [row["balance_before"] for row in entries] == [0, 115, 165, 95, 125, 95, 165, 115]
    names = {row["id"]: f"p-{number}" for number, row in enumerate(entries, 1)}
    lots = {names.get(row["entry_id"]): row for row in target.rows("point_lots")}
    kept = ("points", "amount_spent", "amount_expired", "remaining")
    assert {name: tuple(row[column] for column in kept) for name, row in lots.items()} == {
        "p-1": (115, 15, 0, 100),
        "p-2": (50, 0, 50, 0),
        "p-4": (30, 30, 0, 0),
        "p-6": (70, 70, 0, 0),
        None: (10, 0, 0, 10),
    }
    taken = {(names[row["debit_id"]], names[row["lot_id"]], row["points"]) for row in target.rows("point_allocations")}
    assert taken == {
        ("p-3", "p-2", 50),
        ("p-3", "p-1", 20),
        ("p-5", "p-4", 30),
        ("p-6", "p-2", 50),
        ("p-6", "p-1", 20),
        ("p-7", "p-2", 50),
        ("p-8", "p-1", 15),
    }
    assert sum(row["points"] for row in target.rows("point_days")) == 110
    assert sum(row["entries"] for row in target.rows("point_days")) == 9


def test_a_later_import_goes_on_from_what_is_there(target: Target, tmp_path: Path) -> None:
    target.load()
    later = tmp_path / "later"
    later.mkdir()
    shared = {"account": "points", "source": "manual"}
    spend = {"customer": "crm:member-1", "id": "p-9", "kind": "SPEND", "modification": -40}
    undo = {"customer": "C-2", "id": "p-2", "kind": "REVERSAL", "modification": -10, "reverses": "p-1"}
    again = {"customer": "C-1", "id": "p-10", "kind": "REVERSAL", "modification": 40, "reverses": "p-9"}
    write(later, "points", [row | shared | {"occurred_at": "2026-05-01T00:00:00Z"} for row in (spend, undo)])
    move = {
        "record": "movement",
        "customer": "C-1",
        "id": "m-3",
        "card": "7700000000000001",
        "at": "2025-08-01T00:00:00Z",
    }
    write(later, "cards", [move | {"activity": "SPEND", "amount_minor": -750}])
    write(later, "tags", [{"customer": "C-1", "key": "helped", "action": "ADDED", "at": "2025-04-01T00:00:00Z"}])
    entry = lines(SAMPLE, "audit")[0] | {"id": "a-3", "at": "2026-04-01T00:00:00Z"}
    write(later, "audit", [entry])
    assert target.load(later) == LayoutReport({"points": 2, "cards": 1, "tags": 1, "audit": 1}, 0, (), 0)
    write(later, "points", [again | shared | {"occurred_at": "2026-05-02T00:00:00Z"}])
    assert target.load(later).added == {"points": 1, "cards": 0, "tags": 0, "audit": 0}
    accounts = sorted(target.rows("point_accounts"), key=lambda row: -row["balance"])
    shown = ("balance", "lifetime_earned", "lifetime_spent", "sequence")
    assert [tuple(row[name] for name in shown) for row in accounts] == [(100, 150, 0, 10), (0, 0, 0, 2)]
    assert sorted(row["remaining"] for row in target.rows("point_lots")) == [0, 0, 0, 0, 0, 100]
    assert [row["balance_minor"] for row in target.rows("cards")] == [3000]
    moves = sorted(target.rows("card_history"), key=lambda row: row["at"])
    assert [row["balance_after_minor"] for row in moves] == [5000, 3750, 3000]
    assert [(row["key"], row["value_key"], row["count"]) for row in target.rows("customer_tags")] == [
        ("color", "blue", 1),
        ("helped", "", 3),
    ]
    assert_chained(target)


def test_a_tag_of_several_values_has_them_beside_each_other(target: Target, folder: Path) -> None:
    settings = msgspec.json.decode((folder / "program.json").read_bytes())
    (folder / "program.json").write_bytes(msgspec.json.encode(settings | {"tags": [TASTE]}))
    at, later = "2025-02-01T09:00:00Z", "2025-03-01T09:00:00Z"
    taste = {"customer": "C-1", "key": "taste", "at": at}
    added = [taste | {"action": "ADDED", "value": value} for value in ("sweet", "sour", "salty")]
    again = taste | {"action": "ADDED", "value": "sour", "at": later}
    off = taste | {"action": "REMOVED", "value": "sweet", "at": later}
    write(folder, "tags", [*added, taste | {"action": "ADDED"}, again, off])
    target.load(folder)
    held = sorted((row["value_key"], row["count"]) for row in target.rows("customer_tags"))
    assert held == [("", 1), ("salty", 1), ("sour", 2)]


def assert_chained(target: Target) -> None:
    names = [column.name for column in metadata.tables["audit_entries"].columns if column.name != "hash"]
    previous = GENESIS
    for row in sorted(target.rows("audit_entries"), key=lambda row: row["sequence"]):
        previous = next_hash(previous, [row[name] for name in names])
        assert row["hash"] == previous
    assert [(row["sequence"], row["hash"]) for row in target.rows("audit_heads")] == [(3, previous)]


def test_csv_loads_what_jsonl_does(one: Target, tmp_path: Path) -> None:
    to_csv(SAMPLE, tmp_path / "csv")
    other = Target(f"sqlite+aiosqlite:///{tmp_path / 'other.sqlite'}")
    assert other.load(tmp_path / "csv") == one.load() == LayoutReport(ROWS, 0, (), 0)
    assert opened_rows(other) == opened_rows(one)
    assert other.load(SAMPLE) == LayoutReport(dict.fromkeys(ROWS, 0), 57, (), 0)


def test_free_text_is_sealed_and_personal_numbers_are_hashed(one: Target, file: Path) -> None:
    one.load()
    assert opened_rows(one)["notes"][0]["text"] == "Asked about hours, answered"
    content = file.read_bytes()
    for text in (b"Asked about hours", b"7700000000000001", b"Where are my points", b"Asked for a cart"):
        assert text not in content


def test_a_check_stores_nothing(one: Target, file: Path) -> None:
    before = dump(file)
    assert one.load(check=True) == LayoutReport(ROWS, 0, (), 0)
    assert dump(file) == before


def test_a_check_needs_no_database() -> None:
    found = asyncio.run(load_layout(None, SAMPLE, master_key=MASTER_KEY, check=True))
    assert found == LayoutReport(ROWS, 0, (), 0)


def test_a_row_that_differs_from_what_was_imported_is_refused(one: Target, file: Path, folder: Path) -> None:
    one.load()
    before = dump(file)
    rows = lines(folder, "tickets")
    write(folder, "tickets", [rows[0] | {"status": "closed"}])
    assert told(one.load(folder)) == ["tickets.jsonl:1: differs from the row that was imported under the same key"]
    settings = (folder / "program.json").read_text().replace("Corner Shops Club", "Another Club")
    (folder / "program.json").write_text(settings)
    assert told(one.load(folder))[0] == "program.json:1: differs from the program that the database holds"
    assert dump(file) == before


def test_loyalty_numbers_are_found_however_they_were_spelled(one: Target, folder: Path) -> None:
    customers, cards = lines(folder, "profiles"), lines(folder, "cards")
    write(folder, "profiles", [customers[0] | {"loyalty_number": "90-0000 0001"}, *customers[1:]])
    write(folder, "cards", [*cards[:4], cards[4] | {"number": "80-0000 0001"}])
    assert told(one.load(folder)) == []
    found = {row["value"]: row["is_replaced"] for row in one.rows("identifiers") if row["kind"] == "LOYALTY_NUMBER"}
    assert found == {"9000000001": False, "8000000001": True}


@pytest.mark.parametrize(("domain", "number", "change", "expected"), MISTAKES, ids=[found[3] for found in MISTAKES])
def test_a_mistake_is_told_by_its_line_column_and_reason(
    one: Target, file: Path, folder: Path, *, domain: str, number: int, change: Row, expected: str
) -> None:
    rows = lines(folder, domain)
    rows[number - 1] |= change
    write(folder, domain, rows)
    before = dump(file)
    report = one.load(folder)
    assert (report.bad, told(report)) == (1, [expected])
    assert dump(file) == before


def test_what_refers_to_a_bad_row_is_told_too(one: Target, folder: Path) -> None:
    rows = lines(folder, "cards")
    write(folder, "cards", [rows[0] | {"number": "8800000000000001"}, *rows[1:]])
    assert told(one.load(folder)) == [
        "cards.jsonl:1: /number: begins like no card product of the program",
        "cards.jsonl:2: /card: is no known card of the customer",
        "cards.jsonl:3: /card: is no known card of the customer",
    ]


def test_files_that_can_not_be_read_are_told_by_their_lines(one: Target, folder: Path) -> None:
    (folder / "tickets.jsonl").write_bytes(b'\n{"customer": \n["C-1"]\n{"customer": "\xff"}\n')
    (folder / "rewards.jsonl").unlink()
    (folder / "rewards.csv").write_bytes(b'customer,id\nC-1,r-1,x\nC-1,\xff\n"open')
    (folder / "notes.csv").write_text("customer\n")
    (folder / "devices.jsonl").unlink()
    (folder / "devices.csv").write_text("customer,customer\n")
    (folder / "rooms.jsonl").write_text("")
    assert told(one.load(folder)) == [
        "devices.csv:1: names a column twice",
        "notes.csv:1: notes.jsonl is there too: one file a domain",
        "rewards.csv:2: has 3 cells, the header has 2",
        "rewards.csv:3: is not UTF-8",
        "rewards.csv:4: is no CSV row (RFC 4180)",
        "rooms.jsonl:1: is no domain's file",
        "tickets.jsonl:2: is no JSON object in UTF-8",
        "tickets.jsonl:3: is no JSON object in UTF-8",
        "tickets.jsonl:4: is no JSON object in UTF-8",
    ]


def test_a_program_that_does_not_fit_is_told_by_its_path(one: Target, folder: Path) -> None:
    text = (folder / "program.json").read_text()
    (folder / "program.json").write_text(text.replace('"rank": 1', '"rank": "first"'))
    assert told(one.load(folder)) == ["program.json:1: $.tier_systems[0].tiers[0].rank: expected `int`, got `str`"]
    (folder / "program.json").unlink()
    with pytest.raises(ImportBroken, match="the database holds no program yet: the folder needs a program.json"):
        one.load(folder)


def test_a_csv_cell_is_told_by_its_column(one: Target, tmp_path: Path) -> None:
    to_csv(SAMPLE, tmp_path / "csv")
    file = tmp_path / "csv" / "points.csv"
    file.write_text(file.read_text().replace(",115,", ",many,"))
    assert told(one.load(tmp_path / "csv")) == ["points.csv:2: modification: must be a whole number"]


def test_a_hundred_bad_rows_are_listed_and_all_are_counted(one: Target, folder: Path) -> None:
    write(folder, "tickets", [{"customer": "C-1"}] * 30)
    report = one.load(folder)
    assert (len(report.problems), report.bad) == (100, 150)


async def test_the_gateway_serves_what_was_loaded(target: Target) -> None:
    finished(loaded(target))
    async with opened(target.url) as gateway:
        answer = await gateway.run(QUERY.read_text(), {"id": gateway.customer_id("C-1")})
    assert answer.errors == []
    assert answer.data == msgspec.json.decode(ANSWER.read_bytes())


async def loaded(target: Target) -> None:
    await load_layout(target.url, SAMPLE, master_key=MASTER_KEY)
