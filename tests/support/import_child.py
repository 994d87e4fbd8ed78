"""A g4tui that imports a file, for tests to kill. `python import_child.py LIBRARY FILE`.

It prints a JSON line whenever some sessions are saved.
"""

import json
import sys
from pathlib import Path

import g4tui_exchange
from g4tui.exchange import ImportReport, import_from
from g4tui.store import Store


def told(report: ImportReport, share: float) -> None:
    """Acknowledge."""
    sys.stdout.write(json.dumps({"new": report.new, "share": share}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    store = Store.open(Path(sys.argv[1]))
    import_from(Path(sys.argv[2]), g4tui_exchange.g4tui_register_importers(), store, told=told)
    store.close()
