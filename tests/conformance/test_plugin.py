"""The command of the kit: what it collects, and what it says of gaps and of factories that are none."""

from collections.abc import Mapping

import pytest

from datasources.conformance import methods_of
from datasources.registry import Domain
from tests.conformance import small

pytest_plugins = ["pytester"]
FACTORY = "tests.conformance.small:factory"
COMMAND = ("-p", "datasources.conformance", "-p", "no:cacheprovider", "--source-factory")


@pytest.fixture(autouse=True)
def _imported() -> None:
    """The modules of all domains: what a run in process imports is forgotten with it, and rows are kept."""
    assert all(methods_of(domain) for domain in Domain)


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The gaps that the module of the factory declares: the one there is."""
    found = {"erasure": small.GAPS["erasure"]}
    monkeypatch.setattr(small, "GAPS", found)
    return found


def test_without_paths_the_laws_are_all_that_is_run(pytester: pytest.Pytester, gaps: Mapping[str, str]) -> None:
    pytester.makepyfile(test_own="def test_own(): assert False")
    ran = pytester.runpytest_inprocess(*COMMAND, FACTORY)
    ran.assert_outcomes(passed=26, xfailed=1, deselected=7)


def test_paths_that_are_named_are_run_too(pytester: pytest.Pytester, gaps: Mapping[str, str]) -> None:
    own = pytester.makepyfile(test_own="def test_own(): pass")
    pytester.runpytest_inprocess(*COMMAND, FACTORY, own).assert_outcomes(passed=27, xfailed=1, deselected=7)


def test_a_law_that_holds_is_no_gap(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess(*COMMAND, FACTORY)
    ran.assert_outcomes(passed=25, xfailed=1, failed=1, deselected=7)
    ran.stdout.fnmatch_lines(["*XPASS(strict)*told to fail, and does not*"])


def test_a_gap_that_is_not_declared_fails(pytester: pytest.Pytester, gaps: dict[str, str]) -> None:
    gaps.clear()
    ran = pytester.runpytest_inprocess(*COMMAND, FACTORY)
    ran.assert_outcomes(passed=26, failed=1, deselected=7)
    ran.stdout.fnmatch_lines(["*it can't export and erase: declare the gap, and say who does it*"])


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        ("erase", "'erase' is no gap: 'erase' is no law, which are answers, backward,*"),
        ("backward rewards.rewards", "'* is no gap: 'rewards.rewards' is no method of the domains that are read"),
        ("tickets.of_customers", "'tickets.of_customers' is no gap: 'tickets.of_customers' is no law, which are *"),
    ],
)
def test_a_gap_that_is_none_is_told(pytester: pytest.Pytester, gaps: dict[str, str], gap: str, message: str) -> None:
    gaps[gap] = "a slip of the pen"
    ran = pytester.runpytest_inprocess(*COMMAND, FACTORY)
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([f"E   *UnknownGap: {message}"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.at_all:factory", "No module named 'nowhere': is the package installed here?"),
        ("tests.conformance.small:nothing", "tests.conformance.small has no such factory"),
        ("tests.conformance.small", "tests.conformance.small has no such factory"),
    ],
)
def test_a_factory_that_is_none_is_told(pytester: pytest.Pytester, name: str, message: str) -> None:
    ran = pytester.runpytest_inprocess(*COMMAND, name)
    assert ran.ret is pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {name}: {message}"])


def test_the_laws_hold_for_every_domain_in_memory(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_inprocess(*COMMAND, "tests.conformance.held:factory")
    assert ran.parseoutcomes().keys() - {"warnings"} == {"passed", "deselected"}
