"""`make torture`: the fault campaign. Ends with 1 where something was lost or broken.

`PYTHONPATH=tests python -m torture [--seed 1] [--minutes 20] [--only NAME]... [--count N]`
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from torture.campaign import campaign, table
from torture.faults import FAULTS

REPOSITORY = Path(__file__).parents[2]
MODEL = REPOSITORY / ".cache" / "home" / "data" / "models" / "smollm2-135m-instruct.gguf"
RESULTS = REPOSITORY / ".cache" / "torture"
MOST_MINUTES = 20.0


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="The fault campaign.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=MOST_MINUTES)
    parser.add_argument("--count", type=int, default=0, help="so many faults, however long")
    parser.add_argument("--only", action="append", default=[], choices=list(FAULTS))
    asked = parser.parse_args()
    # Started in the background it must hear them too: its disk and its programs go when it ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = RESULTS / f"seed-{asked.seed}.json"
    with result.with_suffix(".log").open("w", encoding="utf-8") as file:

        def log(line: str) -> None:
            for stream in (file, sys.stderr):
                print(line, file=stream, flush=True)

        outcome = campaign(
            asked.seed,
            min(asked.minutes, MOST_MINUTES) * 60,
            MODEL if MODEL.exists() else None,
            log,
            names=asked.only,
            count=asked.count,
            keep=result.with_suffix(".home"),
        )
        told = table(outcome)
        file.write(told + "\n")
    result.write_text(json.dumps(outcome.as_json(), indent=2) + "\n", encoding="utf-8")
    print(told)
    return int(bool(outcome.violations))


if __name__ == "__main__":
    sys.exit(main())
