"""A program's own data as files: one a domain, `<domain>.jsonl` or `<domain>.csv`, and `program.json`.

`schemas/<domain>.schema.json` tells what a row may hold; `customer-graph import --describe DOMAIN` prints it. A file with
several kinds of rows tells them by `record`. In CSV the header names the properties, an empty cell is a property left out,
and lists and objects are JSON. `program.json` holds `datasources.program.ProgramSettings` with the names of `actors`; it can
be left out where the database has a program. Instants are RFC 3339 with their offset, amounts whole numbers.

Rows name a customer by support id or external id (`system:value`), and catalogues by their keys, from these files or
from an earlier import. Ids are derived from what tells rows apart, so the same rows twice change nothing; a row that differs
from what was imported under the same key is refused. All rows of all files are loaded, or none.
"""

from .folder import DOMAINS
from .loading import LayoutReport, load_layout
from .problems import Problem
from .shapes import schema_of, shapes

__all__ = ["DOMAINS", "LayoutReport", "Problem", "load_layout", "schema_of", "shapes"]
