"""Exception → what the caller is told: the one translation, for whole requests and for single fields."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec
import structlog
from graphql import GraphQLError

from datasources.errors import (
    DeadlinePassed,
    InvalidRequest,
    NotConfigured,
    RateLimited,
    SearchModeDisabled,
    SourceCutOff,
    SourceError,
    SourceTimedOut,
)
from gateway.identity import Unauthenticated
from gateway.keys import KeysUnavailable
from gateway.telemetry import cause
from permissions.model import AccessDenied
from permissions.policy import NotAuthenticated

MAX_MESSAGE = 200
MAX_NAME = 60

LONG_NAME = re.compile(rf"'([^']{{{MAX_NAME - 1}}})[^']+'")
GIVEN_VALUE = re.compile(
    r"(?:[,;.]? found|(?<=value)(?<!invalid value)(?<!default value)): .+", re.DOTALL | re.IGNORECASE
)
"""Where graphql-core repeats what was given: it may be somebody's address."""
SUGGESTION = re.compile(r"\s*Did you mean .*", re.DOTALL)

Told = dict[str, object]
"""An entry of `errors`: message, locations, path and extensions, as far as it has them."""
Headers = tuple[tuple[bytes, bytes], ...]

log = structlog.get_logger()


class Code(StrEnum):
    """What `extensions.code` can be; the contract's list."""

    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    SEARCH_MODE_DISABLED = "SEARCH_MODE_DISABLED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SOURCE_TIMEOUT = "SOURCE_TIMEOUT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class Rule(msgspec.Struct, frozen=True):
    """The code of an exception, and the status of the answer when it ends the whole request."""

    code: Code
    status: int


RULES: dict[type[BaseException], Rule] = {
    AccessDenied: Rule(Code.FORBIDDEN, 403),
    NotAuthenticated: Rule(Code.UNAUTHENTICATED, 401),
    Unauthenticated: Rule(Code.UNAUTHENTICATED, 401),
    KeysUnavailable: Rule(Code.SOURCE_UNAVAILABLE, 503),
    InvalidRequest: Rule(Code.BAD_USER_INPUT, 400),
    SearchModeDisabled: Rule(Code.SEARCH_MODE_DISABLED, 400),
    SourceError: Rule(Code.SOURCE_UNAVAILABLE, 503),
    SourceTimedOut: Rule(Code.SOURCE_TIMEOUT, 504),
    DeadlinePassed: Rule(Code.SOURCE_TIMEOUT, 504),
    NotConfigured: Rule(Code.SOURCE_UNAVAILABLE, 503),
    RateLimited: Rule(Code.RATE_LIMITED, 429),
}
"""Exceptions whose message is ours and may be told. Whatever is not here is a fault of ours and told as nothing."""
UNKNOWN = Rule(Code.INTERNAL_SERVER_ERROR, 500)
ARGUMENT = Rule(Code.BAD_USER_INPUT, 400)
"""Of an argument that does not fit: graphql-core's own words."""


class Refused(Exception):
    """The request gets no data. With `executable` it was well-formed and fails by what its document or variables say."""

    def __init__(
        self, code: Code, status: int, errors: Iterable[Told], headers: Headers = (), *, executable: bool = False
    ) -> None:
        self.code, self.status, self.headers, self.executable = code, status, headers, executable
        self.errors = list(errors)
        super().__init__(code)


def refused(code: Code, status: int, message: str, headers: Headers = ()) -> Refused:
    """A refusal of one error that belongs to no place in the document."""
    return Refused(code, status, [{"message": message, "extensions": {"code": code}}], headers)


def unfit(code: Code, *errors: GraphQLError) -> Refused:
    """The refusal of a document, or of the variables for it: 400 where the media type lets statuses speak.

    Extensions of the errors are told beside the code.
    """
    told = [_told(error, tidied(error.message), {"code": code, **(error.extensions or {})}) for error in errors]
    return Refused(code, 400, told, executable=True)


def too_complex(message: str) -> Refused:
    """The refusal of a document that asks for more than the limits allow."""
    return unfit(Code.QUERY_TOO_COMPLEX, GraphQLError(message))


