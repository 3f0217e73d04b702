"""`db` and `sources`: the databases behind the graph."""

import asyncio

import typer
from rich.console import Console
from rich.table import Table

from datasources.errors import SourceError
from datasources.sql.engine import Database
from datasources.sql.sealing import MasterKey
from gateway.commands.preparing import migrate
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.config import Settings
from gateway.errors import rule_of

db_commands = typer.Typer(no_args_is_help=True, help="The databases.")


@db_commands.command()
def upgrade(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Bring the schema of every database up to date."""
    settings = configured(config, dev=dev, database_url=database_url)
    changed = asyncio.run(migrate(settings))
    for name in settings.sources:
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
    for name, section in settings.sources.items():
        database = Database(name, section.url.get_secret_value(), MasterKey(settings.privacy.key), 1)
        try:
            await database.open()
            await database.ping()
            found[name] = "ok"
        except SourceError as error:
            found[name] = rule_of(error).code.value
        finally:
            await database.close()
    return found
