"""`config`: what a config says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from datasources.registry import CHANGED_WITH
from gateway.commands.settings import Dev, configured
from gateway.config import Settings
from gateway.sources import databases_of, sources_of

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
    for line in _parted(settings):
        typer.echo(line)


def _parted(settings: Settings) -> Iterator[str]:
    """What is refused, as one database can't change what another source serves in the same transaction."""
    sources, databases = settings.domains.sources, databases_of(sources_of(settings))
    for domain, others in CHANGED_WITH.items():
        own = sources[domain.value.lower()]
        apart = [name for other in others if sources[name := other.value.lower()] not in (own, None)]
        if own in databases and apart:
            told = " and ".join((", ".join(apart[:-1]), apart[-1])) if len(apart) > 1 else apart[0]
            yield f"domains.{domain.value.lower()}: what changes {told} as well is refused, {own} does not serve that"
