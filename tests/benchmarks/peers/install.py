"""Every program into an environment of its own below .cache/bench/peers, once."""

import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PEERS = REPOSITORY / ".cache" / "bench" / "peers"
VERSIONS = Path(__file__).with_name("versions.txt")
BASE, OURS = "g4tui-base", "g4tui"
"""g4tui with nothing else, and with what it needs to speak to a server."""


def install_all() -> dict[str, str]:
    """Install what is not there; for each name, why it could not be installed, or nothing."""
    pinned = VERSIONS.read_text(encoding="utf-8").split()
    failed = {}
    for requirement in pinned:
        name = requirement.partition("==")[0]
        done = PEERS / name / requirement
        failed[name] = "" if done.exists() else _install(name, requirement)
        if not failed[name]:
            done.touch()
    # Ours may have changed since.
    for name, what in ((BASE, str(REPOSITORY)), (OURS, f"{REPOSITORY}[openai]")):
        failed[name] = _install(name, what, "--force-reinstall", "--no-deps")
        failed[name] = failed[name] or _install(name, what)
    return failed


def _install(name: str, what: str, *options: str) -> str:
    folder = PEERS / name
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=False, symlinks=True)
    python = str(folder / "bin" / "python")
    print(f"installing {what}", file=sys.stderr, flush=True)
    command = ["nice", sys.executable, "-m", "pip", "--python", python, "install", "-q"]
    done = subprocess.run(
        [*command, *options, what],
        check=False,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
    )
    if not done.returncode:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or done.stderr.splitlines() or ["pip failed"])[-1].removeprefix("ERROR: ")


def megabytes(name: str) -> float:
    """What an environment's packages take on disk, without those of pip itself."""
    (site,) = (PEERS / name).glob("lib/python*/site-packages")
    tools = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")
    return (
        sum(
            file.stat().st_size
            for top in site.iterdir()
            if not top.name.startswith(tools)
            for file in (top.rglob("*") if top.is_dir() else (top,))
            if file.is_file() and not file.is_symlink()
        )
        / 1e6
    )
