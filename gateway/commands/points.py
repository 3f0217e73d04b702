"""`points`: what is done with points in the background."""

import datetime as dt
from collections.abc import Callable

import typer

from datasources.expiring import Expired, expire_due
from datasources.program import ProgramSettings
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.commands.working import worked
from resolvers.context import Writers

point_commands = typer.Typer(no_args_is_help=True, help="Points.")


@point_commands.command()
def expire(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Post the expiry of all points whose time has come. It can run at any time, and again: run it every day."""
    settings = configured(config, dev=dev, database_url=database_url)
    done = worked(settings, "looking for points that have expired", _expired, _told)
    typer.echo(_told(done) if done.entries else "No points have expired.")


async def _expired(
    writers: Writers, program: ProgramSettings, now: dt.datetime, tell: Callable[[Expired], None]
) -> Expired:
    """Run over the source of the points. Raises SourceError."""
    return await expire_due(writers.points, program, now, tell)


def _told(done: Expired) -> str:
    return f"Expired {done.points:,} points of {done.customers:,} customers in {done.entries:,} entries."
