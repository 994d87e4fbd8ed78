"""TOML and dotted keys: settings, personas, recipes, and what is set on the command line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from fuzz.target import Bytes, Things, scratch
from g4tui.config import Settings, backend_options, load_settings, set_setting, setting
from g4tui.config.params import RULES, parse_params
from g4tui.config.personas import personas
from g4tui.core import G4tuiError
from g4tui.paths import Paths
from g4tui_ctransformers.backend import CtransformersBackend
from g4tui_llama_cpp.backend import LlamaCppBackend
from g4tui_openai.backend import OpenAIBackend
from g4tui_training.loading import load_recipe
from g4tui_training.recipe import Recipe
from g4tui_training.template import commented_recipe

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
CONFIG = """\
[chat]
model = "openai:gpt-4o-mini"
context = 4096
params = {temperature = 0.5, seed = 1, stop = ["x"], extra = {a = [1.5, true]}}
[compare]
teacher = "openai:x"
[ui]
flush_ms = 40
[cache]
max_bytes = 0
[keys]
send = "ctrl+s"
[plugins]
disabled = ["a"]
[backends.llama-cpp]
threads = 2
[backends.openai]
base_url = "http://127.0.0.1:1/v1"
[backends.openai.servers.'my host']
base_url = "https://h/v1"
models = ["a"]
prices = {a = {input = 1.0, output = 2.0}}
"""
PERSONA = '''about = "x"\nsystem = """\nBe brief.\\u00e9\n"""\n[params]\ntemperature = 0.0\n'''


def fresh_home() -> Paths:
    """An empty one."""
    home = scratch() / "home"
    shutil.rmtree(home, ignore_errors=True)
    paths = Paths.from_environment({"G4TUI_HOME": str(home)})
    (paths.config / "personas").mkdir(parents=True)
    return paths


def in_words(act: Callable[[], object], *kinds: str) -> object:
    """What `act` gives; `None` where it is refused in words."""
    try:
        return act()
    except G4tuiError as error:
        assert error.info.kind in kinds, error
        assert error.info.title and error.info.detail, error
        return None


def check_config(data: bytes) -> None:
    """Settings and personas load, or the file is named with what is wrong."""
    paths = fresh_home()
    paths.config_file.write_bytes(data)
    loaded = in_words(lambda: load_settings(paths), "config")
    if loaded is not None:
        for backend in (OpenAIBackend(), LlamaCppBackend(), CtransformersBackend()):
            in_words(lambda b=backend: backend_options(loaded.settings, b), "config")  # type: ignore[misc]
    (paths.config / "personas" / "mine.toml").write_bytes(data)
    found, wrong = personas(paths)
    assert ("mine" in found) != bool(wrong)


def check_recipe(data: bytes) -> None:
    """A recipe loads, or the file is named with what is wrong."""
    file = scratch() / "recipe.toml"
    file.write_bytes(data)
    in_words(lambda: load_recipe(file), "config")


def recipe_seeds() -> list[bytes]:
    """The examples, and what `init` writes."""
    written = [file.read_bytes() for file in sorted(RECIPES.glob("*.toml"))]
    return [*written, commented_recipe("mine", "recipe.toml").encode()]


def names_of(kind: type[msgspec.Struct], above: str = "") -> list[str]:
    """Every dotted key of a type."""
    names: list[str] = []
    for field in msgspec.structs.fields(kind):
        name = f"{above}{field.encode_name}"
        names.append(name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            names += names_of(field.type, f"{name}.")
    return names


VALUES = ("1", "-1", "true", '"x"', "'''", "[1, 2]", "{a = 1}", "nan", "inf", "1979-05-27", "x\ny")
HARSH = ("[" * 2000, "9" * 5000, "0x" + "f" * 300, "1e999", "a, b", '{"a" = {b.c = [{}]}}')
TYPED = st.text() | st.sampled_from((*VALUES, *HARSH))
DOTTED = st.sampled_from([*names_of(Settings), "keys.send", "backends.x.y", 'backends.x."a b".c'])
KEYS = (
    DOTTED | st.text() | st.sampled_from(["a" + ".a" * 2000, "a = {b", "a\n", '"', "a.'b'.c", ""])
)


def check_setting(pairs: list[tuple[str, str]]) -> None:
    """Values that are typed, one after another: each is saved, and read again, or refused."""
    paths = fresh_home()
    for key, text in pairs:
        result = in_words(lambda k=key, t=text: set_setting(paths, k, t), "usage")  # type: ignore[misc]
        loaded = load_settings(paths)
        if result is not None:
            assert setting(loaded.settings, key) is not None
    in_words(lambda: parse_params([f"{key}={text}" for key, text in pairs]), "usage")


CHANGES = st.builds(
    "{}={}".format,
    st.sampled_from([*names_of(Recipe), "sources.a.path", "sources.a.where.x", "sources.b.cap"])
    | KEYS,
    TYPED,
)
SOURCE = '[[sources]]\nname = "a"\nlicence = "MIT"\npath = "x"\n'
NO_SOURCES = (
    "",
    "sources = 3\n",
    "sources = [1]\n",
    "sources = {a = 1}\n",
    "[[sources]]\nname = 1\n",
)
SOURCES = st.sampled_from((SOURCE, *NO_SOURCES))


def check_changes(case: tuple[str, list[str]]) -> None:
    """`--set` on a recipe of any kind."""
    file = scratch() / "recipe.toml"
    file.write_text(f'name = "r"\n{case[0]}')
    in_words(lambda: load_recipe(file, case[1]), "config", "usage")


PARAMS = st.sampled_from([*RULES, "context", "top-k", "stop"]) | st.text()

TARGETS: tuple[Any, ...] = (
    Bytes("config", check_config, lambda: [CONFIG.encode(), PERSONA.encode()]),
    Bytes("recipe", check_recipe, recipe_seeds),
    Things("settings", check_setting, st.lists(st.tuples(KEYS | PARAMS, TYPED), max_size=5)),
    Things("changes", check_changes, st.tuples(SOURCES, st.lists(CHANGES, max_size=3))),
)
