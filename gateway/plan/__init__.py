"""An operation compiled once and run many times, to the answer that graphql-core gives (architecture 4)."""
