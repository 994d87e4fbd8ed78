"""Models by their names, and names by what somebody typed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import G4tuiError, ModelSpec, parse_model
from g4tui.core.nearest import did_you_mean, nearest

WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


@given(WORD, st.just("") | WORD, st.lists(WORD, min_size=1, max_size=3).map(":".join))
def test_a_name_is_read_back(backend: str, server: str, model: str) -> None:
    spec = ModelSpec(backend, model, server)
    assert parse_model(spec.id) == spec
    assert parse_model(spec.id, context=9).context == 9


@pytest.mark.parametrize("name", ["", "x", ":x", "x:", "@s:x", "x@:y", "x@s:", "x@s"])
def test_a_name_without_backend_or_model_is_none(name: str) -> None:
    with pytest.raises(G4tuiError) as raised:
        parse_model(name)
    assert raised.value.info.kind == "usage"
    assert repr(name) in raised.value.info.detail
    assert raised.value.info.remedy


def test_adapters_stand_behind_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spec = parse_model("llama-cpp:smol+./a.gguf+/b.GGUF")
    assert (spec.model, spec.adapters) == ("smol", (str(tmp_path / "a.gguf"), "/b.GGUF"))
    assert parse_model(spec.id) == spec
    assert spec.base == ModelSpec("llama-cpp", "smol")


@pytest.mark.parametrize("model", ["c++", "a+b", "+x.gguf", "qwen+4bit"])
def test_a_plus_is_no_adapter_by_itself(model: str) -> None:
    assert parse_model(f"x:{model}") == ModelSpec("x", model)


def test_a_file_of_the_whole_name_goes_before_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my+own.gguf").touch()
    assert parse_model("x:./my+own.gguf") == ModelSpec("x", str(tmp_path / "my+own.gguf"))
    assert parse_model("x:my+own.gguf").model == str(tmp_path / "my+own.gguf")
    spec = parse_model("x:my+own.gguf+more.gguf")
    assert (spec.model, spec.adapters) == (str(tmp_path / "my+own.gguf"), ("more.gguf",))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("./m.gguf", "{here}/m.gguf"),
        ("../m", "{here}/../m"),
        ("~/m.bin", "{home}/m.bin"),
        ("/m", "/m"),
        ("there.gguf", "{here}/there.gguf"),
        ("THERE.BIN", "{here}/THERE.BIN"),
        ("not-there.gguf", "not-there.gguf"),
        ("there", "there"),
    ],
)
def test_paths_become_absolute_and_names_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("there.gguf", "THERE.BIN", "there"):
        (tmp_path / name).touch()
    assert parse_model(f"x:{typed}").model == meant.format(here=tmp_path, home="/home/me")


def test_what_is_nearest() -> None:
    known = ["temperature", "top_p", "Top_K"]
    assert nearest("temprature", known) == "temperature"
    assert nearest("TOP_P", known) == "top_p"
    assert nearest("top-k", known) == "Top_K"
    assert nearest("zebra", known) == ""
    assert nearest("same", ["Same", "same"]) == "Same", "the first of those that read alike"
    assert did_you_mean("seedd", ["seed"]) == "Did you mean seed?"
    assert did_you_mean("zebra", ["seed"]) == ""
