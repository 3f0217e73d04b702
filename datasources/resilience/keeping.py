"""Remembers the last answers of a source, for when it fails (RFC 5861, section 4): with their age told."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import msgspec

from datasources.caching import NEVER
from datasources.errors import SourceError
from datasources.freshness import FRESHNESS, Old
from datasources.ids import CustomerId
from datasources.layers import Call
from datasources.paging import PageRequest
from datasources.registry import Domain
from datasources.resilience.answers import KEYS
from datasources.resilience.happenings import Happening, Note

HELD = 2_000
"""Answers to one key each."""
NO_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)
Question = tuple[Hashable, ...]
"""Domain and method, the key (of a list without keys, None), and what the keys of a call share."""


class Keeping:
    """Answers for up to `most_s` seconds what the source answered before, where it can't be asked."""

    is_stepped = True

    def __init__(self, source: str, most_s: float, note: Note, clock: Callable[[], float]) -> None:
        self._source, self._most_s, self._note, self._clock = source, most_s, note, clock
        self._held: OrderedDict[Question, tuple[Any, float]] = OrderedDict()

    def around(self, reader: Any, name: str, call: Call) -> Call:
        """See Layer."""
        domain: Domain = reader.domain
        if domain in NEVER:
            return call

        async def kept(*arguments: Any, **named: Any) -> Any:
            try:
                answer = await call(*arguments, **named)
            except SourceError as error:
                if not error.retryable:
                    raise
                return self._instead(domain, _questions(domain, name, arguments, named), error, _is_keyed(arguments))
            questions = _questions(domain, name, arguments, named)
            self._keep(questions, answer if _is_keyed(arguments) else [answer])
            return answer

        return kept

    def forget(self, customer: CustomerId) -> None:
        """Drop what is known of a customer: something about them was changed."""
        for question in [question for question in self._held if _owner(question) == customer]:
            del self._held[question]

    def _keep(self, questions: Sequence[Question], answers: Sequence[Any]) -> None:
        now = self._clock()
        for question, answer in zip(questions, answers, strict=True):
            if not isinstance(answer, Exception):
                self._held[question] = answer, now
                self._held.move_to_end(question)
        while self._held and (len(self._held) > HELD or next(iter(self._held.values()))[1] < now - self._most_s):
            self._held.popitem(last=False)

    def _instead(self, domain: Domain, questions: Sequence[Question], error: SourceError, is_keyed: bool) -> Any:
        """What is known; the error in the place of what is not. Raises it where nothing is."""
        since = self._clock() - self._most_s
        known = [held if (held := self._held.get(question)) and held[1] >= since else None for question in questions]
        oldest = min((at for _, at in filter(None, known)), default=None)
        if oldest is None:
            raise error
        self._note(self._source, Happening.SERVED_STALE)
        freshness = FRESHNESS.get()
        if freshness is not None:
            freshness.tell(domain, Old(self._clock() - oldest, error))
        answers = [error if held is None else held[0] for held in known]
        return answers if is_keyed else answers[0]


def _is_keyed(arguments: Sequence[Any]) -> bool:
    return bool(arguments) and arguments[0].__class__ in KEYS


def _questions(domain: Domain, name: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> list[Question]:
    """What is asked, a question for each key. The moment of asking makes no difference."""
    keys, shared = (arguments[0], arguments[1:]) if _is_keyed(arguments) else ((None,), arguments)
    rest = (*map(_timeless, shared), *sorted((key, _timeless(value)) for key, value in named.items()))
    return [(domain, name, key, *rest) for key in keys]


def _timeless(argument: Any) -> Any:
    if isinstance(argument, PageRequest):
        return msgspec.structs.replace(argument, now=NO_TIME)
    return NO_TIME if isinstance(argument, dt.datetime) else argument


def _owner(question: Question) -> Hashable:
    """The customer that a question is about; that of a key which names one first."""
    key = question[2]
    return key[0] if isinstance(key, tuple) and key else key
