"""`import`: fills a database."""

import datetime as dt
from typing import Annotated

import typer

from gateway.commands.failing import Failed
from gateway.commands.loading import load_households
from gateway.commands.settings import ConfigFile, DatabaseUrl, Dev, configured

COMPLETEJOURNEY = "completejourney"


def import_(
    what: Annotated[str, typer.Argument(metavar="completejourney", help="The Complete Journey data set.")],
    *,
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
    if what != COMPLETEJOURNEY:
        raise Failed(f"there is no import named {what}")
    settings = configured(config, dev=dev, database_url=database_url)
    load_households(settings, households, as_of=as_of.date() if as_of else None, shift=not no_shift)
