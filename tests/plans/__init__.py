"""Compiled plans beside graphql-core on the same sources."""
