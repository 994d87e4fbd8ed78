"""The tutorial's backend, installed from what the tutorial itself says, as a stranger would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import fault_server as fs
from support.terminal import Terminal

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "shout_backend"
TUTORIAL = (REPOSITORY / "backends" / "README.md").read_text()
NAMES = ("pyproject.toml", "shout_backend.py", "test_shout.py")


def blocks() -> dict[str, str]:
    """The files that the tutorial has its reader write."""
    code = re.findall(r"^```(?:toml|python)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)
    return dict(zip(NAMES, code, strict=False))


def python(*arguments: str, path: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Python with the installed example in reach, and nothing of the repository's settings."""
    environment = {**os.environ, "PYTHONPATH": str(path), "G4TUI_HOME": str(home)}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example, built by pip from the tutorial's own files."""
    project = tmp_path_factory.mktemp("project")
    for name, text in blocks().items():
        (project / name).write_text(text)
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(target), str(project)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (target / "test_shout.py").write_text((project / "test_shout.py").read_text())
    return target


def test_the_tutorial_and_the_example_are_the_same() -> None:
    for name, text in blocks().items():
        assert (EXAMPLE / name).read_text() == text, name


def test_the_example_is_short() -> None:
    assert len((EXAMPLE / "shout_backend.py").read_text().splitlines()) < 60


def test_it_is_found_by_its_entry_point(installed: Path, tmp_path: Path) -> None:
    program = """
import json
from g4tui.plugin import load_plugins
plugins = load_plugins()
backend = plugins.backend("shout")
plugins.load_all()
(report,) = [each for each in plugins.reports() if each.name == "shout"]
print(json.dumps([type(backend).__name__, report.status, list(report.provides)]))
"""
    found = python("-c", program, path=installed, home=tmp_path)
    assert found.returncode == 0, found.stderr
    name, status, provides = json.loads(found.stdout)
    assert (name, status) == ("ShoutBackend", "ok")
    assert {"backend:shout", "hook:prepare_turn"} <= set(provides)


def test_it_is_in_the_lists_and_answers(installed: Path, tmp_path: Path) -> None:
    """As the tutorial promises, on the command line."""

    def g4tui(*arguments: str) -> str:
        done = python("-m", "g4tui", *arguments, path=installed, home=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    plugins, models = (json.loads(g4tui(what, "--json")) for what in ("plugins", "models"))
    (plugin,) = [each for each in plugins if each["name"] == "shout"]
    assert plugin["status"] == "ok"
    (model,) = [each for each in models if each["backend"] == "shout"]
    assert (model["id"], model["ready"], model["local"]) == ("shout:loud", True, True)
    answer = g4tui("ask", "-m", "shout:loud", "hello, it is {today}")
    assert re.fullmatch(r"HELLO, IT IS \d{4}-\d\d-\d\d!\n", answer)


def test_its_hook_runs_for_every_backend(installed: Path, tmp_path: Path) -> None:
    """What it changed is sent to a server of somebody else's."""
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir()
    with fs.FaultServer(fs.parrot()) as server:
        table = f'[backends.openai.servers.here]\nbase_url = "{server.base_url}"\n'
        config.write_text(table + "[backends.openai]\nfind_local = false\n")
        command = ("-m", "g4tui", "ask", "-m", "openai@here:parrot", "It is {today}")
        done = python(*command, path=installed, home=tmp_path)
    assert re.fullmatch(r"It is \d{4}-\d\d-\d\d\n", done.stdout), done.stderr


def test_it_is_in_the_model_picker_and_chats(installed: Path, tmp_path: Path) -> None:
    """Chosen by its title, as one of g4tui's own."""
    environment = {"PYTHONPATH": str(installed), "G4TUI_HOME": str(tmp_path)}
    program = [sys.executable, "-P", "-m", "g4tui", "--model", "shout:loud"]
    with Terminal(program, environment=environment) as terminal:
        terminal.wait_for("Ask something")
        terminal.press("ctrl+o")
        terminal.wait_for("Choose a model")
        terminal.type("Loud")
        terminal.wait_for("› Loud", "ready")
        terminal.press("enter")
        terminal.wait_gone("Choose a model")
        terminal.type("hello there")
        terminal.press("enter")
        terminal.wait_for("HELLO THERE!")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def test_it_passes_the_suite(installed: Path, tmp_path: Path) -> None:
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(installed / "test_shout.py"))
    done = python(*command, path=installed, home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 12  # type: ignore[index]
