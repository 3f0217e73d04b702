"""The key under which another system is asked for a change."""

from datasources.http.writing import key_of
from tests.upstreams.keys import write

KEY = "b535ea8c-c017-ccbc-5629-a54ac360b989"


def test_a_key_stands_for_one_caller_and_mutation_for_ever() -> None:
    """Another key for the same thing would have it done twice."""
    assert key_of(write("ann", "cardExpire", "k")) == KEY
    others = [("bob", "cardExpire", "k"), ("ann", "cardRemove", "k"), ("ann", "cardExpire", "l")]
    assert len({KEY, *(key_of(write(*one)) for one in others)}) == 4
    assert key_of(write("ann", "cardExpire", None)) != key_of(write("ann", "cardExpire", None))
