"""A source for customer-graph: tickets, rewards and purchases from a folder of CSV files, read by DuckDB."""

from customer_graph_duckdb.source import KIND

__all__ = ["KIND"]
