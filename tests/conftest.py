"""Settings of the whole suite: hypothesis, and an environment that no user's settings reach."""

import os

from hypothesis import HealthCheck, settings

# Examples stay random in CI too, so that each run looks somewhere new; a failure prints the blob that
# repeats it. No deadline: the machines differ, and a slow example is the benchmark's business.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=200
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") == "true" else "dev"))

# ONEFOLD_TEST_… are the suite's own settings: which services it may use, and how much it takes upon itself.
for name in [name for name in os.environ if name.startswith("ONEFOLD_")]:
    if not name.startswith("ONEFOLD_TEST_"):
        del os.environ[name]
