"""The writer of a domain whose source is only read: it refuses everything, in words."""

from collections.abc import Awaitable, Callable
from types import MethodType
from typing import Any

from datasources.ids import CustomerId
from datasources.refusals import UserErrorCode
from datasources.registry import Domain
from datasources.writing import Refusal, Write, Writer


class ReadOnly:
    """Has every method that a writer of the domain may have. `audit` is who tells the audit log of what was refused."""

    def __init__(self, domain: Domain, source: str, audit: Writer) -> None:
        self.domain, self.source, self._audit = domain, source, audit

    async def refuse(self, write: Write, customer: CustomerId | None, refusal: Refusal) -> None:
        """See Writer."""
        await self._audit.refuse(write, customer, refusal)

    def __getattr__(self, name: str) -> Any:  # any method
        return MethodType(_refusing(name), self)


def unchangeable(source: str) -> Refusal:
    """Why what a source keeps stays as it is."""
    return Refusal(UserErrorCode.SOURCE_UNAVAILABLE, f"This is kept in {source}, which can't be changed from here.")


def _refusing(name: str) -> Callable[..., Awaitable[Any]]:
    """A method under this name, as calls are told by it."""

    async def method(own: ReadOnly, *_arguments: object, **_named: object) -> Any:
        raise unchangeable(own.source)

    method.__name__ = name
    return method