def too_costly(price: float, limit: int) -> Refused:
    """The refusal of an operation that costs more than its caller may spend on one."""
    message = f"The operation costs {price:,}, and at most {limit:,} is allowed: ask for less, or for smaller pages."
    return unfit(Code.QUERY_TOO_COMPLEX, GraphQLError(message, extensions={"cost": cost_told(price, limit)}))


def cost_told(price: float, limit: int) -> dict[str, object]:
    """Price and limit as `extensions.cost` tells them."""
    return {"requestedQueryCost": price, "maximumAvailable": limit}


def rule_of(error: BaseException) -> Rule:
    """The rule of the exception's class, or of the nearest class above it."""
    return next((RULES[kind] for kind in type(error).__mro__ if kind in RULES), UNKNOWN)


def _found(error: GraphQLError) -> tuple[Exception, Rule]:
    """What went wrong at a place of the document, and its rule."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    if original is None and error.message.startswith("Argument '"):
        return error, ARGUMENT
    return original or error, rule_of(original or error)


def tidied(message: str) -> str:
    """A message of graphql-core without suggestions and values given, long names and texts cut."""
    short = LONG_NAME.sub(r"'\1…'", GIVEN_VALUE.sub(".", SUGGESTION.sub("", message)))
    return short if len(short) <= MAX_MESSAGE else f"{short[: MAX_MESSAGE - 1]}…"


class Translator:
    """The translation for one request. A fault of ours is logged once, however many fields it nulls."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._logged: set[str] = set()

    def of_request(self, error: Exception) -> Refused:
        """The refusal for an exception that ended the request before there was data."""
        if isinstance(error, Refused):
            return error
        rule = rule_of(error)
        told: Told = {"message": self._message(error, rule), "extensions": self._extensions(error, rule)}
        return Refused(rule.code, rule.status, [told], _headers(error, rule))

    def of_stream(self, error: GraphQLError) -> Refused:
        """The refusal of a subscription whose root field gives no source stream, told at its path."""
        found, rule = _found(error)
        return Refused(rule.code, rule.status, [self.of_field(error)], _headers(found, rule), executable=True)

    def of_field(self, error: GraphQLError) -> Told:
        """The entry for an error of execution, at its path."""
        found, rule = _found(error)
        message = tidied(error.message) if rule is ARGUMENT else self._message(found, rule)
        return _told(error, message, self._extensions(found, rule))

    def _message(self, error: Exception, rule: Rule) -> str:
        # That a source is cut off was logged when it was; telling it with each request drowns what led to it.
        if isinstance(error, SourceError) and not isinstance(error, SourceCutOff):
            self._log(log.warning, "source.failed", error)
        if rule is not UNKNOWN:
            return str(error)
        self._log(log.error, "request.failed", error)
        return f"Something went wrong here; quote request id {self._request_id}."

    def _log(self, write: Callable[..., object], event: str, error: Exception) -> None:
        found = cause(error)
        if found["at"] not in self._logged:
            self._logged.add(found["at"])
            write(event, request_id=self._request_id, **found)

    def _extensions(self, error: Exception, rule: Rule) -> dict[str, object]:
        told: dict[str, object] = {"code": rule.code}
        if isinstance(error, SourceError):
            told |= {"source": error.source, "retryable": error.retryable}
        elif isinstance(error, DeadlinePassed):
            told["retryable"] = True
        elif isinstance(error, InvalidRequest) and error.path:
            told["argument"] = ".".join(error.path)
        elif isinstance(error, RateLimited):
            told["retryAfter"] = error.retry_after_s
        return told


def _headers(error: Exception, rule: Rule) -> Headers:
    if rule.code is Code.UNAUTHENTICATED:
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, RateLimited):
        return ((b"retry-after", str(error.retry_after_s).encode()),)
    if rule.status == 503:
        return ((b"retry-after", b"1"),)
    return ()


def _told(error: GraphQLError, message: str, extensions: dict[str, object]) -> Told:
    told: Told = {"message": message}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        told["path"] = error.path
    told["extensions"] = extensions
    return told
