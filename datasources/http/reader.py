"""The reader of any domain over another system: each method of the protocol is the call that the config maps to it."""

from collections.abc import Awaitable, Callable, Mapping
from types import MethodType
from typing import Any

from datasources.capability import Capability, check
from datasources.errors import NotConfigured, SourceError
from datasources.http.answering import answered
from datasources.http.asking import Answer, Asking, Upstream
from datasources.http.endpoints import Endpoint
from datasources.http.methods import Key, Method, methods_of
from datasources.paging import PageRequest
from datasources.registry import Domain


class HttpReader:
    """Serves the protocol of its domain. What no call is mapped to raises NotConfigured.

    A key that can't be answered has the SourceError in its place, so that the others stand; where none can be, it is
    raised.
    """

    is_stepped, asks_together = False, False

    def __init__(self, domain: Domain, upstream: Upstream) -> None:
        self.domain, self.source, self._upstream = domain, upstream.source, upstream
        self.capabilities: Mapping[str, Capability] = {
            name: endpoint.capability for name, endpoint in upstream.endpoints.items()
        }
        for name, method in methods_of(domain).items():
            endpoint = upstream.endpoints.get(name)
            setattr(self, name, MethodType(_unmapped(method) if endpoint is None else _mapped(endpoint), self))

    async def _asked(self, endpoint: Endpoint, given: tuple[Any, ...], named: Mapping[str, Any]) -> Answer:
        """What is answered to the keys, or to the one there is. Raises SourceError, InvalidRequest."""
        self._upstream.client.check_open()
        method = endpoint.method
        keys, rest = ([None], given) if method.key is Key.NONE else (given[0], given[1:])
        shared = {**dict(zip(method.shared, rest, strict=False)), **named}
        page = shared.get("page")
        if isinstance(page, PageRequest):
            check(self.source, endpoint.capability, page)
        answers = await answered(Asking(self._upstream, endpoint, shared), keys, shared)
        failures = [answer for answer in answers if isinstance(answer, SourceError)]
        if failures and len(failures) == len(answers):
            raise failures[0]
        return answers[0] if method.key is Key.NONE else answers


def _mapped(endpoint: Endpoint) -> Callable[..., Awaitable[Any]]:
    async def method(self: HttpReader, *given: Any, **named: Any) -> Any:
        return await self._asked(endpoint, given, named)

    method.__name__ = endpoint.method.name
    return method


def _unmapped(method: Method) -> Callable[..., Awaitable[Any]]:
    async def missing(self: HttpReader, *_given: Any, **_named: Any) -> Any:
        raise NotConfigured(self.source, f"reading {method.title}")

    missing.__name__ = method.name
    return missing
