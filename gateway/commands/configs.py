"""`config`: what a config says."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.settings import Dev, configured

config_commands = typer.Typer(no_args_is_help=True, help="The settings.")


@config_commands.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="Settings (TOML).")], *, dev: Dev = False) -> None:
    """Tell what is wrong with a config, each fault by its key; exit code 2 if anything is."""
    settings = configured(file, dev=dev)
    bound = {name for name in settings.domains.sources.values() if name is not None}
    typer.echo(f"{file}: nothing is wrong ({len(bound)} sources, {len(settings.role_table)} roles)")
    if settings.notifier.kind == "log":
        typer.echo("notifier: messages are told to the log and sent to nobody")
    if settings.signing is None:
        typer.echo("signing: no key, so nobody can sign in as a test persona")
    for name in sorted(settings.sources.keys() - bound):
        typer.echo(f"sources.{name}: serves no domain")
