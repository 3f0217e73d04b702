"""Loading the Complete Journey data set, and showing how far it is."""

import asyncio
import datetime as dt

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from datasources.importing import ImportProgress, ImportReport, load_completejourney
from datasources.program import Program
from datasources.sql import schema
from gateway.commands.failing import Failed
from gateway.commands.preparing import check_content
from gateway.config import Settings
from gateway.sharing import forget_kept
from gateway.sources import databases_of, sources_of

SHIFTED = "the database was loaded with its dates moved to today: name another one by --database-url, or remove it"


def only_source(settings: Settings) -> tuple[str, str]:
    """Name and URL of the database that all domains are served from. Raises Failed where there are several."""
    names = {name for name in settings.domains.sources.values() if name is not None}
    if len(names) != 1:
        raise Failed(
            f"an import fills one database, but domains are bound to several sources: {', '.join(sorted(names))}"
        )
    (name,) = names
    return name, databases_of(sources_of(settings))[name].url


def check_dates(program: Program | None, *, shift: bool) -> None:
    """Pass unless the data set's own dates are wanted and were moved when it was first loaded. Raises Failed."""
    if program is not None and program.settings.clock.shift_weeks and not shift:
        raise Failed(SHIFTED)


def load_households(settings: Settings, households: int | None, *, as_of: dt.date | None, shift: bool) -> ImportReport:
    """Load what is not there yet and tell what it was. Raises ImportBroken, Failed, SchemaBroken, SourceUnavailable."""
    name, url = only_source(settings)
    asyncio.run(schema.upgrade(name, url))
    check_dates(asyncio.run(check_content(settings)), shift=shift)
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        shown = _Shown(bar)
        report = load_completejourney(
            schema.async_url(url).render_as_string(hide_password=False),
            as_of=as_of or dt.datetime.now(dt.UTC).date(),
            master_key=settings.privacy.key,
            households=households,
            shift=shift,
            progress=shown.at,
        )
    if report.rows:
        asyncio.run(schema.analyze(name, url))
        forget(settings)
    typer.echo(told(report))
    return report


def forget(settings: Settings) -> None:
    """Have the gateways that serve meanwhile give nothing that they kept of before."""
    if not asyncio.run(forget_kept(settings)):
        longest_s = max(settings.cache.ttl_s.by_domain.values())
        typer.echo(f"Redis does not answer: what was cached before is served for up to {longest_s:.0f} s.", err=True)


def told(report: ImportReport) -> str:
    """What an import did, in a line."""
    added, rows = report.households_added, sum(report.rows.values())
    if not rows:
        return f"Nothing to load: {report.households_present} households are there already."
    return f"Loaded {added} households, {rows:,} rows in {len(report.rows)} tables; {report.households_present} were there."


class _Shown:
    """A bar for each stage of an import."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def at(self, progress: ImportProgress) -> None:
        """Show how far a stage is; one without a total is under way."""
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bar.add_task(progress.stage, total=progress.total or None)
        self._bar.update(self._tasks[progress.stage], completed=progress.done)
