"""Gateways over one database and one Redis, with and without a cache, and what their readers answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from datasources.caching import UNKEPT
from datasources.conformance import Subject
from datasources.conformance.keys import whole
from datasources.conformance.methods import Method, methods_of
from datasources.ids import CustomerId
from datasources.registry import Domain
from gateway.cache_sections import TtlSettings
from tests.caching.shelf import prefix
from tests.harness import Gateway, opened

TTL_S = dict.fromkeys(TtlSettings.model_fields, 600)
KEY = "c" * 40
AT_ONCE = 4
DOMAINS = tuple(domain for domain in Domain if domain.value.lower() in TTL_S)
METHODS = [
    method
    for domain in DOMAINS
    for method in methods_of(domain)
    if method.title not in UNKEPT and (method.key is CustomerId or (method.key is None and method.is_paged))
]
"""The lists of a customer, and those of the program."""


def shared(redis_url: str, **ttl_s: int) -> dict[str, Any]:
    """The sections of gateways that share a Redis, and cache for so long; all that can be where nothing is said."""
    return {"redis": {"url": redis_url, "prefix": prefix()}, "cache": {"key": KEY, "ttl_s": ttl_s or TTL_S}}


@asynccontextmanager
async def gateways(url: str, *sections: dict[str, Any]) -> AsyncIterator[list[Gateway]]:
    """A gateway with each of the sections, over one database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened(url, **one)) for one in sections]


async def answers(gateway: Gateway, customer: CustomerId) -> dict[str, Any]:
    """How every list begins, by the method's title."""
    readers = {domain: getattr(gateway.runtime.sources, domain.value.lower()) for domain in DOMAINS}
    subject = Subject(readers=readers, customers=[customer], now=gateway.now)
    found = {}
    for start in range(0, len(METHODS), AT_ONCE):
        methods = METHODS[start : start + AT_ONCE]
        told = await asyncio.gather(*(_answer(method, subject, customer) for method in methods))
        found |= {method.title: answer for method, answer in zip(methods, told, strict=True)}
    return found


async def _answer(method: Method, subject: Subject, customer: CustomerId) -> Any:
    # Mutations change the beginning of a list, but for an offer anywhere in the catalogue.
    first = 1_000 if method.domain is Domain.OFFERS else 20
    page = whole(method, subject, first=first) if method.is_paged else None
    (found,) = await method.ask(subject, [customer], page)
    return found
