"""`db` and `sources`: the databases behind the graph."""

import asyncio

import typer
from rich.console import Console
from rich.table import Table

from datasources.errors import SourceError
from gateway.commands.preparing import migrate
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.config import Settings
from gateway.errors import rule_of
from gateway.sources import databases_of, failure_of, sources_of

db_commands = typer.Typer(no_args_is_help=True, help="The databases.")


@db_commands.command()
def upgrade(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Bring the schema of every database up to date."""
    settings = configured(config, dev=dev, database_url=database_url)
    changed = asyncio.run(migrate(settings))
    for name in databases_of(sources_of(settings)):
        typer.echo(f"{name}: {'upgraded' if name in changed else 'is up to date'}")


def sources(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """List the domains, the source that serves each, and whether it answers; exit code 1 if one does not."""
    settings = configured(config, dev=dev, database_url=database_url)
    health = asyncio.run(_health(settings))
    table = Table("domain", "source", "kind", "health")
    for domain, name in settings.domains.sources.items():
        if name is None:
            table.add_row(domain, "none", "", "not set up")
        else:
            table.add_row(domain, name, settings.sources[name].kind, health[name])
    Console().print(table)
    if set(health.values()) != {"ok"}:
        raise typer.Exit(1)


async def _health(settings: Settings) -> dict[str, str]:
    """`ok`, or the code of what is wrong, for each source."""
    found = {}
    for name, source in sources_of(settings).items():
        try:
            await source.open()
            error = await failure_of(source)
        except SourceError as refused:
            error = refused
        finally:
            await source.close()
        found[name] = "ok" if error is None else rule_of(error).code.value
    return found
