"""`events`: what is done with events in the background."""

import datetime as dt
from collections.abc import Callable

import typer

from datasources.program import ProgramSettings
from datasources.rematching import Rematched, match_waiting
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.commands.working import worked
from resolvers.context import Writers

event_commands = typer.Typer(no_args_is_help=True, help="Events.")


@event_commands.callback()
def events() -> None:
    """Events."""


@event_commands.command()
def match(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Match the events that wait for a customer who is known by now: run it after an import. It can run at any time."""
    settings = configured(config, dev=dev, database_url=database_url)
    done = worked(settings, "looking for events whose customer is known", _matched, _told)
    typer.echo(_told(done) if done.events else "No event waits for a customer who is known.")


async def _matched(
    writers: Writers, program: ProgramSettings, now: dt.datetime, tell: Callable[[Rematched], None]
) -> Rematched:
    """Run over the source of the events. Raises SourceError."""
    return await match_waiting(writers.events, program, now, tell)


def _told(done: Rematched) -> str:
    return f"Matched {done.events:,} events to {done.customers:,} customers."
