"""`points`: what is done with points in the background."""

import asyncio
import datetime as dt
from collections.abc import Callable

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from datasources.expiring import Expired, expire_due
from gateway.commands.preparing import check_schemas
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured
from gateway.config import Settings
from gateway.sources import Runtime

point_commands = typer.Typer(no_args_is_help=True, help="Points.")


@point_commands.command()
def expire(config: ConfigFile = None, database_url: DatabaseUrl = None, *, dev: Dev = False) -> None:
    """Post the expiry of all points whose time has come. It can run at any time, and again: run it every day."""
    settings = configured(config, dev=dev, database_url=database_url)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("looking for points that have expired")
        done = asyncio.run(_expired(settings, lambda so_far: bar.update(task, description=_told(so_far))))
    typer.echo(_told(done) if done.entries else "No points have expired.")


async def _expired(settings: Settings, tell: Callable[[Expired], None]) -> Expired:
    """Run over the source of the points. Raises SourceError."""
    await check_schemas(settings)
    runtime = await Runtime.open(settings)
    try:
        program = (await runtime.program()).settings
        now = program.clock.now(dt.datetime.now(dt.UTC))
        return await expire_due(runtime.sources.writers.points, program, now, tell)
    finally:
        await runtime.close()


def _told(done: Expired) -> str:
    return f"Expired {done.points:,} points of {done.customers:,} customers in {done.entries:,} entries."
