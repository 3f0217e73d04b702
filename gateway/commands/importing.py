"""`import`: fills a database."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.failing import Failed
from gateway.commands.layouts import describe, load_folder
from gateway.commands.loading import load_households
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured

COMPLETEJOURNEY = "completejourney"


def import_(
    what: Annotated[
        str, typer.Argument(metavar="completejourney|DIR", help="The Complete Journey data set, or a folder of files.")
    ] = "",
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Tell every bad row of the folder, and store nothing.")
    ] = False,
    described: Annotated[
        str | None,
        typer.Option(
            "--describe", metavar="DOMAIN", help="Print what a domain's file may hold; `all` lists the files."
        ),
    ] = None,
    households: Annotated[int | None, typer.Option(min=1, help="How many households; all 2,469 when left out.")] = None,
    as_of: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day that the data is moved to; today.")
    ] = None,
    no_shift: Annotated[bool, typer.Option("--no-shift", help="Keep the data set's own dates, of 2017.")] = False,
    config: ConfigFile = None,
    database_url: DatabaseUrl = None,
    dev: Dev = False,
) -> None:
    """Load what is not there yet; all of it or nothing."""
    if described is not None:
        describe(described)
    elif what == COMPLETEJOURNEY:
        if check:
            raise Failed("--check goes with a folder")
        settings = configured(config, dev=dev, database_url=database_url)
        load_households(settings, households, as_of=as_of.date() if as_of else None, shift=not no_shift)
    elif not what or not Path(what).is_dir():
        raise Failed(f"there is no import named {what}, and no such folder" if what else "name a folder to import")
    elif households is not None or as_of is not None or no_shift:
        raise Failed(f"--households, --as-of and --no-shift go with {COMPLETEJOURNEY}")
    else:
        load_folder(configured(config, dev=dev, database_url=database_url), Path(what), check=check)
