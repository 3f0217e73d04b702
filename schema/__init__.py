"""What clients see: types, inputs and directives, one module a domain."""
