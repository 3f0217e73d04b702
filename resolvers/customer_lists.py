"""Lists that customers have: asked for one customer, or for many at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import update_wrapper
from typing import Generic, TypeVar

from datasources.ids import CustomerId, OfCustomer
from datasources.paging import Page, PageRequest
from resolvers.context import Context

Row = TypeVar("Row")

Asked = tuple[Callable[..., Awaitable[Sequence[Page[Row]]]], *tuple[Hashable, ...]]
"""The method that answers a page of each customer, and the arguments that it takes behind them."""
OneByOne = Callable[[OfCustomer], Awaitable[Page[Row]]]
"""Makes the page of one customer out of several calls."""


class CustomerList(Generic[Row]):
    """A resolver of a page of each customer, which needs no more of a customer than the id.

    `asks` takes context and page request, and tells what has to be asked.
    """

    def __init__(self, asks: Callable[[Context, PageRequest], Asked[Row] | OneByOne[Row]]) -> None:
        self._asks = asks
        update_wrapper(self, asks)
        del self.__dict__["__wrapped__"]  # it takes other arguments

    def __call__(self, customer: OfCustomer, context: Context, page: PageRequest) -> Awaitable[Page[Row]]:
        """The page of a customer, as any resolver is called."""
        asked = self._asks(context, page)
        if not isinstance(asked, tuple):
            return asked(customer)
        method, *shared = asked
        return context.load(method, customer.customer_id, *shared)

    def of_each(
        self, customers: Sequence[CustomerId], context: Context, page: PageRequest
    ) -> "asyncio.Future[list[Page[Row] | Exception]] | None":
        """The pages of these customers in their order, each of which may be an exception in its place; None where each
        has to be asked for by itself."""
        asked = self._asks(context, page)
        if not isinstance(asked, tuple):
            return None
        method, *shared = asked
        return context.loaders.load_each(method, customers, *shared)
