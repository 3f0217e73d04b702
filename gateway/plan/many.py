"""A list that each of many rows has: asked for all of them by one call, and completed in all of them at once."""

from collections.abc import Sequence
from typing import Any

from gateway.plan.fields import Paged
from gateway.plan.positions import Places, Position
from gateway.plan.run import Arrival, Run
from gateway.plan.selections import Field, Selection
from resolvers.customer_lists import CustomerList


class PagesOfEach:
    """How a connection is asked for many customers."""

    __slots__ = ("_serve", "paged", "selection")

    def __init__(self, paged: Paged, serve: CustomerList[Any], selection: Selection) -> None:
        self.paged, self._serve, self.selection = paged, serve, selection

    def begin(self, run: Run, field: Field, rows: Sequence[Any], holders: Sequence[dict[str, Any]], at: Places) -> bool:
        """See OfEach."""
        try:
            request = self.paged.request(run)
            customers = [row.customer_id for row in rows]
            asked = None if request is None else self._serve.of_each(customers, run.context, request)
        except Exception:  # noqa: BLE001  # told by each row
            return False
        if asked is None:
            return False

        def place(index: int) -> Position:
            return Position(at.at(index), holders[index], field.key, is_nullable=field.is_nullable)

        run.arriving(asked, PagesArrival(run, asked, field, self, holders, Places(place)))
        return True


class PagesArrival(Arrival):
    """The pages of many customers, which are completed in their places."""

    __slots__ = ("_field", "_holders", "_of", "_places")

    def __init__(
        self, run: Run, asked: Any, field: Field, of: PagesOfEach, holders: Sequence[dict[str, Any]], places: Places
    ) -> None:
        super().__init__(run, asked)
        self._field, self._of, self._holders, self._places = field, of, holders, places

    def _complete(self, value: Sequence[Any]) -> None:
        run, selection, key = self._run, self._of.selection, self._field.key
        try:
            shown = self._of.paged.around(value, run)
            made = selection.each(shown, run.context)
        except Exception:  # noqa: BLE001  # told by the row that it belongs to
            self._complete_singly(value)
            return
        for holder, one in zip(self._holders, made, strict=True):
            holder[key] = one
        if selection.later:
            selection.start_each(run, shown, made, self._places)

    def _complete_singly(self, pages: Sequence[Any]) -> None:
        run, field = self._run, self._field
        for index, page in enumerate(pages):
            at = self._places.at(index)
            if isinstance(page, Exception):
                run.fail(at, page, field.nodes)
            else:
                run.complete(page, field, at)

    def _fail(self, error: Exception) -> None:
        for index in range(len(self._holders)):
            self._run.fail(self._places.at(index), error, self._field.nodes)
