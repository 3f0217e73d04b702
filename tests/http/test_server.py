"""A real server on a loopback port, and connections that misbehave."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from gateway.server import BoundedProtocol, Server, configured
from tests.http.serving import Gateway
from tests.unit.tokens import token

HEADER_S = 0.3
BODY = b'{"query":"{ hello }"}'


class QuickProtocol(BoundedProtocol):
    header_s = HEADER_S


class Running:
    """A server in a thread of its own."""

    def __init__(self, gateway: Gateway) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        config = configured(lambda: gateway.app)
        config.http_protocol_class = config.http = QuickProtocol
        self.server = Server(config)
        self._thread = threading.Thread(target=self.server.run, args=([self._listening],))

    def start(self) -> None:
        self._thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join()

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as opened:
            yield opened

    def exchange(self, *parts: bytes) -> bytes:
        """All that the server sends to a connection until it closes it."""
        with self.connection() as opened:
            for part in parts:
                opened.sendall(part)
            return everything(opened)


def everything(opened: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := opened.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def post(*headers: str, body: bytes = b"") -> bytes:
    lines = [
        "POST /graphql HTTP/1.1",
        "host: gateway",
        f"authorization: Bearer {token()}",
        "content-type: application/json",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    started = Running(Gateway(max_body_bytes=1_024, deadline_s=1.0))
    started.server.drain_s = 0.0
    started.start()
    yield started
    started.stop()


def hello(running: Running) -> httpx2.Response:
    return httpx2.post(
        f"http://127.0.0.1:{running.port}/graphql",
        json={"query": "{ hello }"},
        headers={"authorization": f"Bearer {token()}"},
    )


def test_a_request_is_answered_over_the_wire(running: Running) -> None:
    response = hello(running)
    assert (response.status_code, response.json()) == (200, {"data": {"hello": "world"}})
    assert "server" not in response.headers


def test_a_header_comes_with_its_body_and_without_one_alone(running: Running) -> None:
    asked = post(f"content-length: {len(BODY)}", body=BODY)
    with running.connection() as opened:
        for _ in range(3):
            opened.sendall(asked)
            assert opened.recv(65_536).endswith(b'\r\n\r\n{"data":{"hello":"world"}}')
        opened.sendall(asked + asked)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 2 or not received.endswith(b"}}"):
            received += opened.recv(65_536)
        opened.sendall(b"HEAD /healthz HTTP/1.1\r\nhost: gateway\r\n\r\n")
        alone = opened.recv(65_536)
        assert (alone[:15], alone[-4:], alone.count(b"\r\n\r\n")) == (b"HTTP/1.1 200 OK", b"\r\n\r\n", 1)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /graphql HTTP/1.1\r\nhost: gate"])
def test_a_header_that_does_not_come_closes_the_connection(running: Running, sent: bytes) -> None:
    began = time.monotonic()
    assert running.exchange(sent).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert HEADER_S <= time.monotonic() - began < HEADER_S * 4


def test_empty_lines_keep_no_idle_connection_open(running: Running) -> None:
    with running.connection() as opened:
        opened.sendall(post(f"content-length: {len(BODY)}", body=BODY))
        assert opened.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        opened.sendall(b"\r\n")
        assert everything(opened).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize("headers", [["x: " + "a" * 40_000], [f"x{at}: {'a' * 90}" for at in range(400)]])
def test_a_header_without_end_is_431(running: Running, headers: list[str]) -> None:
    whole = post(*headers).removesuffix(b"\r\n\r\n")
    assert running.exchange(whole).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_trailers_without_end_are_431(running: Running) -> None:
    sent = post("transfer-encoding: chunked", body=b"1\r\n{\r\n0\r\nx: " + b"a" * 40_000)
    assert running.exchange(sent).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_a_body_in_tiny_chunks_is_taken(running: Running) -> None:
    with running.connection() as opened:
        opened.sendall(post("transfer-encoding: chunked"))
        for byte in BODY:
            opened.sendall(b"1\r\n" + bytes([byte]) + b"\r\n")
        opened.sendall(b"0\r\n\r\n")
        assert opened.recv(65_536).endswith(b'{"data":{"hello":"world"}}')


def test_a_body_beyond_the_limit_ends_the_connection(running: Running) -> None:
    for header, body in (("content-length: 2000", b"{"), ("transfer-encoding: chunked", b"7d0\r\n" + b" " * 2_000)):
        received = running.exchange(post(header, body=body))
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close\r\n" in received


def test_a_body_that_comes_too_slowly_is_408(running: Running) -> None:
    for sent in (b"", b"{"):
        received = running.exchange(post("content-length: 20", body=sent))
        assert received.startswith(b"HTTP/1.1 408 ")
        assert received.endswith(
            b'{"message":"The body took longer than 1 seconds.","extensions":{"code":"BAD_REQUEST"}}]}'
        )


@pytest.mark.parametrize(
    "headers",
    [
        ("content-length: 3", "transfer-encoding: chunked"),
        ("content-length: 3", "content-length: 4"),
        ("content-length: -1",),
        ("transfer-encoding: chunked, identity",),
        ("transfer-encoding: xchunked",),
    ],
)
def test_a_message_of_uncertain_length_is_400_and_closed(running: Running, headers: tuple[str, ...]) -> None:
    received = running.exchange(post(*headers, body=b"0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"))
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b'"status":"ok"' not in received


def test_three_hundred_silent_connections_do_not_keep_others_out(running: Running) -> None:
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(300)]
    try:
        assert hello(running).json() == {"data": {"hello": "world"}}
    finally:
        for opened in silent:
            opened.close()


def test_a_stopping_server_is_not_ready_but_still_answers() -> None:
    stopping = Running(Gateway())
    stopping.server.drain_s = 1.0
    stopping.start()
    stopping.server.should_exit = True
    time.sleep(0.4)
    ready = httpx2.get(f"http://127.0.0.1:{stopping.port}/readyz")
    assert (ready.status_code, ready.json()) == (503, {"status": "draining"})
    assert hello(stopping).json() == {"data": {"hello": "world"}}
    stopping.stop()
    with pytest.raises(httpx2.ConnectError):
        hello(stopping)


def running_operations(of: Running) -> str:
    text = httpx2.get(f"http://127.0.0.1:{of.port}/metrics").text
    return next(line for line in text.splitlines() if line.startswith("customer_graph_requests_in_flight"))


def test_what_nobody_waits_for_any_more_is_stopped() -> None:
    gateway = Gateway(deadline_s=10.0)
    running = Running(gateway)
    running.start()
    slow = b'{"query":"{ hello slow }"}'
    with running.connection() as opened:
        opened.sendall(post(f"content-length: {len(slow)}", body=slow))
        while gateway.resolved < 2:
            time.sleep(0.01)
        assert running_operations(running) == "customer_graph_requests_in_flight 1.0"
    until = time.monotonic() + 3  # the field itself takes five
    while running_operations(running) != "customer_graph_requests_in_flight 0.0":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert hello(running).json() == {"data": {"hello": "world"}}
    running.stop()


def test_a_client_who_waits_long_is_answered() -> None:
    running = Running(Gateway(deadline_s=1.0))
    running.start()
    response = httpx2.post(
        f"http://127.0.0.1:{running.port}/graphql",
        json={"query": "{ hello slow }"},
        headers={"authorization": f"Bearer {token()}"},
    )
    assert (response.status_code, response.json()["data"]) == (200, {"hello": "world", "slow": None})
    running.stop()


def test_a_stopping_server_finishes_what_runs() -> None:
    stopping = Running(Gateway(deadline_s=1.0))
    stopping.server.drain_s = 0.0
    stopping.start()
    with stopping.connection() as opened:
        slow = b'{"query":"{ hello slow }"}'
        opened.sendall(post(f"content-length: {len(slow)}", body=slow))
        time.sleep(0.2)
        stopping.server.should_exit = True
        head, _, body = everything(opened).partition(b"\r\n\r\n")
    stopping.stop()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert httpx2.Response(200, content=body).json()["data"] == {"hello": "world", "slow": None}
