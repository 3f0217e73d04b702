"""Runs an import in a process of its own, so that what only imports need never sits in a serving process's memory."""

import subprocess
import sys
import tempfile
from typing import IO

import msgspec

from .report import ImportBroken, ImportProgress, ImportReport, ProgressCallback


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line that the child writes: progress, or how it ended."""

    progress: ImportProgress | None = None
    report: ImportReport | None = None
    broken: str | None = None


def run(module: str, request: msgspec.Struct, progress: ProgressCallback) -> ImportReport:
    """Runs `python -m module` with the request on its standard input. Raises ImportBroken."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as child,
    ):
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the import's process has no pipes")
        try:
            child.stdin.write(msgspec.json.encode(request))
            child.stdin.close()
            report = _follow(child.stdout, progress)
        except BaseException:
            # Killed, so that it commits nothing that nobody waits for any more.
            child.kill()
            raise
        if report is None:
            raise ImportBroken(f"the import ended without a result (exit status {child.wait()}): {_last_line(errors)}")
        return report


def _follow(lines: IO[bytes], progress: ProgressCallback) -> ImportReport | None:
    report = None
    for line in lines:
        outcome = msgspec.json.decode(line, type=Outcome)
        if outcome.broken is not None:
            raise ImportBroken(outcome.broken)
        if outcome.progress is not None:
            progress(outcome.progress)
        report = outcome.report or report
    return report


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"
