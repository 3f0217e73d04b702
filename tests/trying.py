"""How much the random tests try: a little on every run, far more, and anew each time, on a long one (`pytest --long`).

The unit tests' own examples take the counts of the profile; what is costly gives its count on a short run to `tried`.
"""

from hypothesis import HealthCheck, settings

MORE_EXAMPLES, MORE_STEPS = 10, 3
"""How many times more a long run tries."""
SHORT, LONG = "short", "long"

ORDINARY = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
settings.register_profile(SHORT, ORDINARY, derandomize=True)
settings.register_profile(
    LONG,
    ORDINARY,
    derandomize=False,
    max_examples=ORDINARY.max_examples * MORE_EXAMPLES,
    stateful_step_count=ORDINARY.stateful_step_count * MORE_STEPS,
)


def tried(examples: int, *, steps: int = ORDINARY.stateful_step_count) -> settings:
    """The loaded profile for a test that tries so many examples, histories of so many steps, on a short run."""
    loaded = settings()
    return settings(
        max_examples=examples * loaded.max_examples // ORDINARY.max_examples,
        stateful_step_count=steps * loaded.stateful_step_count // ORDINARY.stateful_step_count,
    )
