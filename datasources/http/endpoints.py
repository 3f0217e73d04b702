"""The calls of a mapping as they are made: templates with their places filled, and where in an answer the rows are."""

from collections.abc import Mapping

import msgspec

from datasources.capability import Capability
from datasources.http.client import Call
from datasources.http.identities import is_identifier
from datasources.http.lists import Listed
from datasources.http.methods import Method
from datasources.http.paths import JSON, Path, Unclear
from datasources.http.rows import Rows
from datasources.http.settings import BatchSettings, PagingSettings
from datasources.http.templates import BodyTemplate, Template, Values

FILTER = "filter."
"""What the places for values of a list's filter begin with."""
OWN_KEYS = frozenset(("id", "key", "latitude", "longitude"))
"""The names of what a key tells beside its customer."""


class Several(msgspec.Struct, frozen=True):
    """The values of many keys that are asked for at once."""

    values: Mapping[str, list[str]]
    separator: str | None = None


class Request(msgspec.Struct, frozen=True):
    """A call with places for values."""

    verb: str
    path: Template
    query: Mapping[str, Template] = {}
    body: BodyTemplate | None = None

    @property
    def names(self) -> frozenset[str]:
        """What is put in."""
        names = self.path.names.union(*(template.names for template in self.query.values()))
        return names if self.body is None else names | self.body.names

    def filled(self, doing: str, values: Values, several: Several | None = None) -> Call | None:
        """The call with the values; None where one of its path is missing, or can't stand in a path.

        `several` are values that there are many of: with no separator, a parameter has each in one of its own.
        """
        batch = several or Several({})
        joined = {**values, **{name: (batch.separator or ",").join(texts) for name, texts in batch.values.items()}}
        path = self.path.as_path(joined)
        if path is None:
            return None
        query: list[tuple[str, str]] = []
        for name, template in self.query.items():
            repeated = batch.values.get(template.place) if batch.separator is None else None
            texts = [template.filled(joined)] if repeated is None else repeated
            query += [(name, text) for text in texts if text is not None]
        body = None if self.body is None else self.body.filled({**values, **batch.values})
        return Call(doing, self.verb, path, query, body)


class Owner(msgspec.Struct, frozen=True):
    """Where an answer tells whose a row is, and by which identifier."""

    path: Path
    equals: str
    is_of_answer: bool

    def text_of(self, item: JSON, answer: JSON) -> str | None:
        """The owner's identifier. Raises Unclear."""
        return self.path.text_of(answer if self.is_of_answer else item)


class Paging(msgspec.Struct, frozen=True):
    """How a list is read page by page."""

    settings: PagingSettings
    next: Path | None
    after: Mapping[str, Template]

    @property
    def is_keyset(self) -> bool:
        """True where a list can be read from behind a row."""
        return self.settings.kind == "keyset"

    def behind(self, values: Values) -> dict[str, str] | None:
        """The parameters that ask for what is behind the row of these values; None where one of them is missing."""
        filled = {name: template.filled(values) for name, template in self.after.items()}
        found = {name: text for name, text in filled.items() if text is not None}
        return found if len(found) == len(filled) else None


class Endpoint(msgspec.Struct, frozen=True):
    """What answers a method: a call, or with `from_list` alone the list that another method reads."""

    method: Method
    rows: Rows
    request: Request | None
    listed: Listed | None
    items: Path | None
    owner: Owner | None
    key: Path | None
    batch: BatchSettings | None
    paging: Paging | None
    total: Path | None
    is_sorted: bool
    max_rows: int
    from_list: str | None
    capability: Capability

    @property
    def identifiers(self) -> frozenset[str]:
        """The identifiers of customers that it needs to know."""
        owner = frozenset() if self.owner is None else frozenset((self.owner.equals,))
        return owner | frozenset(name for name in self.names if is_identifier(name))

    @property
    def names(self) -> frozenset[str]:
        """The values that are put into its call."""
        return frozenset() if self.request is None else self.request.names

    @property
    def of_keys(self) -> frozenset[str]:
        """Those that differ from key to key: without one of them the system has nothing for the key."""
        return frozenset(name for name in self.names if name in OWN_KEYS or is_identifier(name))

    @property
    def filters(self) -> frozenset[str]:
        """The attributes of the list's filter that the system is asked by."""
        return frozenset(name.split(".")[1] for name in self.names if name.startswith(FILTER))

    @property
    def id_path(self) -> Path | None:
        """Where an item tells its id."""
        attribute = self.rows.attributes.get("id")
        return None if attribute is None else attribute.path

    @property
    def doing(self) -> str:
        """What its calls are told as."""
        return f"reading {self.method.title}"

    def items_of(self, answer: JSON) -> list[JSON]:
        """The items of an answer to a list. Raises Unclear."""
        found = answer if self.items is None else self.items.of(answer)
        if not isinstance(found, list):
            raise Unclear("items")
        return found

    def item_of(self, answer: JSON) -> JSON:
        """The one item of an answer, None where there is none. Raises Unclear."""
        found = answer if self.items is None else self.items.of(answer)
        if isinstance(found, list) and len(found) <= 1:
            found = found[0] if found else None
        if found is not None and not isinstance(found, dict):
            raise Unclear("items")
        return found


Endpoints = Mapping[str, Endpoint]
"""By the name of the method."""
