"""The child process of an import: a request on standard input, progress and the outcome as JSON lines on standard output."""

import asyncio
import gc
import sys
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from datasources.importing.process import Outcome
from datasources.importing.report import ImportBroken, ImportProgress, ImportReport


class _WithoutPandas:
    """Hides pandas: pyarrow imports it where it is installed, for conversions unused here: 80 MB and most of a second."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, _WithoutPandas())

from .files import package_data  # noqa: E402
from .loading import LoadRequest, load  # noqa: E402


def _tell(outcome: Outcome) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
    sys.stdout.buffer.flush()


def _progress(progress: ImportProgress) -> None:
    _tell(Outcome(progress=progress))


def _run(request: LoadRequest) -> ImportReport:
    folder = package_data() if request.folder is None else Path(request.folder)
    return asyncio.run(load(request, folder, _progress))


def main() -> None:
    """Loads as requested; what can be told to a person ends up in `broken`."""
    # Millions of rows and no cycles among them: collecting would walk them all, a third of the time.
    gc.disable()
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=LoadRequest)
    try:
        _tell(Outcome(report=_run(request)))
    except ImportBroken as error:
        _tell(Outcome(broken=str(error)))
    except SQLAlchemyError as error:
        _tell(Outcome(broken=f"the database refused the import ({type(error).__name__}): has its schema been created?"))
    except OSError as error:
        _tell(Outcome(broken=f"the database could not be reached: {error.strerror or type(error).__name__}"))


if __name__ == "__main__":
    main()
