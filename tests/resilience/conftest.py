"""Tests of what takes time run in a loop of their own, whose time passes at once: seconds can be counted exactly."""

import asyncio
import inspect

import pytest

from tests.resilience.skipping import SkippingLoop


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine; the loop that other tests share is not asked for."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(pyfuncitem.obj(**given))
    return True
