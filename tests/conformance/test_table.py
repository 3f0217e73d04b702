"""The kit knows every filter there is, so that no list is held to less than it offers."""

from importlib import import_module

from datasources.conformance.filters import FILTERS
from datasources.registry import Domain


def test_every_filter_of_a_domain_is_held_to_its_law() -> None:
    named = {
        name
        for domain in Domain
        for name, found in vars(import_module(f"datasources.{domain.value.lower()}")).items()
        if name.endswith("Filter") and found.__module__ == f"datasources.{domain.value.lower()}"
    }
    assert named - {filtered.struct.__name__ for filtered in FILTERS.values()} == {"EventFilter"}


def test_the_table_names_methods_that_there_are() -> None:
    for title in FILTERS:
        domain, _, method = title.partition(".")
        (protocol,) = (
            found
            for name, found in vars(import_module(f"datasources.{domain}")).items()
            if name.endswith("Reader") and found.__module__ == f"datasources.{domain}"
        )
        assert hasattr(protocol, method), title
