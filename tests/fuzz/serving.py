"""A gateway that serves the demo program on a port of its own, in a thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import jwt
import uvicorn

from gateway.app import create_app
from tests.harness import AUDIENCE, ISSUER, KEY, settings

STARTS_WITHIN_S = 20.0


def token(role: str) -> str:
    """A token for a role, good for an hour."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": role, "exp": int(time.time()) + 3600, "roles": [role]}
    return jwt.encode(claims, KEY, "HS256")


@contextmanager
def serving(url: str) -> Iterator[str]:
    """The address of a gateway over a database."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings(url)), log_config=None))
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
    thread.start()
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not server.started:
            assert thread.is_alive(), "the gateway did not start"
            assert time.monotonic() < deadline, "the gateway did not start in time"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
