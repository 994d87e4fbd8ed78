"""The built wheel in an environment of its own, with the base dependencies and nothing else.

Offline: the dependencies are linked from the environment that runs the tests.
"""

import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def build_wheel(repository: Path, into: Path) -> Path:
    """The wheel, built without fetching anything."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(into)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True, timeout=120)
    (wheel,) = into.glob("*.whl")
    return wheel


def base_dependencies(name: str = "g4tui") -> dict[str, Distribution]:
    """Every distribution that a plain `pip install` of `name` brings, by name, without itself."""
    found: dict[str, Distribution] = {}
    waiting = [(name, "")]
    while waiting:
        current, extra = waiting.pop()
        for line in distribution(current).requires or []:
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            key = re.sub(r"[-_.]+", "-", needed.name).lower()
            if key not in found:
                found[key] = distribution(needed.name)
                waiting += [(needed.name, each) for each in ("", *needed.extras)]
    return found


def installed_bytes(dist: Distribution) -> int:
    """What a distribution takes on disk, compiled files aside."""
    files = [Path(str(dist.locate_file(file))) for file in dist.files or []]
    return sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc")


def bare_environment(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel and its base dependencies; the path of its `g4tui`."""
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    for dist in base_dependencies().values():
        for top in {Path(file.parts[0]) for file in dist.files or [] if file.parts[0] != ".."}:
            link = site / top
            if top.name != "__pycache__" and not link.exists():
                link.symlink_to(Path(str(dist.locate_file(str(top)))))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    script = folder / "bin" / "g4tui"
    script.write_text(
        f"#!{folder}/bin/python\nimport sys\nfrom g4tui.__main__ import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return script
