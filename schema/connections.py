"""Relay's connection types, made for each node type, and the page that they show."""

from typing import Any

import msgspec
import strawberry

from datasources.paging import CursorAt, Page
from schema.directives import WEIGHTLESS
from schema.fields import ROW, Expression, GraphField, Wrapped, leaf
from schema.views import VIEWS, ViewOf, view


class ShownPage:
    """A page with what its cursors need; the object behind a connection and its `pageInfo`."""

    __slots__ = ("cursor_at", "page")

    def __init__(self, page: Page[Any], cursor_at: CursorAt) -> None:
        self.page, self.cursor_at = page, cursor_at

    @property
    def edges(self) -> list["ShownEdge"]:
        """A row and its place in the list, each."""
        return [ShownEdge(row, self) for row in self.page.rows]

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The rows."""
        return self.page.rows

    @property
    def page_info(self) -> "ShownPage":
        """The page itself answers what `PageInfo` asks."""
        return self

    @property
    def total_count(self) -> int | None:
        """How many there are in all, where that was asked for."""
        return self.page.total

    @property
    def sole_match(self) -> Any:  # the row
        """The one row that there is in all."""
        alone = len(self.page.rows) == 1 and not self.page.has_next and not self.page.has_previous
        return self.page.rows[0] if alone else None

    @property
    def has_next_page(self) -> bool:
        """More behind this page."""
        return self.page.has_next

    @property
    def has_previous_page(self) -> bool:
        """More before this page."""
        return self.page.has_previous

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row."""
        rows = self.page.rows
        return self.cursor_of(rows[0]) if rows else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row."""
        rows = self.page.rows
        return self.cursor_of(rows[-1]) if rows else None

    def cursor_of(self, row: Any) -> str:
        """The cursor of a row of this page."""
        return self.cursor_at(self.page.position_of(row))


class ShownEdge(msgspec.Struct, gc=False):
    """A row and its place in the list."""

    node: Any
    page: ShownPage

    @property
    def cursor(self) -> str:
        """The row's cursor."""
        return self.page.cursor_of(self.node)


@view(ShownPage, weighs=False, is_shared=True)
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = leaf(written=f"{ROW}.page.has_next")
    """True when more comes behind this page."""
    has_previous_page: bool = leaf(written=f"{ROW}.page.has_previous")
    """True when something comes before this page."""
    start_cursor: str | None
    """Cursor of the first item; null on an empty page."""
    end_cursor: str | None
    """Cursor of the last item; null on an empty page."""


def _described(
    annotation: Any, description: str, written: Expression | None = None, wrapped: Wrapped | None = None
) -> tuple[Any, GraphField]:
    field = GraphField(description=description)
    field.written, field.wrapped = written, wrapped
    return annotation, field


def page_type(name: str, node: type, things: str, **more: Any) -> Any:  # the connection class itself
    """The types `<name>Connection` and `<name>Edge` over a node type; `things` names the nodes in the plural.

    `more` adds fields to the connection: name → (annotation, description).
    """
    nodes = Expression(f"{ROW}.page.rows")
    edge = _object(
        f"{name}Edge",
        f"One of the {things}, with its place in the list.",
        ShownEdge,
        node=_described(node, "What is listed."),
        cursor=_described(str, "Its place: pass it as `after` or `before`."),
    )
    return _object(
        f"{name}Connection",
        f"A page of {things}.",
        ShownPage,
        edges=_described(list[edge], "Each item with its cursor.", wrapped=Wrapped("node", nodes)),  # type: ignore[valid-type]  # made at run time
        nodes=_described(list[node], "The items alone.", nodes),  # type: ignore[valid-type]
        page_info=_described(PageInfo, "Where this page stands.", Expression(ROW)),
        total_count=_described(int | None, "How many there are in all; computed only when selected."),
        **{key: _described(annotation, description) for key, (annotation, description) in more.items()},
    )


def _object(name: str, description: str, row: type, **fields: tuple[Any, GraphField]) -> Any:
    annotations = {key: annotation for key, (annotation, _) in fields.items()}
    body = {"__annotations__": annotations, **{key: field for key, (_, field) in fields.items()}}
    made = strawberry.type(type(name, (), body), name=name, description=description, directives=[WEIGHTLESS])
    VIEWS[name] = ViewOf(name, row, (), (), None)
    return made
