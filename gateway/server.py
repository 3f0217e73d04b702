"""uvicorn, with the deadlines it lacks: for a request's header, and for draining before it stops."""

import asyncio
import gc
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway import telemetry
from gateway.app import DRAINING, create_app
from gateway.config import Settings

HEADER_S = 10.0
CLOCK_S = 0.01
"""A timer counts whole milliseconds from the beginning of the loop's turn: so much more is never less than was promised."""
MAX_HEADER_BYTES = 32_768
KEEP_ALIVE_S = 75
"""Longer than the 60 seconds of the usual balancer, so that it is never us who closes a connection it is about to use."""
CONNECTIONS = 1_000
BACKLOG = 2_048
GRACE_S = 20
WORKER_S = 30
"""A worker answers its supervisor once all is imported: killed at uvicorn's 5 seconds, none serves on a busy machine."""
DRAIN_S = 5.0
POLL_S = 0.1
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class AnswerTransport:
    """The transport of answers: each header goes out with the beginning of its body.

    By itself it is a packet that wakes a client for nothing, at the cost of all that follows.
    """

    def __init__(self, transport: asyncio.Transport, protocol: HttpToolsProtocol) -> None:
        self._transport, self._protocol = transport, protocol
        self._answering: RequestResponseCycle | None = None
        """Whose header was written last."""
        self._header: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send it, or keep it until the next where it is a header."""
        header, cycle = self._header, self._protocol.cycle
        if header is not None:
            self._header = None
            self._transport.writelines((header, data))
        elif cycle is not self._answering and cycle.response_started:
            self._answering, self._header = cycle, data
        else:
            self._transport.write(data)

    def send_header(self) -> None:
        """Send a header that no body follows."""
        if self._header is not None:
            self._transport.write(self._header)
            self._header = None

    def close(self) -> None:
        """Close once all is sent."""
        self.send_header()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:  # whatever else a transport has
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections that stay silent, or take too long or too much for a header."""

    header_s = HEADER_S
    _timer: asyncio.TimerHandle | None = None
    _is_between = True
    """True from the end of a message to the end of the next one's header."""
    _is_heading = False
    """True from the beginning of a message to the end of its header."""
    _has_begun = False
    """True where what came last is of a message."""
    _overhead = 0
    """Bytes received of the message that are not its body: header, chunk sizes, trailers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin the wait for the first header."""
        super().connection_made(transport)
        self.transport = self._answers = AnswerTransport(transport, self)  # type: ignore[assignment]  # what uvicorn uses of one
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much for what is no body; wait for the rest of a header that is not whole yet."""
        self._has_begun = not self._is_between
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > MAX_HEADER_BYTES:
            self._close_with(TOO_LARGE)
        # Empty lines before a message begin none, and uvicorn stops its own timer at whatever comes.
        elif self._timer is None and (self._is_heading or not self._has_begun):
            self._wait()

    def on_message_begin(self) -> None:
        """A message has begun, with its header."""
        super().on_message_begin()
        self._has_begun = self._is_heading = True

    def on_headers_complete(self) -> None:
        """The header is whole: from here on the application keeps the time."""
        self._is_between = self._is_heading = False
        self._wait_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The message is whole."""
        self._is_between = True
        self._overhead = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is whole."""
        self._answers.send_header()
        super().on_response_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.header_s + CLOCK_S, self._close_with, TOO_SLOW)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_with(self, answer: bytes) -> None:
        self._wait_no_more()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


class Server(uvicorn.Server):
    """Tells balancers to stay away some seconds before it refuses connections, then finishes what runs."""

    drain_s = DRAIN_S

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then shut down. An interrupt from the keyboard does not wait."""
        self.lifespan.state[DRAINING] = True
        until = time.monotonic() + self.drain_s
        while time.monotonic() < until and signal.SIGINT not in self._captured_signals:  # noqa: ASYNC110  # set in a signal handler
            await asyncio.sleep(POLL_S)
        await super().shutdown(sockets)


class Worker(Process):
    """A process of several that serve one socket."""

    @property
    def server(self) -> uvicorn.Server:
        """The server of this process, with our way to stop."""
        if self._server is None:
            self._server = Server(self.config)
        return self._server


class Workers(Multiprocess):
    """The processes that serve one socket, started anew when they die."""

    def init_processes(self) -> None:
        """Start them."""
        for _ in range(self.processes_num):
            worker = Worker(self.config, self.sockets)
            worker.start()
            self.processes.append(worker)


def bind(settings: Settings) -> socket.socket:
    """The socket to listen on: with port 0 its name tells which was free. Raises OSError."""
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def run(settings: Settings, listening: socket.socket, *, workers: int = 1) -> None:
    """Serve until told to stop by SIGTERM or SIGINT."""
    telemetry.configure()
    config = configured(partial(_served, settings), workers)
    if workers == 1:
        Server(config).run([listening])
        return
    with tempfile.TemporaryDirectory(prefix="customer-graph-metrics-") as shared:
        os.environ[telemetry.MULTIPROCESS] = shared
        Workers(config, [listening]).run()


def configured(factory: Callable[[], Starlette], workers: int = 1) -> uvicorn.Config:
    """uvicorn's own settings, for what the factory makes; with several workers it must be picklable."""
    return uvicorn.Config(
        factory,
        factory=True,
        workers=workers,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=WORKER_S,
    )


def _served(settings: Settings) -> Starlette:
    """The application in the process that serves it."""
    telemetry.configure()
    app = create_app(settings)
    collect_seldom()
    return app


def collect_seldom() -> None:
    """Look for cyclic garbage every 200,000 allocations, and never among what was there when serving began.

    An answer of a thousand objects would else be walked several times while it is made: a fourth of a dashboard's CPU.
    Requests leave no cycles behind, errors and libraries may: what has once survived is looked at again soon.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 2, 2)
