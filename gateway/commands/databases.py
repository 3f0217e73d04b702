"""`db` and `sources`: the databases behind the graph."""

import asyncio
import datetime as dt

import typer
from rich.console import Console
from rich.table import Table

from datasources.errors import SourceError, SourceRefused
from datasources.sql.outbox import backlogs
from datasources.sql.retelling import retold
from datasources.sql.source import SqlSource
from gateway.commands.failing import Failed
from gateway.commands.preparing import check_schemas, migrate
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.config import Settings
from gateway.errors import rule_of
from gateway.sources import Runtime, databases_of, failure_of, sources_of

db_commands = typer.Typer(no_args_is_help=True, help="The databases.")


@db_commands.command()
def upgrade(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Bring the schema of every database up to date."""
    settings = configured(config, dev=dev, database_url=database_url)
    changed = asyncio.run(migrate(settings))
    for name in databases_of(sources_of(settings)):
        typer.echo(f"{name}: {'upgraded' if name in changed else 'is up to date'}")


@db_commands.command()
def tell(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Have the databases of a split program tell each other of every customer anew: after one was added, or restored from a
    backup. What is told is delivered by the gateways that serve."""
    settings = configured(config, dev=dev, database_url=database_url)
    for name, customers in asyncio.run(_told(settings)).items():
        typer.echo(f"{name}: {customers:,} customers are told of")


def sources(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """List the domains, the source that serves each, whether it answers, and what waits in its outbox; exit code 1 if one
    does not."""
    settings = configured(config, dev=dev, database_url=database_url)
    health, waiting = asyncio.run(_looked_at(settings))
    table = Table("domain", "source", "kind", "health")
    for domain, name in settings.domains.sources.items():
        if name is None:
            table.add_row(domain, "none", "", "not set up")
        else:
            table.add_row(domain, name, settings.sources[name].kind, health[name])
    Console().print(table)
    for line in waiting:
        typer.echo(line)
    if set(health.values()) != {"ok"}:
        raise typer.Exit(1)


async def _looked_at(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """`ok`, or the code of what is wrong, for each source; and a line for each outbox in which something waits."""
    found, waiting = {}, []
    for name, source in sources_of(settings).items():
        try:
            await source.open()
            error = await failure_of(source)
            if error is None and isinstance(source, SqlSource):
                waiting += await _waiting(source)
        except SourceError as refused:
            error = refused
        finally:
            await source.close()
        found[name] = "ok" if error is None else rule_of(error).code.value
    return found, waiting


async def _waiting(source: SqlSource) -> list[str]:
    """What waits in a database's outbox; nothing where it has no schema yet."""
    try:
        found = await backlogs(source.database)
    except SourceRefused:
        return []
    now = dt.datetime.now(dt.UTC)
    return [
        f"{source.name}: {backlog.waiting:,} messages wait for {topic}, the oldest for {round(backlog.age(now).total_seconds()):,} s"
        for topic, backlog in found.items()
    ]


async def _told(settings: Settings) -> dict[str, int]:
    """How many customers each database tells of. Raises Failed, SourceError."""
    await check_schemas(settings)
    runtime = await Runtime.open(settings)
    told = {}
    try:
        if not any(database.split.told for database in runtime.databases.values()):
            raise Failed("all domains are served from one database, which tells nobody")
        for name, database in runtime.databases.items():
            async for done in retold(database):
                told[name] = done
    finally:
        await runtime.close()
    return told
