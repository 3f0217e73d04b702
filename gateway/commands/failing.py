"""How a command fails: one clear line on the error stream. Exit code 2 for a wrong command line or config, else 1."""

from typing import Any

import typer
from typer.core import TyperGroup

from datasources.errors import InvalidRequest, SourceError
from datasources.importing import ImportBroken
from datasources.sql.schema import SchemaBroken
from datasources.sql.sealing import SealBroken
from gateway.config import ConfigError


class Failed(Exception):
    """A command can't go on; the message says why and what to do."""


class Commands(TyperGroup):
    """Commands that end with a line where others end with a traceback."""

    def invoke(self, ctx: Any) -> Any:  # typer's own context, which it does not export
        """Run the command. Raises typer.Exit."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            _tell(*error.lines)
            raise typer.Exit(2) from None
        except InvalidRequest as error:
            _tell(str(error))
            raise typer.Exit(2) from None
        except SourceError as error:
            _tell(_with_cause(error))
        except (Failed, ImportBroken, SchemaBroken, SealBroken) as error:
            _tell(str(error))
        raise typer.Exit(1) from None


def _tell(*lines: str) -> None:
    for line in lines:
        typer.echo(f"error: {line}", err=True)


def _with_cause(error: SourceError) -> str:
    """The message and the kind of what lies behind it, which tells a refused connection from a wrong password."""
    cause = error.__cause__
    return str(error) if cause is None else f"{str(error).removesuffix('.')} ({type(cause).__name__})"
