"""The servers that benchmarks ask: the gateway with all that users run with, and floors, each in a process of its own."""

import asyncio
import base64
import os
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import jwt
import psutil

from gateway.config import Settings, settings_of

ROOT = Path(__file__).resolve().parent.parent
SECRET = "benchmark-secret-of-at-least-32-bytes"  # noqa: S105  # signs the benchmark's own tokens alone
PROCESS_CLOCK = 2
"""The lowest bits of such a clock's number; above them stands the process, inverted."""
MASTER_KEY = base64.b64encode(b"benchmark-master-key-of-32-bytes").decode()
CONFIG = """
[server]
port = {port}
[sources.main]
kind = "sql"
url = "{url}"
pool_size = 10
[domains]
default = "main"
[auth]
issuer = "benchmark"
audience = "benchmark"
algorithms = ["HS256"]
key = "{secret}"
[privacy]
master_key = "{master}"
[cursors]
secret = "{secret}"
[search]
mode = "advanced"
"""


class Server(NamedTuple):
    """A server that runs: its process, where it is asked, and the headers that it is asked with."""

    process: psutil.Process
    url: str
    headers: dict[str, str]


def gateway_settings(url: str) -> Settings:
    """The settings of such a gateway over a database."""
    return settings_of(tomllib.loads(CONFIG.format(port=0, url=url, secret=SECRET, master=MASTER_KEY)))


@contextmanager
def gateway_on(
    url: str,
    master_key: str = MASTER_KEY,
    module: str = "gateway.cli",
    sections: str = "",
    *,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The gateway over a database; the master key, in base64, is the one that it was filled with; the module starts it.

    `sections` are more of its config, and `environment` what wins over it.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gateway.toml"
        config.write_text(CONFIG.format(port=port, url=url, secret=SECRET, master=master_key) + sections)
        command = [sys.executable, "-m", module, "serve", "--config", str(config)]
        with _running(command, port, dict(environment or {})) as process:
            headers = {"authorization": f"Bearer {_token()}", "content-type": "application/json"}
            yield Server(process, f"http://127.0.0.1:{port}/graphql", headers)


@contextmanager
def floor_on(url: str, module: str) -> Iterator[Server]:
    """The floor that is the `app` of a module, over a database."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--port", str(port), "--no-access-log"]
    with _running(command, port, {"BENCHMARK_DATABASE": url}) as process:
        yield Server(process, f"http://127.0.0.1:{port}/floor", {})


@contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """A server's process, from when it takes connections until it is ended."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _token() -> str:
    """An administrator's token for the benchmark's gateway."""
    now = int(time.time())
    claims = {
        "iss": "benchmark",
        "aud": "benchmark",
        "sub": "bench",
        "roles": ["admin"],
        "iat": now,
        "exp": now + 3_000,
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


def cpu_s(process: psutil.Process) -> float:
    """User and system time of a process. Linux has a clock for each (clock_getcpuclockid(3)), in nanoseconds; what is told
    elsewhere is counted in hundredths of a second."""
    if sys.platform == "linux":
        return time.clock_gettime(~process.pid << 3 | PROCESS_CLOCK)
    times = process.cpu_times()
    return float(times.user + times.system)


async def load(server: Server, bodies: list[bytes], clients: int) -> int:
    """Send every body once, by so many clients at a time; the size of the last answer. Raises where an answer has errors."""
    waiting = iter(bodies)
    sizes = [0]

    async def client() -> None:
        async with httpx2.AsyncClient(timeout=30) as http:
            for body in waiting:
                response = await http.post(server.url, content=body, headers=server.headers)
                if response.status_code != 200 or b'"errors"' in response.content[-400:]:
                    raise RuntimeError(f"{response.status_code}: {response.text[-400:]}")
                sizes[0] = len(response.content)

    await asyncio.gather(*(client() for _ in range(clients)))
    return sizes[0]
