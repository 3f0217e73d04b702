"""The command line in process, over a demo program of three households in a state folder of the tests' own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.development import DevelopmentKey

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder."""
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def run() -> Run:
    """Run a command."""

    def ran(*arguments: str) -> Ended:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return ran


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a key and a loaded demo database."""
    folder = tmp_path_factory.mktemp("filled")
    arguments = ["import", "completejourney", "--households", "3", "--as-of", "2026-01-31"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CUSTOMER_GRAPH_STATE", str(folder))
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def demo_state(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The filled state folder as the current one."""
    monkeypatch.setenv("CUSTOMER_GRAPH_STATE", str(filled))
    return filled


@pytest.fixture
def config(filled: Path, tmp_path: Path) -> Path:
    """A config over the filled database, with every key a file needs."""
    sections = DevelopmentKey(filled).sections
    file = tmp_path / "gateway.toml"
    file.write_text(
        f"""
[server]
port = 0
[sources.loyalty]
kind = "sql"
url = "sqlite+aiosqlite:///{filled / "demo.sqlite"}"
[domains]
default = "loyalty"
tickets = "none"
[auth]
issuer = "https://login.example.com/"
audience = "customer-graph"
jwks_url = "https://login.example.com/keys"
[privacy]
master_key = "{sections["privacy"]["master_key"]}"
[cursors]
secret = "{sections["cursors"]["secret"]}"
"""
    )
    return file


class Serving(NamedTuple):
    """A gateway in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]
    """What it printed until it served."""


@contextmanager
def serving(*arguments: str) -> Iterator[Serving]:
    """A command that serves, from when it does until it is stopped."""
    command = [sys.executable, "-m", "gateway.cli", *arguments]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A run in the background ignores the keyboard's interrupt, and what it starts would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads yet
    )
    try:
        assert process.stdout is not None
        lines = list(_until_serving(process.stdout))
        assert lines, process.communicate()[1]
        yield Serving(process, lines[-1].split()[1], lines)
    finally:
        # Its workers too, who would hold the pipes open.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _until_serving(stream: IO[str]) -> Iterator[str]:
    for line in stream:
        yield line.rstrip("\n")
        if line.startswith("Serving "):
            return
