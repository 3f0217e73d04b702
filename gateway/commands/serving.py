"""`serve` and `demo`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from datasources.errors import SourceTimedOut, SourceUnavailable
from datasources.program import SearchMode
from gateway.commands.failing import Failed
from gateway.commands.loading import check_dates, load_households
from gateway.commands.preparing import bound, check_content, check_schemas, first_customer, migrate, url_of
from gateway.commands.settings import DatabaseUrl, Dev, Mode, configured, demo_settings, listening_on, searching
from gateway.config import Settings
from gateway.development import TTL_S, DevelopmentKey
from gateway.server import run
from gateway.sources import Runtime

Households = Annotated[int | None, typer.Option(min=1, help="How many households to load; all 2,469 when left out.")]
Port = Annotated[int | None, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free port.")]
UNSHARED = (
    "without [redis] each worker keeps its own cache, and serves what another has changed: configure one, "
    "cache nothing, or serve with one worker"
)
UNSHIFTED = (
    "the demo database was loaded with its dates moved to today: name another one by --database-url, or remove it"
)


def serve(
    config: Annotated[Path, typer.Option(metavar="FILE", help="Settings (TOML); gateway.example.toml has them all.")],
    *,
    migrate_first: Annotated[
        bool, typer.Option("--migrate", help="Bring the databases' schema up to date first.")
    ] = False,
    dev: Dev = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
    search_mode: Mode = None,
) -> None:
    """Serve the graph."""
    settings = searching(configured(config, dev=dev), search_mode)
    if workers > 1 and settings.redis is None and settings.cache.ttl_s.by_domain:
        raise Failed(UNSHARED)
    if migrate_first:
        asyncio.run(migrate(settings))
    _check(settings)
    with bound(settings) as listening:
        typer.echo(f"Serving {url_of(listening)}")
        run(settings, listening, workers=workers)


def _check(settings: Settings) -> None:
    """Tell what is wrong before serving. A source that does not answer is no reason to stay away: readiness tells, and it
    is found as soon as it is back. Raises Failed."""
    try:
        asyncio.run(check_schemas(settings))
        if asyncio.run(check_content(settings)) is None:
            typer.echo("There is no program to serve yet: `customer-graph import` fills the database.", err=True)
    except (SourceUnavailable, SourceTimedOut) as error:
        typer.echo(f"{error} Serving all the same.", err=True)


def demo(
    *,
    households: Households = None,
    port: Port = None,
    database_url: DatabaseUrl = None,
    search_mode: Mode = SearchMode.ADVANCED,
    no_shift: Annotated[bool, typer.Option("--no-shift", help="Keep the data set's own dates, of 2017.")] = False,
) -> None:
    """Serve a loyalty program made of a year of real purchases; the first time, load it."""
    settings = listening_on(searching(demo_settings(database_url), search_mode), port)
    # Before the load, which may take minutes, and not held through it: clients would connect and wait.
    bound(settings).close()
    asyncio.run(migrate(settings))
    program = asyncio.run(check_content(settings))
    check_dates(program, shift=not no_shift)
    if program is None or households is not None:
        load_households(settings, households, as_of=None, shift=not no_shift)
    tokens = asyncio.run(_tokens(settings))
    with bound(settings) as listening:
        _welcome(url_of(listening), tokens)
        run(settings, listening)


async def _tokens(settings: Settings) -> list[tuple[str, str, str]]:
    """Role, whom it reaches, and a token, for every role."""
    runtime = await Runtime.open(settings)
    try:
        member = await first_customer(runtime)
        if member is None:
            raise Failed("the demo database has no customers: remove it and start again")
        place = member.favorite_location_id
        (store,) = [None] if place is None else await runtime.sources.locations.locations([place])
    finally:
        await runtime.close()
    stores = () if store is None or store.store_id is None else (store.store_id,)
    key = DevelopmentKey()
    made = []
    for role in settings.role_table:
        if role == "member":
            made.append((role, f"customer {member.support_id}", key.mint(role, customer=member.customer_id)))
        elif role == "store_associate":
            made.append((role, f"store {', '.join(stores)}", key.mint(role, stores=stores)))
        else:
            made.append((role, "everyone", key.mint(role)))
    return made


def _welcome(url: str, tokens: list[tuple[str, str, str]]) -> None:
    """Where the demo is, and how to come in."""
    table = Table.grid(padding=(0, 2))
    for heading in ("role", "reaches", "token"):
        table.add_column(heading, no_wrap=True)
    table.add_row("[bold]role", "[bold]reaches", "[bold]bearer token")
    for row in tokens:
        table.add_row(*row)
    # As wide as it gets: a token that is cut or folded can't be copied.
    width = max(sum(map(len, row)) for row in tokens) + 40
    Console(width=width, highlight=False).print(table)
    typer.echo(f"\nTokens last {TTL_S // 3_600} hours; `customer-graph token --role admin` makes another.")
    typer.echo(f"Serving {url} (open it in a browser for GraphiQL). Ctrl+C stops.")
