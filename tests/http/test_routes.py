"""Health, readiness and metrics: open to all, and telling nothing of anyone."""

from datasources.errors import SourceUnavailable
from tests.http.serving import Gateway, client


async def test_the_gateway_is_alive_and_ready_while_every_source_answers() -> None:
    async with client(Gateway(), None) as opened:
        alive, ready = await opened.get("/healthz"), await opened.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})


async def test_readiness_tells_which_source_is_down_and_liveness_does_not_care() -> None:
    gateway = Gateway()
    gateway.health = {"loyalty": SourceUnavailable("loyalty", "postgresql://user:secret@db/loyalty"), "other": None}
    async with client(gateway, None) as opened:
        alive, ready = await opened.get("/healthz"), await opened.get("/readyz")
    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "unavailable", "sources": {"loyalty": "SOURCE_UNAVAILABLE"}, "domains": ["points", "profiles"]},
    )


async def test_metrics_count_operations_by_who_ran_them() -> None:
    async with client(Gateway()) as opened:
        for query in (
            "{ hello }",
            "{ __typename }",
            "{ denied }",
            "mutation { rename }",
            "{ __schema { queryType { name } } }",
            '{ hello __type(name: "Query") { name } }',
            "{ helo }",
        ):
            await opened.post("/graphql", json={"query": query})
        await opened.post("/graphql", json={"query": "{ hello }"}, headers={"graphql-cost": "validate"})
        scraped = await opened.get("/metrics")
    assert [line for line in scraped.text.splitlines() if line.startswith("customer_graph_executions_total")] == [
        'customer_graph_executions_total{by="plan"} 4.0',
        'customer_graph_executions_total{by="graphql-core"} 2.0',
    ]


async def test_metrics_count_requests_errors_and_calls_and_hold_no_query() -> None:
    async with client(Gateway()) as opened:
        for query in (
            "query Named { hello }",
            "{ many(first: 3) { points } denied }",
            "{ helo }",
            "mutation { rename }",
        ):
            await opened.post("/graphql", json={"query": query})
        await opened.post("/graphql", json={}, headers={"authorization": "Bearer x"})
        scraped = await opened.get("/metrics")
    lines = [line for line in scraped.text.splitlines() if not line.startswith("#")]
    told = [line for line in lines if "_created" not in line and "duration" not in line]
    assert told == [
        'customer_graph_requests_total{operation="query",status="200"} 2.0',
        'customer_graph_requests_total{operation="none",status="200"} 1.0',
        'customer_graph_requests_total{operation="mutation",status="200"} 1.0',
        'customer_graph_requests_total{operation="none",status="401"} 1.0',
        'customer_graph_executions_total{by="plan"} 3.0',
        'customer_graph_errors_total{code="SOURCE_UNAVAILABLE"} 3.0',
        'customer_graph_errors_total{code="FORBIDDEN"} 1.0',
        'customer_graph_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1.0',
        'customer_graph_errors_total{code="UNAUTHENTICATED"} 1.0',
        'customer_graph_source_calls_total{call="points.audit"} 1.0',
        "customer_graph_requests_in_flight 0.0",
    ]
    assert 'customer_graph_request_duration_seconds_count{operation="query"} 2.0' in lines
    assert scraped.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Named" not in scraped.text


async def test_another_path_is_404() -> None:
    async with client(Gateway()) as opened:
        assert (await opened.get("/")).status_code == 404
        assert (await opened.post("/graphql/", json={"query": "{ hello }"})).status_code == 404
