"""All limits around the calls to a source, as one layer."""

from typing import Any

from datasources.errors import InvalidRequest
from datasources.layers import Call
from datasources.resilience.answers import check_count, failure_of
from datasources.resilience.breaker import Breaker
from datasources.resilience.bulkhead import Bulkhead
from datasources.resilience.retries import Retries
from datasources.resilience.timeouts import Timed, Timeouts


class Limits:
    """What a breaker counts is a call, however often it is tried; a try takes a place and has its own time.

    Each limit is entered and left by a plain call, all in one coroutine.
    """

    is_stepped = True

    def __init__(
        self, source: str, *, breaker: Breaker, retries: Retries, bulkhead: Bulkhead, timeouts: Timeouts
    ) -> None:
        self._source, self.breaker, self.retries = source, breaker, retries
        self.bulkhead, self.timeouts = bulkhead, timeouts

    def around(self, reader: Any, _name: str, call: Call) -> Call:
        """See Layer. Raises SourceError, InvalidRequest."""
        source, counting, retries = self._source, self.breaker.counting(reader.domain), self.retries
        bulkhead, timeouts = self.bulkhead, self.timeouts

        async def limited(*arguments: Any, **named: Any) -> Any:
            with counting.call():
                retries.earn()
                made = 0
                while True:
                    try:
                        with bulkhead, Timed(timeouts) as own:
                            answer = await own.run(call(*arguments, **named))
                            check_count(answer, arguments)
                            return answer
                    except InvalidRequest:
                        raise
                    except Exception as error:  # noqa: BLE001  # of whatever kind
                        failure = failure_of(source, error)
                        if not await retries.pause(failure, made):
                            raise failure  # noqa: B904  # it tells its cause where it is another
                        del failure  # it knows this frame
                    made += 1

        return limited
