"""`schema`: the GraphQL schema that is served, and the one that is committed."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

import schema as package
from gateway.commands.failing import Failed
from schema.build import sdl, subgraph

COMMITTED = Path(package.__file__ or "").parent / "schema.graphql"

schema_commands = typer.Typer(no_args_is_help=True, help="The GraphQL schema.")


@schema_commands.command("print")
def print_schema(
    *,
    federation: Annotated[bool, typer.Option("--federation", help="As a federated graph is composed of it.")] = False,
    unguarded: Annotated[
        bool, typer.Option("--unguarded", help="Without the scopes, for a federated gateway that can't enforce them.")
    ] = False,
) -> None:
    """Print the schema that is served."""
    if unguarded and not federation:
        raise Failed("--unguarded is for --federation: clients are told the scopes")
    typer.echo(subgraph(guarded=not unguarded) if federation else sdl(), nl=False)


@schema_commands.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="The committed schema.", show_default="schema/schema.graphql")
    ] = COMMITTED,
) -> None:
    """Compare the schema that is served with the committed one; the difference, and exit code 1, if there is one."""
    try:
        committed = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file} can't be read ({error.strerror}): `customer-graph schema print` writes it anew") from None
    served = sdl()
    if served == committed:
        typer.echo(f"{file.name} is the schema that is served.")
        return
    lines = difflib.unified_diff(committed.splitlines(), served.splitlines(), file.name, "served", lineterm="", n=2)
    typer.echo("\n".join(lines))
    raise Failed(f"{file.name} is not the schema that is served: commit what `customer-graph schema print` prints")
