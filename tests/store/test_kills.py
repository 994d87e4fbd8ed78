"""`kill -9` while somebody chats, edits, forks, tags, votes, deletes and exports.

A campaign of 200: `PYTHONPATH=tests python tests/store/test_kills.py 200 [SEED]`.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from g4tui.store import Store
from support.ledger import Ledger
from support.store_process import Child

PROGRAM = Path(__file__).parents[1] / "support" / "busy_person.py"
KILLS = 15
ACTS = {"create", "ask", "flush", "finish", "set", "star", "fork", "delete", "export"}


def campaign(library: Path, kills: int, seed: int) -> dict[str, int]:
    """One library's lives, each ended by a kill; how often each act was acknowledged.

    Where a life ends is up to the seed and to the machine: so many lines, and a moment more.
    """
    chance = random.Random(seed)
    ledger = Ledger()
    for life in range(kills):
        person = Child.of(PROGRAM, str(library), f"{seed}n{life}")
        try:
            for _ in range(chance.randint(1, 120)):
                ledger.take(person.told())
            time.sleep(chance.uniform(0, 0.02))  # to end it in the middle of something
            for fact in person.kill():
                ledger.take(fact)
        finally:
            person.end()
        store = Store.open(library)
        try:
            store.recover()
            ledger.check(store)
        finally:
            store.close()
    return ledger.counts


def test_nothing_acknowledged_is_lost_by_kills_at_random_moments(library: Path) -> None:
    assert campaign(library, KILLS, seed=1).keys() >= ACTS


if __name__ == "__main__":
    count, given = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = campaign(Path(folder) / "data" / "library.sqlite3", count, given)
        print(f"{count} kills in {time.monotonic() - began:.0f} s, nothing lost: {done}")
