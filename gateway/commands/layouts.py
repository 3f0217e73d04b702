"""`import DIR`: loads a program's own files, or tells what is wrong with them; `--describe` prints what they may hold."""

import asyncio
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from datasources.importing.layout import DOMAINS, LayoutReport, load_layout, schema_of, shapes
from datasources.sql import schema
from datasources.sql.schema import SchemaState
from gateway.commands.failing import Failed
from gateway.commands.loading import forget, only_source
from gateway.commands.preparing import ADVICE, check_content
from gateway.config import Settings


def load_folder(settings: Settings, folder: Path, *, check: bool) -> None:
    """Load what is not there yet, or only look. Raises ImportBroken, Failed, SchemaBroken, SourceUnavailable, typer.Exit."""
    name, url = only_source(settings)
    known = asyncio.run(schema.state(name, url)) if check else SchemaState.CURRENT
    if known in (SchemaState.OLDER, SchemaState.UNKNOWN):
        raise Failed(f"the database of the source {name} {ADVICE[known]}")
    if not check:
        asyncio.run(schema.upgrade(name, url))
    if known is SchemaState.CURRENT:
        asyncio.run(check_content(settings))
    target = schema.async_url(url).render_as_string(hide_password=False) if known is SchemaState.CURRENT else None
    report = asyncio.run(load_layout(target, folder, master_key=settings.privacy.key, check=check))
    for problem in report.problems:
        typer.echo(str(problem), err=True)
    if report.bad:
        raise Failed(_refused(report))
    if any(report.added.values()) and not check:
        asyncio.run(schema.analyze(name, url))
        forget(settings)
    typer.echo(_told(report, check=check))


def describe(domain: str) -> None:
    """Print the JSON Schema of a domain's file, or a table of all files. Raises Failed."""
    if domain in DOMAINS:
        typer.echo(msgspec.json.format(msgspec.json.encode(schema_of(domain))).decode())
        return
    if domain != "all":
        raise Failed(f"no domain has the name {domain}: there are {', '.join(DOMAINS)}")
    table = Table("file", "record", "what it is", "needed")
    for name in DOMAINS:
        for record, shape in shapes(name).items():
            table.add_row(name, record, shape.schema["description"], ", ".join(shape.schema["required"]))
    Console().print(table)


def _refused(report: LayoutReport) -> str:
    rows = "1 fault" if report.bad == 1 else f"{report.bad:,} faults"
    listed = "" if report.bad == len(report.problems) else f", the first {len(report.problems)} of them listed"
    return f"{rows} found{listed}: nothing was stored"


def _told(report: LayoutReport, *, check: bool) -> str:
    added = sum(report.added.values())
    there = f"{report.present:,} were there" if report.present else "none was there"
    return f"{added:,} rows {'can be loaded' if check else 'loaded'}; {there}."
