"""How a command does a program's recurring work: over its sources, at the time of its clock, telling how far it is."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from datasources.program import ProgramSettings
from gateway.commands.preparing import check_schemas
from gateway.config import Settings
from gateway.sources import Runtime
from resolvers.context import Writers

Done = TypeVar("Done")
Tell = Callable[[Done], None]
Work = Callable[[Writers, ProgramSettings, dt.datetime, Tell[Done]], Awaitable[Done]]
"""What is done with the writers of a program, now by its clock; it tells what is done so far."""


def worked(settings: Settings, begun: str, work: Work[Done], told: Callable[[Done], str]) -> Done:
    """What was done. Beside a spinner on the error stream stands what was begun, then what is done so far.

    Raises Failed, SourceError.
    """
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task(begun)
        return asyncio.run(_done(settings, work, lambda so_far: bar.update(task, description=told(so_far))))


async def _done(settings: Settings, work: Work[Done], tell: Tell[Done]) -> Done:
    await check_schemas(settings)
    runtime = await Runtime.open(settings)
    try:
        program = (await runtime.program()).settings
        return await work(runtime.sources.writers, program, program.clock.now(dt.datetime.now(dt.UTC)), tell)
    finally:
        await runtime.close()
