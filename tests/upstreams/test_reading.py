"""What is asked of an upstream for how many keys, and what of its answers is shown to whom."""

from typing import Any
from uuid import UUID

import pytest

from datasources.cards import CardFilter, CardStatus
from datasources.errors import InvalidRequest, ListTooLong, NotConfigured, SourceRefused
from datasources.http.ids import id_of
from datasources.ids import CustomerId, EntityId, OwnedId
from datasources.offers import OfferFilter
from datasources.registry import Domain
from tests.harness import Gateway
from tests.upstreams.asking import NOW, first, ids, members, reader, told
from tests.upstreams.configs import TICKETS_OF_CUSTOMERS, helpdesk_section, processor_section
from tests.upstreams.conftest import Desked, Processing


def people(count: int) -> list[CustomerId]:
    """Customers whom nobody but the processor knows."""
    return [CustomerId(UUID(int=number)) for number in range(1, count + 1)]


def owned(customer: CustomerId, text: str) -> OwnedId:
    return customer, id_of(text)


async def test_a_thousand_keys_in_batches_of_a_hundred_are_ten_calls(gateway: Gateway, cards: Processing) -> None:
    section = processor_section(cards.upstream.url, "customer_id")
    keys = people(1_000)
    async with reader(section, Domain.CARDS, gateway) as read:
        pages = await read.cards(keys, first(20, want_total=True))
    asked = [request for request in cards.upstream.requests if request.url.path == "/v1/cards"]
    assert [len(request.query_params.getlist("customer")) for request in asked] == [100] * 10
    assert len(cards.upstream.requests) == 11  # the token
    assert [page.total for page in pages] == [number % 3 for number in range(1, 1_001)]
    assert ids(pages[997]) == ["card_998_1", "card_998_0"]


async def test_keys_of_their_own_calls_are_asked_for_a_few_at_a_time(gateway: Gateway, desk: Desked) -> None:
    whole = {**TICKETS_OF_CUSTOMERS, "paging": None}
    section = helpdesk_section(desk.upstream.url, max_calls=4, reads={"tickets": {"of_customers": whole}})
    desk.upstream.pause_s = 0.03
    async with reader(section, Domain.TICKETS, gateway) as read:
        await read.of_customers(members(gateway, *range(1, 31)), first(1))
    assert (len(desk.upstream.requests), desk.upstream.most_at_once) == (30, 4)


async def test_a_key_that_is_asked_for_twice_is_asked_for_once(gateway: Gateway, desk: Desked) -> None:
    (ann,) = members(gateway, 2)
    pages = await gateway.runtime.sources.tickets.of_customers([ann, ann], first(1))
    assert told(pages) == [["2001"], ["2001"]]
    assert len(desk.upstream.requests) == 1


async def test_whom_an_upstream_does_not_know_it_is_not_asked_for(gateway: Gateway, desk: Desked) -> None:
    strangers = people(2)
    tickets = gateway.runtime.sources.tickets
    assert told(await tickets.of_customers(strangers, first(5, want_total=True))) == [[], []]
    assert await tickets.tickets([owned(strangers[0], "2001")]) == [None]
    # By-id calls name no customer, so the owner of what comes back decides.
    assert desk.upstream.asked == ["GET /api/v2/tickets/2001.json"]


async def test_a_row_of_somebody_else_is_not_shown(gateway: Gateway, desk: Desked, cards: Processing) -> None:
    ann, bob = members(gateway, 2, 8)
    tickets, read = gateway.runtime.sources.tickets, gateway.runtime.sources.cards
    forged = [owned(bob, "2001"), owned(ann, "2001"), owned(ann, "8001"), owned(ann, "nothing")]
    assert [row and row.external_id for row in await tickets.tickets(forged)] == [None, "2001", None, None]
    found = await read.by_id([owned(bob, "card_2_1"), owned(ann, "card_2_1")], NOW)
    assert [row and row.card_number for row in found] == [None, "6006000000020001"]
    assert await read.changes([owned(bob, "card_2_1-t3")]) == [None]


