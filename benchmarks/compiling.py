"""What compiling a plan costs, in this process."""

import statistics
import time
from typing import Any

import msgspec

from gateway.documents import Documents
from gateway.plan.arguments import NO_VARIABLES
from gateway.plan.operation import Operation
from gateway.sections import ServerSettings
from permissions.model import ANONYMOUS, EVERYONE, Principal, Scope, ViewerKind
from permissions.roles import scopes_of

TIMES = 50


def principal(number: int) -> Principal:
    """Staff who may do everything; each number is a class of callers of its own."""
    scopes = scopes_of("*") | {Scope(f"class:{number}")}
    return msgspec.structs.replace(ANONYMOUS, kind=ViewerKind.STAFF, scopes=scopes, reach=EVERYONE)


def planned(operation: Operation, number: int) -> None:
    """Have a plan made for a class of callers."""
    operation.plan(principal(number), NO_VARIABLES)


def compile_ms(schema: Any, text: str) -> float:  # strawberry types its schema as anything
    """CPU milliseconds to compile the plan of a document's only operation; the median of many times, so what selections that
    are alike share is there already."""
    found = []
    operation = Documents(schema, ServerSettings()).find(text).operation(None)
    for number in range(TIMES):
        before = time.process_time()
        planned(operation, number)
        found.append((time.process_time() - before) * 1000)
    return statistics.median(found)
