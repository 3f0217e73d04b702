"""The command line: `customer-graph`."""

import typer

from gateway.commands.audits import audit_commands
from gateway.commands.configs import config_commands
from gateway.commands.databases import db_commands, sources
from gateway.commands.events import event_commands
from gateway.commands.failing import Commands
from gateway.commands.importing import import_
from gateway.commands.points import point_commands
from gateway.commands.schemas import schema_commands
from gateway.commands.serving import demo, serve
from gateway.commands.tokens import token

# A traceback with the values of variables, typer's default, would show keys and personal data.
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="One Customer graph over many data sources.",
)
app.command()(demo)
app.command()(serve)
app.command("import")(import_)
app.command()(token)
app.command()(sources)
app.add_typer(db_commands, name="db")
app.add_typer(audit_commands, name="audit")
app.add_typer(point_commands, name="points")
app.add_typer(event_commands, name="events")
app.add_typer(schema_commands, name="schema")
app.add_typer(config_commands, name="config")

if __name__ == "__main__":
    app()
