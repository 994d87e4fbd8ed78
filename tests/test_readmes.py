"""What the READMEs name is there: files, modules, commands of make, links."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
READMES = (
    "tests/README.md",
    "README.md",
    "backends/README.md",
    "plugins/README.md",
    "training/README.md",
    "examples/data/README.md",
)
SHELVES = ("", "backends", "plugins", "training")


def text_of(readme: str) -> str:
    return (REPOSITORY / readme).read_text(encoding="utf-8")


def is_there(readme: str, name: str) -> bool:
    """From the repository, from a shelf, from this README's own folder, or from one in that."""
    own = (REPOSITORY / readme).parent
    inside = [folder for folder in own.iterdir() if folder.is_dir()]
    places = [*(REPOSITORY / shelf for shelf in SHELVES), own, *inside]
    return any((place / name).exists() for place in places)


@pytest.mark.parametrize("readme", READMES)
def test_the_files_that_it_names_are_there(readme: str) -> None:
    written = {"my_plugin.py", "shout_backend.py", "shout_export.py", "test_shout.py"}  # by readers
    written |= {"main.py"}
    named = set(re.findall(r"`([\w./-]+\.py)`", text_of(readme))) - written
    assert [name for name in sorted(named) if not is_there(readme, name)] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_modules_that_it_names_are_there(readme: str) -> None:
    named = set(re.findall(r"\bg4tui(?:_\w+)?(?:\.[a-z_]+)+\b", text_of(readme)))
    gone = []
    for name in sorted(named):
        parent, _, last = name.rpartition(".")
        if find_spec(name) is None and not hasattr(import_module(parent), last):
            gone.append(name)
    assert gone == []


@pytest.mark.parametrize("readme", READMES)
def test_its_links_lead_somewhere(readme: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text_of(readme))
    gone = [link for link in links if not ((REPOSITORY / readme).parent / link).exists()]
    assert gone == []


@pytest.mark.parametrize("readme", READMES)
def test_its_commands_of_make_are_there(readme: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", text_of(readme), re.MULTILINE))
    assert {one or other for one, other in named} <= targets


def test_every_command_of_make_is_told_by_help() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    told = set(re.findall(r'@echo "make ([a-z-]+)', makefile))
    assert set(phony.split()) - {"help", "setup"} == told
