"""GraphQL types as views over rows: same attribute names, no copying, descriptions from the docstrings in the class."""

import ast
import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
import strawberry
from strawberry.types.field import StrawberryField

from datasources.ids import base64url
from datasources.registry import Domain
from permissions.model import RequiredScopes
from permissions.policy import requires as scopes
from schema.directives import WEIGHTLESS, Key, Shareable, Source, requires_scopes
from schema.fields import ROW, Expression, GraphField, Serve
from schema.scalars import FieldSet

View = TypeVar("View", bound=type)


class ViewOf(msgspec.Struct, frozen=True):
    """What a type is a view of, and how `node` finds one."""

    name: str
    row: type | None
    requires: RequiredScopes
    key: tuple[str, ...]
    find: Serve | None


VIEWS: dict[str, ViewOf] = {}
"""Every object type of the schema by name."""


@strawberry.interface(description="Anything that `node(id:)` finds.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque global id.")


def view(
    row: type | None = None,
    *,
    requires: str | None = None,
    guarded_by: str | None = None,
    domain: Domain | None = None,
    key: tuple[str, ...] = ("customer_id", "id"),
    find: Serve | None = None,
    entity_by: tuple[str, ...] = (),
    is_shared: bool = False,
    weighs: bool = True,
    name: str | None = None,
) -> Callable[[View], View]:
    """Make a class the GraphQL view of a row type.

    `requires` is printed, `guarded_by` is not: the read scope of the domain, for a node that the contract prints none on.
    `entity_by` names the fields by each of which other graphs know it, `is_shared` tells that they may have it as well.
    `weighs` is false for what costs nothing beside the object that holds it: value objects, and the parts of a page.
    `find` looks a row up by its key, (context, *parts of the key) → row or None: what `node` uses. Raises TypeError
    where an attribute is neither served by a resolver nor found on the row, and where a description is missing.
    """

    required = scopes(requires) if requires else ()
    guards = required or (scopes(guarded_by) if guarded_by else ())
    directives: list[object] = [Key(fields=FieldSet(field)) for field in entity_by]
    if is_shared:
        directives.append(Shareable())
    if domain is not None:
        directives.append(Source(domain=domain))
    if required:
        directives.append(requires_scopes(required))
    if not weighs:
        directives.append(WEIGHTLESS)

    def make(cls: View) -> View:
        called = name or cls.__name__
        _mix_in(cls)
        described(cls, row)
        if issubclass(cls, Node):
            setattr(cls, "id", _id_field(called, key))  # noqa: B010  # strawberry reads the class attribute
            cls.__annotations__["id"] = strawberry.ID
        VIEWS[called] = ViewOf(called, row, guards, key, find)
        return strawberry.type(cls, name=called, description=text_of(cls), directives=directives)

    return make


def values(row: type, *, one_of: bool = False) -> Callable[[View], View]:
    """Make a class the GraphQL input whose coerced value is the struct `row`; what it inherits comes behind its own."""

    def make(cls: View) -> View:
        described(cls, row, default=strawberry.UNSET, inherited=_inherited(cls))
        made: View = strawberry.input(cls, description=text_of(cls), one_of=one_of)
        INPUTS[cls.__name__] = row
        return made

    return make


INPUTS: dict[str, type] = {}
"""The struct that each input type becomes."""


def described(
    cls: type, row: type | None, default: Any = None, inherited: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Give every attribute of a class the field it needs, with the docstring below it as description.

    `inherited` describes those that come from elsewhere.
    """
    texts = {**inherited, **attribute_docstrings(cls)}
    texts |= {
        name: field.description
        for name, field in vars(cls).items()
        if isinstance(field, GraphField) and field.description
    }
    names = [*cls.__annotations__, *(name for name, value in vars(cls).items() if isinstance(value, GraphField))]
    for name in dict.fromkeys(names):
        field = vars(cls).get(name)
        if not isinstance(field, GraphField):
            spelled = field.graphql_name if isinstance(field, StrawberryField) else None
            held = dataclasses.MISSING if default is None else _default(cls, name, default)
            field = GraphField(graphql_name=spelled, default=held)
            setattr(cls, name, field)
        if name not in texts:
            raise TypeError(f"{cls.__name__}.{name} has no description")
        field.description = texts[name]
        if field.serve is None and row is not None and not _has(row, name):
            raise TypeError(f"{cls.__name__}.{name}: {row.__name__} has no such attribute")


def _inherited(cls: type) -> dict[str, str]:
    """Take over the attributes of the plain classes that an input is put together from; their descriptions by name."""
    texts: dict[str, str] = {}
    for part in cls.__mro__[1:-1]:
        texts |= attribute_docstrings(part)
        cls.__annotations__ |= part.__annotations__
        for name in part.__annotations__.keys() & vars(part).keys():
            setattr(cls, name, vars(part)[name])
    return texts


def _mix_in(cls: type) -> None:
    """Take over the fields of the plain classes that a type is put together from, each with its description."""
    for part in cls.__mro__[1:]:
        texts = attribute_docstrings(part) if part.__module__.startswith("schema.") else {}
        for name, field in vars(part).items():
            if isinstance(field, GraphField) and part is not Node:
                field.description = texts.get(name)
                setattr(cls, name, field)


def _default(cls: type, name: str, default: Any) -> Any:
    """The default of an input's attribute: its own, none where it must be given, else left out."""
    if name in vars(cls):
        own = vars(cls)[name]
        return own.default if isinstance(own, StrawberryField) else own
    annotation = cls.__annotations__[name]
    optional = type(None) in getattr(annotation, "__args__", ())
    return default if optional else dataclasses.MISSING


def _has(row: type, name: str) -> bool:
    return name in getattr(row, "__struct_fields__", ()) or hasattr(row, name)


def _id_field(type_name: str, key: tuple[str, ...]) -> GraphField:
    """The field `id` of a node: its type and key."""
    field = GraphField(description="Opaque global id: `node(id:)` finds this again.")

    raw = " + ".join(f"{ROW}.{name}.bytes" for name in key)
    written = field.written = Expression(f"{type_name + ':'!r} + base64url({raw})", {"base64url": base64url})
    field.serve = eval(f"lambda row, _context: {written.text.replace(ROW, 'row')}", dict(written.names))  # noqa: S307  # names of our own
    field.reads = key
    return field


def text_of(cls: type) -> str:
    """A class's docstring as one line."""
    if not cls.__doc__:
        raise TypeError(f"{cls.__name__} has no description")
    return " ".join(inspect.cleandoc(cls.__doc__).split())


def attribute_docstrings(cls: type) -> dict[str, str]:
    """The string below each attribute in the class's source, as one line."""
    return dict(_docstrings(cls.__module__).get(cls.__qualname__, {}))


@cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str]]:
    """The attribute docstrings of every class of a module, which is parsed once."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(sys.modules[module])).body:
        if isinstance(node, ast.ClassDef):
            texts = found[node.name] = {}
            for statement, below in zip(node.body, node.body[1:], strict=False):
                target = _target(statement)
                if target and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                    texts[target] = " ".join(inspect.cleandoc(str(below.value.value)).split())
    return found


def _target(statement: ast.stmt) -> str | None:
    """The name that a statement of a class body gives a value or type."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None
