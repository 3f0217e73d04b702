"""Other domains, mapped to lists that are paged in every way."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from datasources.campaigns import CampaignFilter, CampaignTab
from datasources.errors import NotConfigured
from datasources.events import Surfaced
from datasources.http.ids import id_of
from datasources.ids import EntityId
from datasources.layers import Call, Layered
from datasources.locations import Around, LocationFilter, LocationKind
from datasources.metrics import ExternalMetric
from datasources.profiles import OrderDirection
from datasources.registry import Domain
from datasources.values import DateTimeRange, GeoPoint
from tests.harness import Gateway
from tests.upstreams.asking import NOW, first, ids, members, reader
from tests.upstreams.configs import BY_HOUSEHOLD
from tests.upstreams.serving import Upstream, serving
from tests.upstreams.shelves import Shelves, shelves


@pytest.fixture(scope="module")
def shelf() -> Iterator[tuple[Upstream, Shelves]]:
    app, lists = shelves()
    with serving(app) as upstream:
        yield upstream, lists


@asynccontextmanager
async def mapped(
    shelf: tuple[Upstream, Shelves], gateway: Gateway, domain: Domain, **methods: dict[str, Any]
) -> AsyncIterator[tuple[Any, Upstream]]:
    upstream, _ = shelf
    upstream.forget()
    section = {"kind": "http", "base_url": upstream.url, "reads": {domain.value.lower(): methods}}
    async with reader(section, domain, gateway) as read:
        yield read, upstream


MESSAGES = [
    {
        "id": f"m{number}",
        "owner": "8",
        "title": f"Message {number}",
        "sent": f"2026-01-{number + 1:02d}T08:00:00Z",
        "read": number < 3,
        "channels": [{"channel": "EMAIL", "sent_at": f"2026-01-{number + 1:02d}T08:00:00Z"}],
    }
    for number in (4, 1, 6, 0, 3, 5, 2)
]
MESSAGE_FIELDS = {
    "id": "id",
    "display_title": "title",
    "preview": "title",
    "distributed_at": "sent",
    "status": {"path": "read", "values": {"true": "READ", "false": "NEW"}},
    "deliveries": "channels",
}
LINK, CURSOR = {"kind": "link"}, {"kind": "cursor", "parameter": "cursor", "next": "next"}
PAGE = {"kind": "page", "parameter": "page", "next": "meta.more"}
NUMBERED = {"kind": "page", "parameter": "page"}
OFFSET = {"kind": "offset", "parameter": "offset", "size": "size", "most": 3}


@pytest.mark.parametrize(
    ("path", "paging", "items", "calls"),
    [
        ("/links/messages", LINK, None, 3),
        ("/cursors/messages", CURSOR, "items", 3),
        ("/pages/messages", PAGE, "items", 3),
        ("/pages/messages", NUMBERED, "items", 4),
        ("/offsets/messages", OFFSET, "items", 3),
        ("/whole/messages", None, None, 1),
    ],
)
async def test_a_list_is_read_to_its_end_however_it_is_paged_and_put_in_order(
    shelf: tuple[Upstream, Shelves],
    gateway: Gateway,
    path: str,
    paging: dict[str, Any] | None,
    items: str | None,
    calls: int,
) -> None:
    shelf[1]["messages"] = MESSAGES
    inbox = {
        "path": path,
        "query": {"owner": f"{{{BY_HOUSEHOLD}}}"},
        "items": items,
        "paging": paging,
        "fields": MESSAGE_FIELDS,
    }
    async with mapped(shelf, gateway, Domain.MESSAGES, inbox=inbox) as (read, upstream):
        (page,) = await read.inbox(members(gateway, 8), first(4, want_total=True))
        assert (ids(page), page.total, page.has_next) == (["m6", "m5", "m4", "m3"], 7, True)
        assert len(upstream.requests) == calls
        (page,) = await read.inbox(members(gateway, 8), first(4, after=page.position_of(page.rows[3])))
        assert (ids(page), page.has_next, page.has_previous) == (["m2", "m1", "m0"], False, True)


async def test_many_customers_are_searched_for_by_a_body(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    shelf[1]["messages"] = [*MESSAGES, {**MESSAGES[0], "id": "m9", "owner": "17"}, {**MESSAGES[0], "owner": "99"}]
    inbox = {
        "path": "/search/messages",
        "method": "POST",
        "body": {"owners": f"{{{BY_HOUSEHOLD}}}"},
        "batch": {"size": 2},
        "owner": {"path": "owner", "equals": BY_HOUSEHOLD},
        "fields": MESSAGE_FIELDS,
    }
    async with mapped(shelf, gateway, Domain.MESSAGES, inbox=inbox) as (read, upstream):
        pages = await read.inbox(members(gateway, 8, 17, 5), first(2))
    assert [ids(page) for page in pages] == [["m6", "m5"], ["m9"], []]
    assert upstream.asked == ["POST /search/messages"] * 2


async def test_campaigns_are_put_under_their_tabs(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    shelf[1]["campaigns"] = [
        {"id": "c1", "since": "2026-01-01T00:00:00Z", "done": True},
        {"id": "c2", "since": "2026-01-02T00:00:00Z", "done": False},
        {"id": "c3", "since": "2027-01-01T00:00:00Z", "done": False},
    ]
    campaigns = {
        "path": "/whole/campaigns",
        "query": {"of": "{customer_id}"},
        "fields": {
            "id": "id",
            "campaign_key": "id",
            "name": "id",
            "type": {"value": "PROMOTION"},
            "status": {"path": "done", "values": {"true": "COMPLETED", "false": "ELIGIBLE"}},
            "starts_at": "since",
        },
    }
    async with mapped(shelf, gateway, Domain.CAMPAIGNS, campaigns=campaigns) as (read, _):
        found = {
            tab: ids((await read.campaigns(members(gateway, 8), first(9, filter=CampaignFilter(tab))))[0])
            for tab in CampaignTab
        }
    assert found == {
        CampaignTab.ALL: ["c3", "c2", "c1"],
        CampaignTab.ACTIVE: ["c2"],
        CampaignTab.COMPLETED: ["c1"],
    }


async def test_metrics_of_another_provider(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    (ann, bob) = members(gateway, 8, 9)
    shelf[1]["scores"] = [{"id": str(ann), "at": 1_769_000_000, "listening": 0.75}]
    external = "[{provider: 'ears', name: 'listening', value: listening, computed_at: '2026-01-21T00:00:00Z'}]"
    metrics = {
        "path": "/one/scores/{customer_id}",
        "fields": {
            "computed_at": {"path": "at", "unit": "s"},
            "metrics.currency": {"value": "USD"},
            "metrics.rfm": {"value": {}},
            "metrics.engagement": {"value": {}},
            "metrics.external": external,
        },
    }
    async with mapped(shelf, gateway, Domain.METRICS, metrics=metrics) as (read, _):
        found = await read.metrics([ann, bob])
    assert found[1] is None
    assert (found[0].customer_id, found[0].external) == (
        ann,
        (ExternalMetric("ears", "listening", 0.75, NOW.replace(day=21, hour=0)),),
    )


STORES: list[dict[str, Any]] = [
    {"id": "s1", "name": "Berlin", "lat": 52.5, "lon": 13.4, "franchise": True},
    {"id": "s2", "name": "Aachen", "lat": 50.8, "lon": 6.1, "franchise": False},
    {"id": "s3", "name": "Nowhere", "lat": None, "lon": None, "franchise": False},
    {"id": "s4", "name": "Potsdam", "lat": 52.4, "lon": 13.06, "franchise": False},
]
LISTED = {
    "path": "/offsets/stores",
    "items": "items",
    "paging": OFFSET,
    "fields": {
        "id": "id",
        "kind": {"value": "STORE"},
        "name": "name",
        "store_id": "id",
        "latitude": "lat",
        "longitude": "lon",
        "timezone": {"value": "Europe/Berlin"},
        "hours": {"value": []},
        "is_open_24_hours": {"value": True},
        "is_franchise": "franchise",
        "participations": {"value": []},
    },
}
FROM_LIST = {"from_list": "listed"}
BERLIN = GeoPoint(52.52, 13.405)


async def test_locations_are_listed_measured_and_found(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    shelf[1]["stores"] = STORES
    by_store_id = {"path": "/one/stores/{key}", "fields_of": "listed"}
    async with mapped(
        shelf,
        gateway,
        Domain.LOCATIONS,
        listed=LISTED,
        locations=FROM_LIST,
        around=FROM_LIST,
        nearest=FROM_LIST,
        by_store_id=by_store_id,
    ) as (read, _):
        assert ids(await read.listed(first(2))) == ["s2", "s1"]
        page = await read.listed(first(9, filter=LocationFilter(kinds=(LocationKind.STORE,), is_franchise=False)))
        assert ids(page) == ["s2", "s3", "s4"]
        found = await read.locations([id_of("s4"), EntityId(id_of("s9"))])
        assert [row and row.name for row in found] == ["Potsdam", None]
        assert [row and row.name for row in await read.by_store_id(["s2", "s7"])] == ["Aachen", None]
        page = await read.around(first(9, filter=Around(BERLIN, 100_000), want_total=True))
        assert ([(row.name, row.distance_meters) for row in page.rows], page.total) == (
            [("Berlin", 2_249.5), ("Potsdam", 26_915.1)],
            2,
        )
        (near, none) = await read.nearest([BERLIN, GeoPoint(0.0, 0.0)], 1_000_000, 2)
        assert ([row.name for row in near], none) == (["Berlin", "Potsdam"], ())


async def test_a_catalogue_that_is_missing_is_no_empty_one(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    listed = {**LISTED, "path": "/nothing"}
    async with mapped(shelf, gateway, Domain.LOCATIONS, listed=listed) as (read, _):
        with pytest.raises(Exception, match=r"reading locations\.listed: the source upstream can't do this\."):
            await read.listed(first(2))


async def test_the_event_stream_is_read_from_either_end(shelf: tuple[Upstream, Shelves], gateway: Gateway) -> None:
    shelf[1]["events"] = [
        {"id": f"e{number}", "at": f"2026-01-{number + 1:02d}T08:00:00Z", "kind": "visit" if number % 2 else "buy"}
        for number in reversed(range(7))
    ]
    stream = {
        "path": "/links/events",
        "query": {"of": "{customer_id}", "since": "{filter.occurred_at.since}"},
        "paging": LINK,
        "sorted": True,
        "fields": {
            "id": "id",
            "type": "kind",
            "occurred_at": "at",
            "recorded_at": "at",
            "channel": {"value": "API"},
            "facts": {"value": {}},
        },
    }
    async with mapped(shelf, gateway, Domain.EVENTS, stream=stream) as (read, upstream):
        (page,) = await read.stream(members(gateway, 8), first(2))
        assert (ids(page), len(upstream.requests)) == (["e6", "e5"], 1)
        (page,) = await read.stream(members(gateway, 8), first(2, order=OrderDirection.ASC))
        assert (ids(page), len(upstream.requests)) == (["e0", "e1"], 4)
        asked = Surfaced(but_types=("visit",), occurred_at=DateTimeRange(since=NOW.replace(day=3, hour=0)))
        (page,) = await read.stream(members(gateway, 8), first(9, filter=asked, want_total=True))
        assert (ids(page), page.total) == (["e6", "e4", "e2"], 3)
        assert upstream.requests[-1].query_params["since"] == "2026-01-03T00:00:00Z"


async def test_layers_around_a_reader_see_each_of_its_methods(
    shelf: tuple[Upstream, Shelves], gateway: Gateway
) -> None:
    shelf[1]["stores"] = STORES
    async with mapped(shelf, gateway, Domain.LOCATIONS, listed=LISTED, locations=FROM_LIST) as (read, _):
        counting = Counting()
        layered: Any = Layered(read, counting)
        assert ids(await layered.listed(first(1))) == ["s2"]
        assert [row.name for row in await layered.locations([id_of("s4")])] == ["Potsdam"]
        with pytest.raises(NotConfigured):
            await layered.by_store_id(["s4"])
    assert counting.seen == ["listed", "locations", "by_store_id"]


class Counting:
    """A layer that remembers what was called."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def around(self, _reader: Any, name: str, call: Call) -> Call:
        def counted(*given: Any, **named: Any) -> Any:
            self.seen.append(name)
            return call(*given, **named)

        return counted
