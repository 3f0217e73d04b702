"""Every mutation of the contract with an input that it carries out, told domain by domain.

`tests/writing/test_every_mutation.py` holds each of them to the promises that all mutations make.
"""

from importlib import import_module
from pkgutil import iter_modules

from tests.writing.examples.example import Example

EXAMPLES: dict[str, Example] = {
    example.mutation: example
    for module in iter_modules(__path__)
    for example in getattr(import_module(f"{__name__}.{module.name}"), "EXAMPLES", ())
}
