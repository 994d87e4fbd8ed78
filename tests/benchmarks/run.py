"""Runs every benchmark of this folder, each in a process of its own: `make bench`.

Each `bench_*.py` prints rows of name, ratio, budget, and the absolute figures beside them; figures
are taken in one run beside a yardstick, since machines are noisy. Ends with 1 if a row missed.
"""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run all, or those whose names hold one of the words given."""
    words = sys.argv[1:]
    failed = 0
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        if words and not any(word in file.name for word in words):
            continue
        print(f"\n# {file.stem.removeprefix('bench_')}", flush=True)
        # Native libraries print a page for each model: of use only when something went wrong.
        ended = subprocess.run([sys.executable, str(file)], check=False, stderr=subprocess.PIPE)
        if ended.returncode:
            sys.stderr.buffer.write(ended.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
