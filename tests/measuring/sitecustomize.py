"""Measures workers too, whose environment lets nothing else through than where to import from."""

import sys
from pathlib import Path

if "g4tui.worker" in sys.orig_argv:
    from coverage import Coverage

    root = Path(__file__).parents[2]
    Coverage(
        config_file=str(root / "pyproject.toml"),
        data_file=str(root / ".cache" / "coverage" / "data"),
        data_suffix=True,
        auto_data=True,
    ).start()
