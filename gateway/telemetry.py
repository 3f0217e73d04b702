"""Logs and metrics. Neither ever holds personal data, a query's text or an exception's message."""

import asyncio
import datetime as dt
import logging
import os
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec
import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from structlog.typing import EventDict, Processor, WrappedLogger

from datasources.registry import Domain
from datasources.resilience.happenings import Happening

FRAMES = 12
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which workers share their metrics; prometheus-client reads it from the environment when imported."""
DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COUNTED_S = 0.1
BREAKER = {Happening.OPENED: 1.0, Happening.PROBED: 0.5, Happening.CLOSED: 0.0}

log = structlog.get_logger()


class Exchange(msgspec.Struct):
    """What the log and the metrics tell of one request; it fills while the request is answered."""

    request_id: str
    status: int = 0
    is_read: bool = False
    """True once the body was read to its end."""
    principal: str | None = None
    operation: str = "none"
    """query, mutation or subscription."""
    name: str | None = None
    codes: tuple[str, ...] = ()
    calls: Mapping[str, int] = {}
    executor: str | None = None
    """Who ran the operation: `plan` or `graphql-core`; None where nothing was run to its end."""


class Metrics:
    """The gateway's own metrics, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answered: list[tuple[Exchange, float]] = []
        """Requests that are not counted yet."""
        self._looked: defaultdict[tuple[Domain, str], int] = defaultdict(int)
        """Keys that are not counted yet, by domain and who answered them."""
        self._running = 0
        self._is_due = False
        """True from when there is something to count until it is counted."""
        self._series: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._requests = Counter(
            "customer_graph_requests",
            "Requests by status and kind of operation.",
            ["status", "operation"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "customer_graph_request_duration_seconds",
            "Time from the headers to the answer.",
            ["operation"],
            buckets=DURATIONS_S,
            registry=self._registry,
        )
        self._executions = Counter(
            "customer_graph_executions", "Operations run, by who ran them.", ["by"], registry=self._registry
        )
        self._errors = Counter("customer_graph_errors", "Errors told, by code.", ["code"], registry=self._registry)
        self._calls = Counter("customer_graph_source_calls", "Calls to sources.", ["call"], registry=self._registry)
        self._kept = Counter(
            "customer_graph_cache_keys",
            "Keys asked for of what is cached, by who answered: the cache or the source.",
            ["domain", "by"],
            registry=self._registry,
        )
        self._limits = Counter(
            "customer_graph_source_limits",
            "What limits did to calls of sources.",
            ["source", "what"],
            registry=self._registry,
        )
        self._breakers = Gauge(
            "customer_graph_source_breaker",
            "1 while the breaker of a source is open, 0.5 while a call probes whether it is back, else 0.",
            ["source"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._in_flight = Gauge(
            "customer_graph_requests_in_flight",
            "Operations that run.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

        self._lags = Gauge(
            "customer_graph_outbox_lag_seconds",
            "How long the oldest message of an outbox has waited.",
            ["source", "topic"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def lag(self, source: str, topic: str, seconds: float) -> None:
        """Tell how long the oldest message of an outbox has waited."""
        self._labelled(self._lags, source, topic).set(seconds)

    def observe(self, exchange: Exchange, duration_s: float) -> None:
        """Have an answered request counted soon, with those that are answered meanwhile: one by one takes longer than what is
        counted then."""
        self._answered.append((exchange, duration_s))
        self._count_soon()

    def run(self, running: int) -> None:
        """Have it told soon how many operations run now."""
        self._running = running
        self._count_soon()

    def _count_soon(self) -> None:
        if self._is_due:
            return
        self._is_due = True
        asyncio.get_running_loop().call_later(COUNTED_S, self.count)

    def count(self) -> None:
        """Count what was answered since it was last done, and tell how much runs."""
        self._is_due = False
        self._in_flight.set(self._running)
        answered, self._answered = self._answered, []
        tally: defaultdict[tuple[Any, ...], int] = defaultdict(int)
        for exchange, duration_s in answered:
            self._labelled(self._durations, exchange.operation).observe(duration_s)
            tally[self._requests, str(exchange.status), exchange.operation] += 1
            tally[self._executions, exchange.executor] += 1
            for code in exchange.codes:
                tally[self._errors, code] += 1
            for call, times in exchange.calls.items():
                tally[self._calls, call] += times
        tally.pop((self._executions, None), None)
        for (domain, by), keys in self._looked.items():
            if keys:
                tally[self._kept, domain.value.lower(), by] = keys
        self._looked.clear()
        # Many are alike, and each increment takes a lock and several calls.
        for (metric, *labels), times in tally.items():
            self._labelled(metric, *labels).inc(times)

    def looked(self, domain: Domain, found: int, missing: int) -> None:
        """Have the keys of one call counted soon: those that the cache answered, and those that it did not."""
        self._looked[domain, "source"] += missing
        self._looked[domain, "cache"] += found
        self._count_soon()

    def note(self, source: str, happening: Happening) -> None:
        """Count what a limit around a source did; that it is asked no more, or again, is logged as well."""
        state = BREAKER.get(happening)
        if state is None:
            self._labelled(self._limits, source, happening.value).inc()
            return
        self._labelled(self._breakers, source).set(state)
        if happening is not Happening.PROBED:
            log.warning("source.breaker", source=source, state=happening.value)

    def _labelled(self, metric: Any, *labels: str) -> Any:
        """The series of a metric: prometheus-client looks each label over again, which takes longer than counting does."""
        key = metric, labels
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = metric.labels(*labels)
        return found

    def text(self) -> bytes:
        """The metrics in Prometheus' text format; with several workers, those of all."""
        self.count()
        if MULTIPROCESS not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
        return generate_latest(registry)


@cache
def _teller() -> Callable[[EventDict], None]:
    """Logs what is told of a request; lines of JSON without the steps that structlog takes for each."""
    configured = structlog.get_config()
    if configured["processors"] != [_line]:
        return lambda event: log.info(**event)
    write = configured["logger_factory"]().msg
    return lambda event: write(_line(None, "info", event))


def report(exchange: Exchange, duration_s: float) -> None:
    """The one log line of a request."""
    _teller()(
        {
            "event": "request",
            "request_id": exchange.request_id,
            "status": exchange.status,
            "ms": round(duration_s * 1_000, 2),
            "operation": exchange.operation,
            "name": exchange.name,
            "principal": exchange.principal,
            "codes": exchange.codes,
        }
    )


def cause(error: BaseException) -> dict[str, Any]:
    """An exception as it may be logged: its type, those behind it, and where. Messages may hold a row, so they stay out."""
    types: list[str] = []
    frames: list[str] = []
    found: BaseException | None = error
    while found is not None and len(types) < FRAMES:
        types.append(f"{type(found).__module__}.{type(found).__qualname__}")
        # `extract_tb` would look at every file as well, for the text of lines that nobody asks for.
        at = [(frame.f_code, line) for frame, line in traceback.walk_tb(found.__traceback__)][-FRAMES:]
        frames = [f"{_module(code.co_filename)}:{line} {code.co_name}" for code, line in at] or frames
        found = found.__cause__ or found.__context__
    return {
        "error": types[0],
        "causes": types[1:],
        "at": f"{types[0]} {frames[-1] if frames else 'unknown'}",
        "frames": frames,
    }


def configure() -> None:
    """Send all logs, the libraries' too, to the error stream: JSON lines, or readable ones on a terminal."""
    processors: list[Processor] = [_line]
    if sys.stderr.isatty():
        processors = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_messages,
            structlog.dev.ConsoleRenderer(),
        ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _teller.cache_clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors]
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.INFO)


def _without_messages(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """In place of a traceback, which would print messages: types and frames."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event.update(cause(error))
    return event


def _line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """The JSON of a line, in one step: there is one for every request."""
    event["level"], event["timestamp"] = method, dt.datetime.now(dt.UTC)
    return orjson.dumps(_without_messages(logger, method, event), default=str, option=orjson.OPT_UTC_Z).decode()


def _module(filename: str) -> str:
    """The end of a path, which names the module and not the machine's folders."""
    return "/".join(filename.rsplit("/", 2)[-2:])
