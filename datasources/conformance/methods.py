"""The methods of the readers' protocols, with what tells how to ask them: kind, type of key, parameters."""

from collections.abc import Sequence
from typing import Any, get_type_hints

import msgspec

from datasources import protocols
from datasources.conformance.asked import argument
from datasources.conformance.subjects import Subject
from datasources.paging import PageRequest
from datasources.registry import Domain


class Method(msgspec.Struct, frozen=True):
    """A method that finds rows: for each of the keys it is given, or with `key` None, of the one list there is."""

    domain: Domain
    name: str
    key: Any  # a type: what a key is
    parameters: tuple[str, ...]
    answer: Any  # a type: what answers a key, or the whole method where it takes none

    @property
    def title(self) -> str:
        """`domain.method`."""
        return f"{self.domain.value.lower()}.{self.name}"

    @property
    def is_paged(self) -> bool:
        """True where it answers pages."""
        return "page" in self.parameters

    async def ask(
        self, subject: Subject, keys: Sequence[Any], page: PageRequest | None = None, **told: Any
    ) -> list[Any]:
        """What it answers to each key; the one page of a list without keys. `told` are parameters, in the place of those that
        all are asked with."""
        told["page"] = page
        given = [
            told[name] if name in told else argument(self.title, name, subject.now)
            for name in self.parameters[0 if self.key is None else 1 :]
        ]
        call = getattr(subject.readers[self.domain], self.name)
        return [await call(*given)] if self.key is None else list(await call(keys, *given))


def methods_of(domain: Domain) -> list[Method]:
    """The methods of a domain's protocol. Raises ModuleNotFoundError where the domain has none."""
    return [_method(domain, name, function) for name, function in protocols.methods_of(domain).items()]


def _method(domain: Domain, name: str, function: Any) -> Method:
    parameters = tuple(key for key in get_type_hints(function) if key != "return")
    asked = protocols.asked_of(function)
    return Method(domain, name, asked.key, parameters, asked.answer)
