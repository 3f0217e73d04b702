"""The folder that is imported: which file holds which domain, and the shape of every row."""

from collections.abc import Iterator
from pathlib import Path

from datasources.importing.report import ImportBroken
from datasources.registry import Domain

from .files import SUFFIXES, Line, lines, shape_of
from .problems import BadValue, Problem, Problems

DOMAINS = tuple(domain.value.lower() for domain in Domain)
PROGRAM = "program.json"


class Folder:
    """Files by domain. Raises ImportBroken where there is none."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ImportBroken(f"there is no folder {path}")
        self.path = path
        named = sorted(file for file in path.iterdir() if file.suffix in (*SUFFIXES, ".json"))
        self._files = {file.stem: file for file in named if file.suffix in SUFFIXES and file.stem in DOMAINS}
        self._strangers = [file for file in named if file not in self._files.values() and file.name != PROGRAM]
        if not named:
            raise ImportBroken(
                f"the folder {path} holds no file of the layout: see `customer-graph import --describe all`"
            )

    @property
    def program(self) -> Path | None:
        """The file of the program's settings, where there is one."""
        file = self.path / PROGRAM
        return file if file.exists() else None

    def lines(self, domain: str) -> Iterator[Line | Problem]:
        """The rows of a domain's file; none where there is no file."""
        if domain in self._files:
            yield from lines(self._files[domain])

    def check(self, problems: Problems) -> None:
        """Holds every row of every file against its schema."""
        for file in self._strangers:
            twice = file.stem in self._files
            reason = (
                f"{self._files[file.stem].name} is there too: one file a domain" if twice else "is no domain's file"
            )
            problems.add(Problem(file.name, 1, "", reason))
        for domain in self._files:
            for line in self.lines(domain):
                for problem in [line] if isinstance(line, Problem) else _faults(line, domain):
                    problems.add(problem)


def _faults(line: Line, domain: str) -> list[Problem]:
    try:
        shape = shape_of(line, domain)
    except BadValue as fault:
        return [line.problem(fault)]
    return [line.problem(fault) for fault in shape.faults(line.values)]
