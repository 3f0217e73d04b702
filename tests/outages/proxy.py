"""A link to PostgreSQL that can be cut, and in what ways."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

from sqlalchemy import make_url

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
AT_ONCE = struct.pack("ii", 1, 0)
"""Closing a socket resets the connection."""


class Mode(Enum):
    """What becomes of what is sent."""

    PASS = "pass"
    HOLE = "hole"
    """It is taken, and nothing comes back."""
    RESET = "reset"


class Link:
    """Listens on the loopback address, and passes on to the server."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._mode = Mode.PASS
        self._opened = asyncio.Event()
        self._opened.set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.made = 0
        """Connections that were made."""
        self.port = 0

    @property
    def url(self) -> str:
        """The server's URL through the link."""
        through = self._server.set(host="127.0.0.1", port=self.port, query={})
        return through.render_as_string(hide_password=False)

    def be(self, mode: Mode) -> None:
        """From now on."""
        self._mode = mode
        if mode is Mode.HOLE:
            self._opened.clear()
        else:
            self._opened.set()
        if mode is Mode.RESET:
            for writer in tuple(self._clients):
                reset(writer)

    async def close(self) -> None:
        """Let go of everybody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side is gone."""
        self.made += 1
        if self._mode is Mode.RESET:
            reset(writer)
            return
        self._clients.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            above, below = await self._connection()
            await asyncio.gather(self._passed(reader, below), self._passed(above, writer))
        except (OSError, asyncio.CancelledError):
            writer.close()
        finally:
            self._clients.discard(writer)
            self._tasks.discard(task)

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while sent := await reader.read(65_536):
            await self._opened.wait()
            writer.write(sent)
            await writer.drain()
        writer.close()

    async def _connection(self) -> Streams:
        folder = self._server.query.get("host")
        if isinstance(folder, str):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        return await asyncio.open_connection(self._server.host, self._server.port)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection without a word."""
    own: socket.socket = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


@asynccontextmanager
async def linked(server: str) -> AsyncIterator[Link]:
    """A link to the server of a URL."""
    link = Link(server)
    listening = await asyncio.start_server(link.connected, "127.0.0.1", 0)
    link.port = listening.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        listening.close()
        await link.close()
