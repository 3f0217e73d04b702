"""Computed figures in SQL."""

from collections.abc import Sequence
from typing import ClassVar

from datasources.ids import CustomerId
from datasources.metrics import CustomerMetricsRow
from datasources.registry import Domain
from datasources.sql.reader import SqlReader
from datasources.sql.statements import Keyed, Rows
from datasources.sql.tables.metrics import customer_metrics

METRICS = Keyed(Rows(CustomerMetricsRow, customer_metrics), key=("customer_id",))


class SqlMetrics(SqlReader):
    """Serves `datasources.metrics.MetricReader`."""

    domain: ClassVar[Domain] = Domain.METRICS

    async def metrics(self, customers: Sequence[CustomerId]) -> Sequence[CustomerMetricsRow | None]:
        """See MetricReader."""
        return await METRICS.one_each(self._database, customers)