async def test_a_row_without_a_call_of_its_own_is_found_in_the_list(gateway: Gateway, cards: Processing) -> None:
    ann, bob = members(gateway, 4, 8)
    numbers = [10_000_000_000_000_000 + 400, 10_000_000_000_000_000 + 802]
    keys = [owned(ann, str(numbers[0])), owned(bob, str(numbers[1])), owned(bob, str(numbers[0]))]
    found = await gateway.runtime.sources.cards.loyalty_cards_by_id(keys)
    assert [row and row.number for row in found] == ["L0000040", "L0000082", None]
    pages = [path for path in cards.upstream.asked if "loyalty" in path]
    # Four rows in pages of two: the third page is empty. Three rows: the second one is not full.
    assert sorted(pages) == [
        *(f"GET /v1/loyalty?member=4&size=2&page={page}" for page in range(3)),
        *(f"GET /v1/loyalty?member=8&size=2&page={page}" for page in range(2)),
    ]


async def test_a_history_tells_whose_it_is(gateway: Gateway, cards: Processing) -> None:
    (ann,) = members(gateway, 2)
    (page,) = await gateway.runtime.sources.cards.history([id_of("card_2_0")], first(2, want_total=True))
    assert [(row.customer_id, row.amount_minor) for row in page.rows] == [(ann, 1_000), (ann, -305)]
    assert (page.total, page.has_next, page.has_previous) == (7, True, False)
    assert cards.upstream.asked[-1] == "GET /v1/cards/card_2_0/transactions?limit=3"


@pytest.mark.parametrize(("prefix", "times"), [("", 1), ("transaction-number-", 3)])
async def test_a_history_is_paged_by_its_rows_whatever_their_ids(
    gateway: Gateway, cards: Processing, prefix: str, times: int
) -> None:
    """What an id too long to be read back stands behind is read from the beginning again."""
    cards.state.prefix = prefix
    read, card, met = gateway.runtime.sources.cards, id_of("card_2_0"), []
    (page,) = await read.history([card], first(3))
    while True:
        met += page.rows
        if not page.has_next:
            break
        (page,) = await read.history([card], first(3, after=page.position_of(page.rows[-1])))
    assert [row.balance_after_minor for row in met] == [2_600, 2_500, 2_400, 2_300, 2_200, 2_100, 2_000]
    asked = [path for path in cards.upstream.asked if "transactions" in path]
    assert sum("starting_after" not in path for path in asked) == times


async def test_no_more_pages_are_read_than_are_needed(gateway: Gateway, desk: Desked) -> None:
    (ann,) = members(gateway, 17)
    tickets = gateway.runtime.sources.tickets
    (page,) = await tickets.of_customers([ann], first(2, want_total=True))
    assert (ids(page), page.total, page.has_next) == (["17016", "17015"], 17, True)
    path = "GET /api/v2/users/17/tickets/requested.json?sort_by=created_at&sort_order=desc"
    # 17015 and the one behind it came at the same time, so the page after it is read as well.
    assert desk.upstream.asked == [f"{path}&per_page=3", f"{path}&per_page=3&page=2"]
    desk.upstream.forget()
    (page,) = await tickets.of_customers([ann], first(3, after=page.position_of(page.rows[1])))
    assert (ids(page), page.has_next, page.has_previous) == (["17014", "17013", "17012"], True, True)
    assert desk.upstream.asked == [f"{path}&per_page=5", f"{path}&per_page=5&page=2"]


async def test_a_list_that_is_too_long_to_be_held_fails_alone(gateway: Gateway, desk: Desked) -> None:
    of_customers = {**TICKETS_OF_CUSTOMERS, "sorted": False, "max_rows": 10}
    section = helpdesk_section(desk.upstream.url, reads={"tickets": {"of_customers": of_customers}})
    async with reader(section, Domain.TICKETS, gateway) as read:
        answers = await read.of_customers(members(gateway, 17, 9), first(1))
        assert told(answers) == [
            "reading tickets.of_customers: the source upstream has more rows than are read at once.",
            ["9008"],
        ]
        with pytest.raises(ListTooLong) as raised:
            await read.of_customers(members(gateway, 17), first(1))
    assert raised.value.retryable is False


