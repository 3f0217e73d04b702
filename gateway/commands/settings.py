"""Options that commands share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL

from datasources.program import SearchMode
from gateway.config import Settings, load
from gateway.development import DevelopmentKey, state_folder
from gateway.sections import SearchSettings, ServerSettings

DEMO = "demo"
"""Name of the demo's source, and of its file."""

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings (TOML). Without it, those of the demo.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", metavar="URL", help="The demo's database, if not SQLite in the state folder."),
]
Dev = Annotated[bool, typer.Option("--dev", help="Trust the development key, whatever issuer the config names.")]
Mode = Annotated[
    SearchMode | None,
    typer.Option("--search-mode", case_sensitive=False, help="Which search is open, whatever the program says."),
]


def configured(config: Path | None, *, dev: bool = False, database_url: str | None = None) -> Settings:
    """The settings of a file, or those of the demo. Raises ConfigError."""
    if config is None:
        return demo_settings(database_url)
    if database_url is not None:
        raise typer.BadParameter("give either --config or --database-url", param_hint="--database-url")
    return load(config, DevelopmentKey().sections if dev else None)


def demo_settings(database_url: str | None = None) -> Settings:
    """The settings of the demo: one database for all domains, the development key, and GraphiQL. Raises ConfigError."""
    url = database_url or demo_database().render_as_string(hide_password=False)
    return load(
        None,
        {
            "server": {"explorer": True},
            "sources": {DEMO: {"kind": "sql", "url": url}},
            "domains": {"default": DEMO},
            **DevelopmentKey().sections,
        },
    )


def demo_database() -> URL:
    """The demo's own database: a file in the state folder."""
    return URL.create("sqlite+aiosqlite", database=str(state_folder() / f"{DEMO}.sqlite"))


def searching(settings: Settings, mode: SearchMode | None) -> Settings:
    """The settings with the search that was asked for on the command line."""
    return settings if mode is None else settings.model_copy(update={"search": SearchSettings(mode=mode)})


def listening_on(settings: Settings, port: int | None) -> Settings:
    """The settings with the port that was asked for on the command line."""
    if port is None:
        return settings
    server = ServerSettings.model_validate({**settings.server.model_dump(), "port": port})
    return settings.model_copy(update={"server": server})
