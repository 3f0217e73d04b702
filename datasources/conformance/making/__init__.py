"""The rows that the kit wants to find: the same in every run, for every domain."""

from datasources.conformance.making.rows import CUSTOMERS, rows_of, thinned, types_of
from datasources.conformance.making.values import NOW

__all__ = ["CUSTOMERS", "NOW", "rows_of", "thinned", "types_of"]
