import pytest

from tests.resilience.skipping import SkippingLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """A loop whose time passes at once: seconds can be counted exactly."""
    return "asyncio", {"loop_factory": SkippingLoop}
