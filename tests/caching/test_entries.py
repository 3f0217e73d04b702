"""What the cache keeps of an answer."""

from collections.abc import Iterator
from typing import Any

import msgspec

from datasources.cache_entries import entry_of, shape_of
from datasources.caching import NEVER
from datasources.protocols import methods_of
from datasources.registry import Domain
from datasources.sql.tables import metadata
from datasources.sql.types import Document


def _structs(type_: Any) -> Iterator[msgspec.inspect.StructType]:
    """The structs that a type is made of."""
    if isinstance(type_, msgspec.inspect.StructType):
        yield type_
    parts = [getattr(type_, name, ()) for name in ("fields", "types", "item_types")]
    parts += [
        (getattr(type_, name),) for name in ("type", "item_type", "key_type", "value_type") if hasattr(type_, name)
    ]
    for several in parts:
        for part in several:
            yield from _structs(part)


def test_rows_are_kept_without_the_names_of_their_attributes() -> None:
    documents = [column.type for table in metadata.tables.values() for column in table.c]
    in_documents = {
        found.cls
        for document in documents
        if isinstance(document, Document) and document.of is not None
        for found in _structs(msgspec.inspect.type_info(document.of))
    }
    shapes = [shape_of(domain, name) for domain in Domain if domain not in NEVER for name in methods_of(domain)]
    kept = {
        found.cls: found.array_like
        for shape in shapes
        if shape is not None
        for found in _structs(msgspec.inspect.type_info(entry_of(shape.answer)))
    }
    assert sorted(cls.__name__ for cls, is_array in kept.items() if not is_array and cls not in in_documents) == []
    assert len(kept) > 30
