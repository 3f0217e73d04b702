"""Secrets of the config that stand in files of their own."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr


def _content(path: object) -> str:
    """The text of a file that holds a secret."""
    if not isinstance(path, str) or not path:
        raise ValueError("must be the path of a file")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"the file can't be read ({type(error).__name__})") from None


FileText = Annotated[SecretStr, BeforeValidator(_content)]
"""Set by the path of a file; the value is the file's text."""
