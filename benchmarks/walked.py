"""The gateway with every operation walked by graphql-core, field by field: what plans are compared with.

python -m benchmarks.walked serve --config gateway.toml
"""

from gateway.cli import app
from gateway.plan.operation import Operation


def main() -> None:
    # Where an operation has no plan, graphql-core runs it; here none has one.
    Operation.plan = lambda *_: None  # type: ignore[method-assign]
    app()


if __name__ == "__main__":
    main()
