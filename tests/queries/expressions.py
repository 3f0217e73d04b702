"""Expressions over an answer, a part of JMESPath: `a.b[0].c`, `a[-1]`, `a[*].b`, `a.[b, c.d]`, and one function around it.

Unlike there, `[*]` keeps nulls, and a name that is not in the answer is an error: an assertion with a slip must fail.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "length": len,
    "sum": sum,
    "sort": sorted,
    "unique": lambda values: list(dict.fromkeys(values)),
    "keys": list,
}
CALL = re.compile(r"(\w+)\((.*)\)")
STEP = re.compile(r"\.?(?P<name>\w+)|\[(?P<index>-?\d+)\]|(?P<each>\[\*\])|\.?\[(?P<several>[\w.]+(?:, *[\w.]+)*)\]")


def evaluate(expression: str, value: Any) -> Any:
    """What the expression finds. Raises ValueError, KeyError, IndexError where it finds nothing."""
    call = CALL.fullmatch(expression.strip())
    if call is not None:
        return FUNCTIONS[call[1]](evaluate(call[2], value))
    return _walk(expression.strip(), value)


def _walk(path: str, value: Any) -> Any:
    if not path or value is None:
        return value
    step = STEP.match(path)
    if step is None:
        raise ValueError(f"not a path: {path}")
    rest = path[step.end() :]
    if step["each"]:
        return [_walk(rest, item) for item in value]
    if step["several"]:
        return _walk(rest, [_walk(part.strip(), value) for part in step["several"].split(",")])
    return _walk(rest, value[step["name"]] if step["name"] else value[int(step["index"])])
