"""A system that the gateway calls, on a loopback port of its own, with faults on demand and a count of what it was asked."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

MEGABYTE = 1_048_576
RESET = struct.pack("ii", 1, 0)
"""Linger no time: what was not sent is dropped, and the other side told so."""


class Upstream:
    """An application as it is served: what it was asked, and what is to go wrong.

    `fault` is done in the place of an answer to whatever path begins with `at`, `times` times (None: always).
    """

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.url = ""
        self.requests: list[Request] = []
        self.running = self.most_at_once = 0
        self.pause_s = 0.0
        self.sent_bytes = 0
        self.is_gone = False
        """True once a caller hung up on an answer that was not over."""
        self._fault: Fault | None = None
        self._at, self._times = "/", 0
        self.connections: Callable[[], list[asyncio.Transport]] = list

    @property
    def asked(self) -> list[str]:
        """Method, path and query of each request."""
        return [
            f"{request.method} {request.url.path}{'?' if request.url.query else ''}{request.url.query}"
            for request in self.requests
        ]

    def forget(self) -> None:
        """Count anew, and have nothing go wrong."""
        self.requests.clear()
        self.most_at_once = self.sent_bytes = 0
        self.pause_s, self._fault, self.is_gone = 0.0, None, False

    def fail(self, fault: "Fault", at: str = "/", times: int | None = None) -> None:
        """Have something go wrong."""
        self._fault, self._at, self._times = fault, at, -1 if times is None else times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.requests.append(Request(scope))
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(self.pause_s)
            await (self._next(scope["path"]) or self._answered)(self, scope, receive, send)
        finally:
            self.running -= 1

    def _next(self, path: str) -> "Fault | None":
        if self._fault is None or not path.startswith(self._at) or self._times == 0:
            return None
        self._times -= 1
        return self._fault

    @staticmethod
    async def _answered(self_: "Upstream", scope: Scope, receive: Receive, send: Send) -> None:
        await self_.app(scope, receive, send)


Fault = Callable[[Upstream, Scope, Receive, Send], Any]


def status(code: int, body: bytes = b'{"error": "jane@example.com"}', **headers: str) -> Fault:
    """Answer so; the body holds what must not be told to anybody."""
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def fault(_upstream: Upstream, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": code, "headers": told})
        await send({"type": "http.response.body", "body": body})

    return fault


async def hang(upstream: Upstream, _scope: Scope, receive: Receive, _send: Send) -> None:
    """Never answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
    upstream.is_gone = True


async def reset(upstream: Upstream, scope: Scope, _receive: Receive, _send: Send) -> None:
    """Reset the connection."""
    _abort(upstream, scope)


async def truncate(upstream: Upstream, scope: Scope, _receive: Receive, send: Send) -> None:
    """Promise more than comes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b'{"tickets": [', "more_body": True})
    await asyncio.sleep(0.05)
    _abort(upstream, scope)


def flood(megabytes: int, **headers: str) -> Fault:
    """Send a body of so many megabytes, in pieces and without its length unless it is told."""
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def fault(upstream: Upstream, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": told})
        gone = asyncio.create_task(_gone(receive))
        for _ in range(megabytes * 16):
            if gone.done():
                upstream.is_gone = True
                return
            await send({"type": "http.response.body", "body": b" " * (MEGABYTE // 16), "more_body": True})
            upstream.sent_bytes += MEGABYTE // 16
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"{}"})
        gone.cancel()

    return fault


async def drip(upstream: Upstream, _scope: Scope, receive: Receive, send: Send) -> None:
    """Send a byte now and then, for ever."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.create_task(_gone(receive))
    while not gone.done():
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(0.02)
    upstream.is_gone = True


async def _gone(receive: Receive) -> None:
    message: Message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


def _abort(upstream: Upstream, scope: Scope) -> None:
    """End the connection of a request without another word."""
    for transport in upstream.connections():
        if transport.get_extra_info("peername")[:2] != tuple(scope["client"]):
            continue
        connected: socket.socket = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        transport.abort()


@contextmanager
def serving(app: Starlette, tls: tuple[Path, Path] | None = None) -> Iterator[Upstream]:
    """The application on a free port, in a thread with a loop of its own; `tls` are the files of chain and key."""
    upstream = Upstream(app)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(upstream, http="h11", log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    if tls is not None:
        config.ssl_certfile, config.ssl_keyfile = (str(file) for file in tls)
        config.ssl_cert_reqs = ssl.CERT_NONE
    server = uvicorn.Server(config)
    upstream.connections = lambda: [
        protocol.transport for protocol in server.server_state.connections if protocol.transport is not None
    ]
    scheme = "http" if tls is None else "https"
    upstream.url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the upstream did not start")
            threading.Event().wait(0.01)
        yield upstream
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
