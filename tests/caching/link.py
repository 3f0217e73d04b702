"""A line to a Redis server that can be cut, swallow what is sent, be slow, and break in the middle of a reply."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum

SLOW_S = 2.0
PART = 65_536


class Fault(Enum):
    """What is wrong with the line."""

    NONE = "NONE"
    REFUSED = "REFUSED"
    SWALLOWED = "SWALLOWED"
    SLOW = "SLOW"
    RESET = "RESET"


class Link:
    """A proxy on a loopback port before a server."""

    def __init__(self, port: int) -> None:
        self._port, self._fault = port, Fault.NONE
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._running: set[asyncio.Task[None]] = set()
        self.own_port = 0
        self.requests = 0
        """How often something was sent to the server, or would have been."""

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://127.0.0.1:{self.own_port}/0"

    async def have(self, fault: Fault) -> None:
        """Be so from now on; connections that stand break where it refuses."""
        self._fault = fault
        if fault is Fault.REFUSED:
            await self._close()
        elif self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.own_port)
            self.own_port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._running):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self._open.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            server = await asyncio.open_connection("127.0.0.1", self._port)
            self._open.add(server[1])
            await asyncio.gather(self._requests(reader, server[1]), self._replies(server[0], writer))
        for one in (writer, *([server[1]] if "server" in locals() else [])):
            one.transport.abort()
            self._open.discard(one)
        self._running.discard(task)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PART):
            self.requests += 1
            if self._fault is not Fault.SWALLOWED:
                writer.write(data)
        writer.transport.abort()

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PART):
            if self._fault is Fault.SLOW:
                await asyncio.sleep(SLOW_S)
            if self._fault is Fault.RESET:
                writer.write(data[: len(data) // 2])
                writer.transport.abort()
            elif self._fault is not Fault.SWALLOWED:
                writer.write(data)
        writer.transport.abort()


@asynccontextmanager
async def linked(port: int) -> AsyncIterator[Link]:
    """A line without a fault, until it gets one."""
    link = Link(port)
    await link.have(Fault.NONE)
    try:
        yield link
    finally:
        await link.have(Fault.REFUSED)
