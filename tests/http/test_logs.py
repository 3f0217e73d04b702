"""Logs are JSON lines, the libraries' too, and no line holds the words of an exception."""

import json
import subprocess
import sys

SCRIPT = """
import logging, structlog
from gateway.telemetry import configure

def fail():
    try:
        raise KeyError("jane@example.com")
    except KeyError as error:
        raise RuntimeError("jane@example.com") from error

configure()
try:
    fail()
except RuntimeError:
    structlog.get_logger().exception("ours")
    logging.getLogger("uvicorn.error").exception("theirs")
structlog.get_logger().debug("unseen")
logging.getLogger("uvicorn.error").info("started")
logging.getLogger("other").info("unseen")
"""


def test_every_line_is_json_without_the_words_of_an_exception() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("ours", "error"),
        ("theirs", "error"),
        ("started", "info"),
    ]
    for line in lines[:2]:
        assert (line["error"], line["causes"]) == ("builtins.RuntimeError", ["builtins.KeyError"])
        assert line["frames"] == ["<string>:7 fail"]
    assert "jane" not in ran.stderr
