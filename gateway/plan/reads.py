"""Which attributes of its row a field reads, as the source of what answers it tells: what becomes the columns of a page request.

A function is followed into the functions that it hands the row to. Whatever else it does with the row, it may read all.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterable
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from datasources.profiles import CustomerRow
from gateway.plan.projection import Reads, all_of
from resolvers.context import PerRequest
from resolvers.customer_lists import CustomerList
from schema.connections import ShownEdge, ShownPage
from schema.fields import GraphField
from schema.views import VIEWS

OWNER = frozenset(("customer_id",))
"""What a list of a customer reads of them."""
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DEEPEST = 4
"""So many functions the row is followed through."""
ITSELF = ""
"""Stands for the row where it is what a field returns: of it is read what is selected below."""
PARTS = (ShownPage, ShownEdge)
"""What stands around the rows of a page: it reads of them what is selected of them, and their order."""


def reads_of(parent: str, definition: GraphField | None, below: Reads) -> Reads:
    """What a field reads of the row it is a field of; `below` is what is read of the row that it returns, nothing for leaves."""
    view = VIEWS.get(parent)
    if definition is None or view is None or view.row is None or definition.masks_parts:
        return None
    if view.row in PARTS:
        return below
    if definition.reads is not None:
        return frozenset(definition.reads)
    if isinstance(definition.serve, CustomerList):
        return OWNER
    if definition.serve is not None:
        found = _of_function(definition.serve, view.row, 0, 0)
    else:
        found = _of_attribute(definition.python_name, view.row, -1)
    return found if found is None or ITSELF not in found else all_of((found - {ITSELF}, below))


def shows_customers(type_name: str) -> bool:
    """True for a type that shows a customer's own row."""
    view = VIEWS.get(type_name)
    return view is not None and view.row is CustomerRow


@cache
def _of_attribute(name: str, row: type, depth: int) -> Reads:
    """What an attribute of a row is made of: itself, where it is a field."""
    if name in getattr(row, "__struct_fields__", ()):
        return frozenset((name,))
    made = inspect.getattr_static(row, name, None)
    return _of_function(made.fget, row, 0, depth + 1) if isinstance(made, property) else None


@cache
def _of_function(function: Any, row: type, place: int, depth: int) -> Reads:
    """What a function reads of the row that it takes in this place."""
    written: Any = inspect.unwrap(function)
    parsed = _parsed(written) if depth <= DEEPEST else None
    if parsed is not None and isinstance(function, PerRequest):
        parsed = _sole(node for node in ast.walk(parsed) if node is not parsed)
    takes = [] if parsed is None else [*parsed.args.posonlyargs, *parsed.args.args]
    if parsed is None or len(takes) <= place:
        return None
    scope, name = _Scope(written, parsed, row, depth), takes[place].arg
    return all_of(scope.of_use(node) for node in scope.around if isinstance(node, ast.Name) and node.id == name)


class _Scope:
    """The source of a function, in which a row is used."""

    def __init__(self, function: Any, parsed: Function, row: type, depth: int) -> None:
        self._parsed, self._row, self._depth = parsed, row, depth
        self.around = {below: node for node in ast.walk(parsed) for below in ast.iter_child_nodes(node)}
        """What stands around each node."""
        own = {node.id for node in self.around if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        own |= {node.arg for node in self.around if isinstance(node, ast.arg)}
        code = function.__code__
        own.update(code.co_varnames, code.co_cellvars, code.co_freevars)
        self._known = {name: value for name, value in function.__globals__.items() if name not in own}

    def of_use(self, use: ast.Name) -> Reads:
        """What is read where the row is named."""
        node = self.around[use]
        if isinstance(node, ast.Attribute):
            return _of_attribute(node.attr, self._row, self._depth)
        if self._depth == 0 and self._is_returned(use):
            return frozenset((ITSELF,))
        if not isinstance(node, ast.Call) or use not in node.args:
            return None
        place = node.args.index(use)
        called = self._called(node.func)
        is_in_place = not any(isinstance(one, ast.Starred) for one in node.args[:place])
        is_followed = isinstance(called, (FunctionType, PerRequest)) and is_in_place
        return _of_function(called, self._row, place, self._depth + 1) if is_followed else None

    def _is_returned(self, use: ast.Name) -> bool:
        node = self.around[use]
        if not isinstance(node, ast.Return):
            return node is self._parsed and isinstance(node, ast.Lambda) and node.body is use
        while not isinstance(node, Function):
            node = self.around[node]
        return node is self._parsed

    def _called(self, named: ast.expr) -> Any:  # a function, where it is known by its name
        if isinstance(named, ast.Name):
            return self._known.get(named.id)
        if isinstance(named, ast.Attribute) and isinstance(named.value, ast.Name):
            module = self._known.get(named.value.id)
            return getattr(module, named.attr, None) if isinstance(module, ModuleType) else None
        return None


def _parsed(function: Any) -> Function | None:
    """The source of a function; None where it has none that stands by itself."""
    try:
        source = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    return _sole(ast.walk(source)) if function.__name__ == "<lambda>" else _sole(source.body)


def _sole(nodes: Iterable[ast.AST]) -> Function | None:
    """The one function among the nodes."""
    found = [node for node in nodes if isinstance(node, Function)]
    return found[0] if len(found) == 1 else None
