"""A mapping that can't be is refused when the config is read, each fault by its key."""

from importlib import import_module
from typing import Any

import msgspec
import pytest

from datasources.http.lists import LISTS
from datasources.http.methods import Key, Shape, methods_of
from datasources.paging import PageRequest
from datasources.profiles import OrderDirection
from datasources.registry import Domain
from datasources.sql.source import READERS
from datasources.sql.statements import Paged
from gateway.config import ConfigError, Settings
from tests import harness
from tests.upstreams.asking import NOW
from tests.upstreams.configs import TICKET, TICKETS_OF_CUSTOMERS, helpdesk_section, processor_section

URL = "https://upstream.example"


def settings(**sources: dict[str, Any]) -> Settings:
    main = {"kind": "sql", "url": "sqlite+aiosqlite:///x.sqlite"}
    return harness.settings("", sources={"main": main, **sources})


def faults(section: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        settings(upstream=section)
    return raised.value.lines


def reading(domain: str = "tickets", **methods: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "http", "base_url": URL, "reads": {domain: methods}}


def changed(**keys: Any) -> dict[str, Any]:
    """The list of tickets with some keys otherwise, or left out where they are None."""
    return {key: value for key, value in {**TICKETS_OF_CUSTOMERS, **keys}.items() if value is not None}


def single(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in {**TICKET, **keys}.items() if value is not None}


def test_the_mappings_of_the_tests_are_good() -> None:
    settings(helpdesk=helpdesk_section(URL), processor=processor_section(URL))


AT = "sources.upstream.reads.tickets"
LIST, ONE = f"{AT}.of_customers", f"{AT}.tickets"


@pytest.mark.parametrize(
    ("section", "lines"),
    [
        (reading("tikets", x={"path": "/x"}), ["sources.upstream.reads.tikets: unknown domain"]),
        (reading("profiles", customers={"path": "/x"}), ["sources.upstream.reads.profiles: is held by a database"]),
        (reading(of_customer=changed()), [f"{AT}.of_customer: unknown method"]),
        (
            reading("privacy", history={"path": "/x", "fields": {}}),
            ["sources.upstream.reads.privacy.history: depends on whom the caller reaches: leave it out"],
        ),
        (reading(of_customers=changed(pth="/x")), [f"{LIST}.pth: unknown key"]),
        (reading(of_customers=changed(path="x/{customer_id}")), [f"{LIST}.path: must begin with a slash"]),
        (reading(of_customers=changed(path="/x/{customer_id")), [f"{LIST}.path: has a brace without its other one"]),
        (
            reading(of_customers=changed(query={"a": "{id}", "b": "{filter.status}"}, path="/{email}")),
            [f"{LIST}.query.a: has no value {{id}}", f"{LIST}.query.b: has no value {{filter.status}}"],
        ),
        (
            reading(of_customers=changed(path="/all")),
            [f"{LIST}.owner: is missing, and nothing else tells whose a row is"],
        ),
        (reading(of_customers=changed(path=None)), [f"{LIST}: needs path or from_list"]),
        (reading(of_customers=changed(items="[")), [f"{LIST}.items: must be a JMESPath expression"]),
        (reading(of_customers=changed(total="a b")), [f"{LIST}.total: must be a JMESPath expression"]),
        (
            reading(of_customers=changed(fields={**TICKETS_OF_CUSTOMERS["fields"], "subject": {"values": {}}})),
            [f"{LIST}.fields.subject: needs path or value"],
        ),
        (
            reading(of_customers=changed(fields={"id": "id", "nme": "name"})),
            [
                *(
                    f"{LIST}.fields.{name}: is missing"
                    for name in ("external_id", "system", "status", "submitted_at", "url")
                ),
                f"{LIST}.fields.nme: unknown attribute",
            ],
        ),
        (reading(of_customers=changed(fields=None)), [f"{LIST}: needs fields or fields_of"]),
        (
            reading(of_customers=changed(), tickets=single(fields_of="all")),
            [f"{ONE}.fields_of: must be a method of the domain that has fields, of the same rows"],
        ),
        (
            reading(of_customers=changed(), tickets=single(owner=None)),
            [f"{ONE}.owner: is missing, and nothing else tells whose a row is"],
        ),
        (
            reading(of_customers=changed(), tickets=single(owner={"path": "x", "equals": "name"})),
            [f"{ONE}.owner.equals: must be an identifier of customers"],
        ),
        (
            reading(of_customers=changed(), tickets=single(paging={"kind": "link"})),
            [f"{ONE}.paging: must be left out, as one row is read"],
        ),
        (
            reading(of_customers=changed(), tickets={"from_list": "tickets", "fields_of": "of_customers"}),
            [f"{ONE}.from_list: must be a method with a path whose list has these rows"],
        ),
        (
            reading(of_customers=changed(batch={"size": 10})),
            [f"{LIST}.owner: is missing, and nothing else tells whose a row is"],
        ),
        (
            reading(of_customers=changed(paging={"kind": "cursor"})),
            [f"{LIST}.paging: cursor needs parameter"],
        ),
        (
            reading(of_customers=changed(paging={"kind": "keyset", "size": "n", "after": {"a": "{after.subject}"}})),
            [f"{LIST}.paging.after.a: has no value {{after.subject}}"],
        ),
        (
            {"kind": "http", "base_url": "http://upstream.example"},
            ["sources.upstream.base_url: must be an https URL (http on a loopback address only)"],
        ),
        (
            {"kind": "http", "base_url": "https://ann:pw@upstream.example"},
            ["sources.upstream.base_url: must be an https URL without user, query and fragment"],
        ),
    ],
)
def test_a_fault_of_a_mapping_is_told_by_its_key(section: dict[str, Any], lines: list[str]) -> None:
    assert list(faults(section)) == lines


def test_all_faults_of_a_mapping_are_told_at_once() -> None:
    section = reading(of_customers=changed(items="[", total="]"), x={"path": "/x"})
    section["writes"] = {"cardReportLost": {"path": "/{id}"}, "pointsAdjust": {"path": "/x"}}
    assert faults(section) == (
        f"{LIST}.items: must be a JMESPath expression",
        f"{LIST}.total: must be a JMESPath expression",
        f"{AT}.x: unknown method",
        "sources.upstream.idempotency_header: is missing: by it the other system knows a change that is sent again",
        "sources.upstream.writes.cardReportLost: needs cards.by_id among the reads",
        "sources.upstream.writes.pointsAdjust: unknown mutation, or none that another system can carry out",
    )


@pytest.mark.parametrize(
    ("name", "write", "line"),
    [
        ("cardReportLost", {"path": "/{number}"}, "cardReportLost.path: has no value {number}"),
        ("cardReportLost", {"path": "/x", "made": "id"}, "cardReportLost.made: is of nothing"),
        ("cardRegister", {"path": "/x"}, "cardRegister.made: is missing"),
        (
            "cardReportLost",
            {"path": "/x", "refusals": {"a": "INVALID"}},
            "cardReportLost.error: is missing: refusals are told apart by it",
        ),
    ],
)
def test_a_fault_of_a_write_is_told_by_its_key(name: str, write: dict[str, Any], line: str) -> None:
    assert faults(processor_section(URL, writes={name: write})) == (f"sources.upstream.writes.{line}",)


def test_a_refusal_has_a_code_of_ours() -> None:
    write = {"path": "/x", "error": "code", "refusals": {"a": "BROKE"}}
    (line,) = faults(processor_section(URL, writes={"cardReportLost": write}))
    assert line.startswith("sources.upstream.writes.cardReportLost.refusals.a: Input should be 'INVALID', ")


def test_a_secret_comes_from_a_file_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "desk.token").write_text("from-a-file\n")
    section = helpdesk_section(URL, auth={"kind": "bearer", "token_file": str(tmp_path / "desk.token")})
    made: Any = settings(upstream=section).sources["upstream"]
    assert made.auth.secret("token") == "from-a-file"
    monkeypatch.setenv("CUSTOMER_GRAPH_SOURCES__UPSTREAM__AUTH__TOKEN", "from-the-environment")
    made = settings(upstream=helpdesk_section(URL, auth={"kind": "bearer"})).sources["upstream"]
    assert made.auth.secret("token") == "from-the-environment"


