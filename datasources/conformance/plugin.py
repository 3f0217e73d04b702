"""The kit as a plugin: `pytest -p datasources.conformance --source-factory module:factory`."""

from pathlib import Path

import pytest

from datasources.conformance.factories import FACTORY, FactoryUnknown, factory_of

OPTION = "--source-factory"
LAWS = Path(__file__).with_name("of_factory.py")
NOTHING = "[NOTSET]"
"""How the names of tests end that are about an empty set of things."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The factory whose sources are held to the laws."""
    parser.getgroup("conformance").addoption(
        OPTION, metavar="MODULE:FACTORY", help="hold the sources that this makes to the laws of customer-graph"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the laws: alone, unless paths are named too. Raises UsageError where there is no such factory."""
    name = config.getoption(OPTION)
    if name is None:
        return
    try:
        config.stash[FACTORY] = factory_of(name)
    except FactoryUnknown as error:
        raise pytest.UsageError(str(error)) from error
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    config.args[:] = [*named, str(LAWS)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the laws about what the source has nothing of, such as writes, and those that no factory can be held to."""
    gone = [item for item in items if _is_idle(item)]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)


def _is_idle(item: pytest.Item) -> bool:
    """True for a law that would hold nothing."""
    test = getattr(item, "obj", None)
    if not hasattr(test, "law"):
        return False
    return item.name.endswith(NOTHING) or (item.path == LAWS and not getattr(test, "of_rows", True))
