"""What is shipped: the right files, a small base install, and a program that helps itself along."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from support.bare_install import bare_environment, base_dependencies, build_wheel, installed_bytes

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_environment(wheel, tmp_path_factory.mktemp("bare") / "venv")


def run(command: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "G4TUI_HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        [command, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def test_the_wheel_holds_every_file_of_its_packages_and_no_other(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    shelves = ("backends", "plugins", "training")
    packages = {"g4tui": REPOSITORY / "g4tui"} | {
        folder.name: folder
        for shelf in shelves
        for folder in (REPOSITORY / shelf).glob("g4tui_*")
        if (folder / "__init__.py").exists()
    }
    assert tops == set(packages)
    for name, folder in packages.items():
        assert f"{name}/py.typed" in names
        for file in folder.rglob("*"):
            inside = file.relative_to(folder)
            is_cache = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if file.is_file() and not is_cache:
                assert f"{name}/{inside.as_posix()}" in names


def test_a_base_install_is_small(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        ours = sum(entry.file_size for entry in archive.infolist())
    sizes = {name: installed_bytes(dist) for name, dist in base_dependencies().items()}
    assert ours + sum(sizes.values()) < 60e6, sizes


def test_a_base_install_says_how_to_add_a_backend(bare: Path, tmp_path: Path) -> None:
    version = run(bare, "--version", home=tmp_path)
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("g4tui ")

    plugins = run(bare, "plugins", "--json", home=tmp_path)
    assert plugins.returncode == 0, plugins.stderr
    assert "llama-cpp" in {plugin["name"] for plugin in json.loads(plugins.stdout)}

    doctor = run(bare, "doctor", home=tmp_path)
    assert "Traceback" not in doctor.stdout + doctor.stderr
    problem = doctor.stdout.partition("Problem:")[2]
    models = run(bare, "models", home=tmp_path).stdout
    for said in (problem, models):  # a model is of no use before what runs it
        assert -1 < said.find("g4tui[llama-cpp]") < said.find("g4tui models pull"), said


def test_asking_a_base_install_names_the_missing_part(bare: Path, tmp_path: Path) -> None:
    asked = run(bare, "ask", "-m", "llama-cpp:smollm2-135m-instruct", "Hi", home=tmp_path)
    assert asked.returncode == 1
    assert "g4tui[llama-cpp]" in asked.stderr
    assert "Traceback" not in asked.stderr
