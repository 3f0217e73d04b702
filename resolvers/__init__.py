"""Plain coroutines: row and arguments in, rows out. They know no GraphQL library and no database."""
