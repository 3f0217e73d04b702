"""A reader behind layers is the same reader, each of whose calls goes through all of them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from datasources.layers import Call, Layered
from datasources.registry import Domain
from resolvers.loading import Loaders, call_name


class Reader:
    domain: ClassVar[Domain] = Domain.NOTES
    source = "desk"
    capabilities: ClassVar[dict[str, str]] = {"stream": "all"}

    async def notes(self, keys: Sequence[str], *, upper: bool = False) -> list[str]:
        return [key.upper() if upper else key for key in keys]

    async def stream(self, page: str) -> str:
        return page

    def title(self) -> str:
        return "notes"


class Written:
    """Writes down which call comes by, and its way back."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log, self.made = name, log, 0

    def around(self, _reader: Any, name: str, call: Call) -> Call:
        self.made += 1

        async def written(*arguments: Any, **named: Any) -> Any:
            self.log.append(f"{self.name} {name}")
            answer = await call(*arguments, **named)
            self.log.append(f"{name} {self.name}")
            return answer

        return written


async def test_the_first_layer_is_the_outermost() -> None:
    log: list[str] = []
    reader: Any = Layered(Reader(), Written("a", log), Written("b", log))
    assert await reader.notes(["x"], upper=True) == ["X"]
    assert log == ["a notes", "b notes", "notes b", "notes a"]


async def test_a_layer_is_put_around_a_method_once() -> None:
    log: list[str] = []
    layer = Written("a", log)
    reader: Any = Layered(Reader(), layer)
    for _ in range(3):
        await reader.stream("page")
    assert (layer.made, len(log)) == (2, 6)


async def test_layers_come_around_layers() -> None:
    log: list[str] = []
    reader: Any = Layered(Layered(Reader(), Written("b", log)), Written("a", log))
    assert await reader.stream("page") == "page"
    assert log == ["a stream", "b stream", "stream b", "stream a"]


async def test_it_is_told_of_as_the_reader_itself() -> None:
    reader: Any = Layered(Reader())
    assert (reader.domain, reader.source, reader.capabilities, reader.title()) == (
        Domain.NOTES,
        "desk",
        {"stream": "all"},
        "notes",
    )
    assert call_name(reader.notes) == "notes.notes"
    loaders = Loaders()
    assert await loaders.load(reader.notes, "x") == "x"
    assert loaders.calls == {"notes.notes": 1}