async def test_what_is_not_mapped_is_not_set_up(gateway: Gateway, desk: Desked) -> None:
    section = helpdesk_section(desk.upstream.url, reads={"tickets": {"of_customers": TICKETS_OF_CUSTOMERS}})
    async with reader(section, Domain.TICKETS, gateway) as read:
        with pytest.raises(NotConfigured) as raised:
            await read.tickets([owned(people(1)[0], "1")])
    assert str(raised.value) == "reading tickets.tickets: the source upstream is not set up."
    assert desk.upstream.requests == []


def filtering(url: str) -> dict[str, Any]:
    section = processor_section(url)
    section["reads"]["cards"]["cards"]["query"]["state"] = "{filter.status}"
    return section


async def test_a_filter_is_asked_for_in_the_words_of_the_upstream(gateway: Gateway, cards: Processing) -> None:
    wanted = CardFilter((CardStatus.LOST, CardStatus.STOLEN))
    async with reader(filtering(cards.upstream.url), Domain.CARDS, gateway) as read:
        pages = await read.cards(members(gateway, 5, 17), first(5, filter=wanted, want_total=True))
        assert [(ids(page), page.total) for page in pages] == [(["card_5_1"], 1), (["card_17_1"], 1)]
        assert cards.upstream.asked[-1] == "GET /v1/cards?customer=5&customer=17&state=MISSING%2CBLOCKED&limit=200"
        await read.cards(members(gateway, 5), first(5, filter=CardFilter()))
    assert cards.upstream.asked[-1] == "GET /v1/cards?customer=5&limit=200"


CATALOGUE: dict[str, Any] = {
    "path": "/offers",
    "items": "offers",
    "fields": {
        "id": "code",
        "key": "code",
        "name": "name",
        "type": {"value": "CUSTOM"},
        "title": "name",
        "is_active": {"value": True},
        "is_issuable": {"value": True},
        "created_at": "since",
    },
}


async def test_a_filter_that_rows_tell_nothing_of_is_refused(gateway: Gateway, desk: Desked) -> None:
    held = {**CATALOGUE, "path": "/held/{customer_id}"}
    fields = {f"offer_{name}": field for name, field in CATALOGUE["fields"].items()}
    own = {"id": "code", "state": {"value": "ISSUED"}, "issued_at": "since", "flex_fields": {"value": []}}
    held["fields"] = {**fields, **own, "is_visible": {"value": True}}
    section = {
        "kind": "http",
        "base_url": desk.upstream.url,
        "reads": {"offers": {"held": held, "catalogue": CATALOGUE}},
    }
    async with reader(section, Domain.OFFERS, gateway) as read:
        assert read.capabilities["catalogue"].filters == {"is_active", "type", "name_contains"}
        with pytest.raises(InvalidRequest) as raised:
            await read.catalogue(first(1, filter=Nameless()))
    assert (str(raised.value), raised.value.path) == (
        "The source upstream can't filter this list by colour.",
        ("filter", "colour"),
    )
    assert desk.upstream.requests == []


class Nameless(OfferFilter, frozen=True):
    """A filter by what offers have not."""

    colour: str = "red"


LONG = "ch_3MmlLrLkdIwHu7ix0snN0B15"


async def test_an_id_too_long_to_be_read_back_is_found_in_a_list_or_said_to_be_so(
    gateway: Gateway, desk: Desked
) -> None:
    desk.desk.changed[2001] = {"id": LONG}
    (ann,) = members(gateway, 2)
    key: OwnedId = ann, EntityId(id_of(LONG))
    section = helpdesk_section(desk.upstream.url)
    async with reader(section, Domain.TICKETS, gateway) as read:
        with pytest.raises(SourceRefused) as raised:
            await read.tickets([key])
        assert str(raised.value) == (
            "reading tickets.tickets by an id of more than 15 characters: the source upstream can't do this."
        )
    section["reads"]["tickets"]["tickets"] = {**section["reads"]["tickets"]["tickets"], "from_list": "of_customers"}
    async with reader(section, Domain.TICKETS, gateway) as read:
        found = await read.tickets([key, owned(ann, "2000"), (ann, EntityId(id_of(LONG + "x")))])
    assert [row and row.external_id for row in found] == [LONG, "2000", None]