def test_a_list_has_the_order_that_the_database_has_it_in() -> None:
    """By the type of its rows, since both say what the domain promises."""
    known: dict[Any, set[Any]] = {}
    for domain in READERS:
        for found in vars(import_module(f"datasources.sql.{domain.value.lower()}")).values():
            if isinstance(found, Paged):
                known.setdefault(found.rows.make.row, set()).add((found.order, found.descending))
    compared = 0
    for title, listed in LISTS.items():
        bound, _, name = title.partition(".")
        row = methods_of(Domain[bound.upper()])[name].row
        compared += row in known and title != "locations.around"
        assert row not in known or (listed.order, listed.descending) in known[row] or title == "locations.around"
    assert compared == 28


def test_every_list_that_can_be_mapped_has_an_order() -> None:
    paged = {
        method.title
        for domain in Domain
        for method in methods_of(domain).values()
        if method.shape is Shape.PAGE and "within" not in method.shared
    }
    assert paged == LISTS.keys()


def test_the_event_stream_can_be_read_from_its_beginning() -> None:
    stream = LISTS["events.stream"]
    page = PageRequest(NOW, first=1)
    assert stream.is_descending(page)
    assert not stream.is_descending(msgspec.structs.replace(page, order=OrderDirection.ASC))


def test_what_a_key_is_is_told_by_the_protocol() -> None:
    kinds = {method.title: method.key for domain in Domain for method in methods_of(domain).values()}
    assert [kinds[title] for title in ("tickets.tickets", "tags.held", "cards.history", "tags.in_use")] == [
        Key.OWNED,
        Key.NAMED,
        Key.ID,
        Key.TEXT,
    ]
    assert [kinds[title] for title in ("locations.nearest", "offers.catalogue", "points.accounts")] == [
        Key.POINT,
        Key.NONE,
        Key.CUSTOMER,
    ]
