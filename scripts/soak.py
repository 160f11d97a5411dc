"""Runs the random nights of `tests/support/cloud_machine.py`, and the properties of the tests, for some minutes."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from tests.support.cloud_machine import DONE, CloudMachine
from tests.support.rig import hurry, inline_vault
from tests.support.zygote_client import Zygote

ROOT = Path(__file__).resolve().parents[1]
#: Tests that are properties: what they try is as many as the profile says.
PROPERTIES = ("tests/robustness/test_parsers.py", "tests/robustness/test_plans_come_true.py", "tests/unit")
#: Clouds in one round, and what happens to each at most. They are most of a round.
CLOUDS, STEPS = 60, 12


def nights(seed: int, shrink: bool) -> None:
    """Let `CLOUDS` clouds live; raises what they found."""
    # Hypothesis's own way to set the seed of a test; run_state_machine_as_test asks the class for it.
    seeded(seed)(CloudMachine)
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    many = settings(
        max_examples=CLOUDS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=False,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(CloudMachine, settings=many)


def properties(seed: int) -> bool:
    """Run the property tests with a seed; True if they hold."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", f"--hypothesis-seed={seed}"]
    done = subprocess.run(
        [*command, "-m", "hypothesis", *PROPERTIES],
        cwd=ROOT,
        env={**os.environ, "TEST_DEPTH": "soak"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout[-8000:], done.stderr[-2000:])
        print(f"Again: TEST_DEPTH=soak scripts/test -n 0 -m hypothesis --hypothesis-seed={seed} FILE")
        return False
    print("  properties:", done.stdout.strip().splitlines()[-1], flush=True)
    return True


def report(rounds: int, seconds: float) -> None:
    """Say what was done."""
    counts = ", ".join(f"{DONE[what]} {what}" for what in sorted(DONE))
    print(f"{rounds} rounds in {seconds / 60:.1f} minutes: {counts}.", flush=True)


def soak(minutes: float, first: int, once: bool) -> bool:
    """Look until the time is over; True if nothing was found."""
    began = time.monotonic()
    rounds = 0
    while rounds == 0 or (not once and time.monotonic() - began < minutes * 60):
        seed = first + rounds
        try:
            nights(seed, shrink=once)
        except (Exception, HypothesisException):
            import traceback

            traceback.print_exc()
            report(rounds + 1, time.monotonic() - began)
            print(f"Found with seed {seed}. Again, and made small: scripts/soak --seed {seed}")
            return False
        rounds += 1
        print(f"  seed {seed}: no failure; so far {DONE['runs']} runs, {DONE['steps']} steps", flush=True)
        if not once and not properties(seed):
            report(rounds, time.monotonic() - began)
            return False
    report(rounds, time.monotonic() - began)
    print("Nothing was found.")
    return True


def main() -> int:
    """Take the options, and look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="one round with this seed, as an earlier run had it")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("OVH_")]:
        del os.environ[name]
    hurry(setattr)
    inline_vault(setattr)
    first = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    with Zygote() as zygote:
        CloudMachine.zygote = zygote
        found_nothing = soak(options.minutes, first, once=options.seed is not None)
    return 0 if found_nothing else 1


if __name__ == "__main__":
    sys.exit(main())
