"""Media types: what a client sends and what it takes (RFC 9110 sections 8.3 and 12.5.1)."""

from collections.abc import Iterator
from functools import lru_cache

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
MAX_HEADER = 1_000

MediaRange = tuple[str, dict[str, str]]


@lru_cache(maxsize=256)
def is_json(content_type: bytes | None) -> bool:
    """True for `application/json` in UTF-8 and nothing that merely resembles it."""
    if content_type is None:
        return False
    kind, parameters = _media_range(content_type.decode("latin-1"))
    return kind == JSON and parameters.get("charset", "utf-8") == "utf-8"


@lru_cache(maxsize=256)
def answered_as(accept: str) -> str | None:
    """The media type to answer a GraphQL request with, None when the client takes neither.

    Of equals the one of GraphQL over HTTP wins where it is named; a wildcard or no header at all means JSON.
    """
    if not accept.strip():
        return JSON
    wanted: dict[str, float] = {}
    for kind, parameters in _ranges(accept):
        quality = _quality(parameters)
        if quality > 0 and parameters.get("charset", "utf-8") == "utf-8":
            wanted[kind] = max(wanted.get(kind, 0.0), quality)
    any_json = max(wanted.get("*/*", 0.0), wanted.get("application/*", 0.0))
    json = wanted.get(JSON, any_json)
    graphql = wanted.get(GRAPHQL, 0.0)
    if graphql and graphql >= json:
        return GRAPHQL
    return JSON if json else None


def takes_html(accept: str) -> bool:
    """True for a browser that opens the page: `text/html` is named."""
    return any(kind == HTML and _quality(parameters) > 0 for kind, parameters in _ranges(accept))


def _ranges(accept: str) -> Iterator[MediaRange]:
    return (_media_range(part) for part in accept[:MAX_HEADER].split(","))


def _media_range(text: str) -> MediaRange:
    kind, *rest = text.split(";")
    parameters = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"').lower()
    return kind.strip().lower(), parameters


def _quality(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
