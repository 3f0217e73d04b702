import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that the server's own user may enter."""
    made = Path(tempfile.mkdtemp(prefix="outage_"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
