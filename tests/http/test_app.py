"""The whole application of a config, from its settings to an answer."""

from pathlib import Path

import httpx2
from sqlalchemy.ext.asyncio import create_async_engine

from datasources.sql.tables import metadata
from gateway.app import create_app
from gateway.config import Settings, settings_of
from gateway.development import DevelopmentKey


def settings(key: DevelopmentKey, url: str) -> Settings:
    return settings_of(
        {**key.sections, "sources": {"main": {"kind": "sql", "url": url}}, "domains": {"default": "main"}}
    )


async def test_a_database_without_a_program_is_ready_and_says_what_it_lacks(tmp_path: Path) -> None:
    key, url = DevelopmentKey(tmp_path), f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite'}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    app = create_app(settings(key, url))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway") as client,
    ):
        ready = await client.get("/readyz")
        stranger = await client.post("/graphql", json={"query": "{ __typename }"})
        answer = await client.post(
            "/graphql",
            json={"query": "{ __typename }"},
            headers={"authorization": f"Bearer {key.mint('admin')}"},
        )
    assert (ready.status_code, stranger.status_code, answer.status_code) == (200, 401, 503)
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "SOURCE_UNAVAILABLE",
        "source": "main",
        "retryable": False,
    }
