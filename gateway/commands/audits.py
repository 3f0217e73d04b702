"""`audit`: whether the audit log is as it was written."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from datasources.sql.audit_walking import chains
from datasources.sql.engine import Database
from datasources.sql.unit_of_work import PROGRAM
from gateway.commands.preparing import check_schemas
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.commands.tokens import customer_named
from gateway.config import Settings
from gateway.sources import databases_of, sources_of

audit_commands = typer.Typer(no_args_is_help=True, help="The audit log.")


class Count(msgspec.Struct):
    """What holds of a database's audit log, and how many chains do not."""

    entries: int = 0
    chains: int = 0
    broken: int = 0


@audit_commands.command()
def verify(
    customer: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only the entries of this customer: id, uuid, support id or external id."),
    ] = None,
    *,
    config: ConfigFile = None,
    database_url: DatabaseUrl = None,
    dev: Dev = False,
) -> None:
    """Follow the hash chains of the audit log and name those that were tampered with; exit code 1 if one was."""
    settings = configured(config, dev=dev, database_url=database_url)
    if not asyncio.run(_verified(settings, customer)):
        raise typer.Exit(1)


async def _verified(settings: Settings, customer: str | None) -> bool:
    """True when all chains of all sources hold; those that do not are told as they are found."""
    await check_schemas(settings)
    whose = None if customer is None else await customer_named(settings, customer)
    counts = [await _counted(database, whose) for database in databases_of(sources_of(settings)).values()]
    return not any(count.broken for count in counts)


async def _counted(database: Database, customer: UUID | None) -> Count:
    count = Count()
    await database.open()
    try:
        async for chain in chains(database, customer):
            if chain.broken_at is None:
                count.entries, count.chains = count.entries + chain.entries, count.chains + 1
            else:
                count.broken += 1
                whose = "the program" if chain.customer_id == PROGRAM else f"customer {chain.customer_id}"
                typer.echo(f"{database.name}: the chain of {whose} is broken at entry {chain.broken_at}")
    finally:
        await database.close()
    typer.echo(
        f"{database.name}: {count.entries:,} entries of {count.chains:,} chains hold, {count.broken:,} chains do not"
    )
    return count
