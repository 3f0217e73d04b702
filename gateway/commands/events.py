"""`events`: what is done with events in the background."""

import asyncio
import datetime as dt
from collections.abc import Callable

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from datasources.rematching import Rematched, match_waiting
from gateway.commands.preparing import check_schemas
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.config import Settings
from gateway.sources import Runtime

event_commands = typer.Typer(no_args_is_help=True, help="Events.")


@event_commands.callback()
def events() -> None:
    """Events."""


@event_commands.command()
def match(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Match the events that wait for a customer who is known by now: run it after an import. It can run at any time."""
    settings = configured(config, dev=dev, database_url=database_url)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("looking for events whose customer is known")
        done = asyncio.run(_matched(settings, lambda so_far: bar.update(task, description=_told(so_far))))
    typer.echo(_told(done) if done.events else "No event waits for a customer who is known.")


async def _matched(settings: Settings, tell: Callable[[Rematched], None]) -> Rematched:
    """Run over the source of the events. Raises SourceError."""
    await check_schemas(settings)
    runtime = await Runtime.open(settings)
    try:
        program = (await runtime.program()).settings
        now = program.clock.now(dt.datetime.now(dt.UTC))
        return await match_waiting(runtime.sources.writers.events, program, now, tell)
    finally:
        await runtime.close()


def _told(done: Rematched) -> str:
    return f"Matched {done.events:,} events to {done.customers:,} customers."
