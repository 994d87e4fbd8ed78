"""Which models are listed, and which files are opened."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import gguf
import msgspec
import numpy as np
import pytest

from g4tui.core import G4tuiError, Host, ModelFile, ModelSpec
from g4tui.formats import read_gguf
from g4tui_llama_cpp import backend as backend_module
from g4tui_llama_cpp.backend import LlamaCppBackend
from g4tui_llama_cpp.footprint import available_bytes, check_memory, needed_bytes
from g4tui_llama_cpp.options import LlamaCppOptions
from support.local_engine import Local
from support.model_files import spm_llama

BASE = ModelFile(
    "smol", "/m/smol.gguf", 98_000_000, "gguf", architecture="llama", title="SmolLM2", context=8192
)
ADAPTER = ModelFile("poet", "/m/poet.gguf", 2_000_000, "gguf", role="adapter", architecture="llama")

OPEN_IN_CHILD = (
    "import sys; from pathlib import Path; from g4tui.core import *\n"
    "from g4tui_llama_cpp.backend import LlamaCppBackend as B\n"
    "try: B().open(ModelSpec('llama-cpp', sys.argv[1]), B.options(), Host(Path(sys.argv[2])))\n"
    "except G4tuiError as error: print(error.info.kind, error.info.detail)\n"
)


def listed(*files: ModelFile) -> dict[str, object]:
    host = Host(Path("/nowhere"), files)
    return {model.id: model for model in LlamaCppBackend().models(host, LlamaCppOptions())}


def test_models_are_listed_with_the_adapters_beside_them() -> None:
    foreign = ModelFile("q", "/m/q.gguf", 1, "gguf", role="adapter", architecture="qwen2")
    apart = ModelFile("far", "/other/far.gguf", 1, "gguf", role="adapter", architecture="llama")
    legacy = ModelFile("old", "/m/old.bin", 1, "ggml")
    models = listed(BASE, ADAPTER, foreign, apart, legacy)
    assert list(models) == ["llama-cpp:smol", "llama-cpp:smol+/m/poet.gguf"]


def test_an_adapter_is_listed_with_the_base_that_it_was_made_for() -> None:
    other = ModelFile("other", "/m/other.gguf", 1, "gguf", architecture="llama", own_name="Run 7")
    apart = ModelFile("apart", "/far/Apart-Q4_1.gguf", 1, "gguf", architecture="llama")
    small = ModelFile(
        "Little-1B.Q4_1", "/m/l.gguf", 1, "gguf", architecture="llama", quantisation="Q4_1"
    )

    def bases(base: str) -> dict[str, str]:
        adapter = msgspec.structs.replace(ADAPTER, base=base, card="/run/model_card.md")
        models = LlamaCppBackend().models(
            Host(Path("/nowhere"), [BASE, other, apart, small, adapter]), LlamaCppOptions()
        )
        found = {
            model.id.partition("+")[0].partition(":")[2]: model for model in models if model.card
        }
        assert all(model.card == "/run/model_card.md" for model in found.values())
        return {name: model.detail if model.ready else "!" for name, model in found.items()}

    assert bases("/m/other.gguf") == {"other": ""}
    assert bases("/far/Apart-Q4_1.gguf") == {"apart": ""}  # registered for a file elsewhere
    assert bases("run-7") == {"other": ""}
    assert bases("smolLM 2") == {"smol": ""}
    assert bases("Little 1B") == {"Little-1B.Q4_1": ""}
    beside = ("smol", "other", "Little-1B.Q4_1")
    unknown = "it does not say which model it was made for"
    assert bases("") == dict.fromkeys(beside, unknown)
    gone = "it was made for Big, which is not here"
    assert bases("Big") == dict.fromkeys(beside, gone)


def test_a_damaged_file_is_listed_with_its_reason() -> None:
    for file in (
        ModelFile("bad", "/m/bad.gguf", 1, "gguf", error="It ends too early."),
        ModelFile("bad", "/m/bad.gguf", 1, "unknown", error="It is neither GGUF nor GGML."),
    ):
        (model,) = listed(file).values()
        assert not model.ready  # type: ignore[attr-defined]
        assert model.detail == file.error  # type: ignore[attr-defined]
        assert "/m/bad.gguf" in model.remedy  # type: ignore[attr-defined]
    assert not listed(ModelFile("bad", "/m/bad.bin", 1, "unknown", error="It is empty."))


def test_a_folder_is_named_as_one(tmp_path: Path) -> None:
    file = ModelFile("m", str(tmp_path), 0, "unknown", error="it is a folder, not a file")
    with pytest.raises(G4tuiError) as raised:
        LlamaCppBackend().open(
            ModelSpec("llama-cpp", str(tmp_path)), LlamaCppOptions(), Host(tmp_path, [file])
        )
    assert "folder" in raised.value.info.title
    assert str(tmp_path) in raised.value.info.detail


def test_without_llama_cpp_models_say_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "find_spec", lambda name: None)
    (model,) = listed(BASE).values()
    assert not model.ready  # type: ignore[attr-defined]
    assert 'pip install "g4tui[llama-cpp]"' in model.remedy  # type: ignore[attr-defined]
    with pytest.raises(G4tuiError) as raised:
        LlamaCppBackend().open(ModelSpec("llama-cpp", "smol"), LlamaCppOptions(), Host(Path()))
    assert raised.value.info.kind == "missing"
    assert "pip install" in raised.value.info.remedy


def test_listing_imports_nothing_native() -> None:
    program = (
        "import sys; from pathlib import Path; from g4tui.core import Host; import g4tui_llama_cpp;"
        "b = g4tui_llama_cpp.g4tui_register_backends()[0]; b.models(Host(Path('/x')), b.options());"
        "sys.exit(any(n in sys.modules for n in ('llama_cpp', 'numpy', 'jinja2', 'ctypes.util')))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def refused(path: Path, tmp_path: Path, **spec: int) -> G4tuiError:
    host = Host(tmp_path, threads=1)
    with pytest.raises(G4tuiError) as raised:
        LlamaCppBackend().open(ModelSpec("llama-cpp", str(path), **spec), LlamaCppOptions(), host)  # type: ignore[arg-type]
    info = raised.value.info
    assert info.title and info.detail and info.remedy
    return raised.value


def test_files_that_are_no_models_never_reach_native_code(
    tmp_path: Path, default_model: Path
) -> None:
    """In this process: native code would end it."""
    assert refused(tmp_path / "absent.gguf", tmp_path).info.kind == "missing"
    whole = default_model.read_bytes()
    for name, data in {
        "empty": b"",
        "random": bytes(range(256)) * 100,
        "halved": whole[: len(whole) // 2],
        "cut in the header": whole[:100_000],
    }.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(data)
        assert refused(path, tmp_path).info.kind == "model", name


def test_a_model_of_an_unknown_architecture_is_refused_with_its_reason(tmp_path: Path) -> None:
    """Well-formed, so it is for llama.cpp to say; in a process of its own, in case it dies."""
    path = tmp_path / "strange.gguf"
    writer = gguf.GGUFWriter(path, "martian")
    writer.add_tensor("token_embd.weight", np.zeros((32, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    done = subprocess.run(
        [sys.executable, "-c", OPEN_IN_CHILD, str(path), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("model ")
    assert "martian" in done.stdout


@pytest.mark.model
def test_loading_tells_how_far_it_is(opened: Callable[..., Local]) -> None:
    loading = opened().loading
    assert loading[-1] == (1000, 1000)
    assert loading == sorted(loading)


@pytest.mark.model
def test_the_context_is_what_was_asked_for(
    opened: Callable[..., Local], tmp_path: Path, default_model: Path
) -> None:
    assert opened(context=300).engine.context == 300
    assert opened(context=None).engine.context == 4096
    error = refused(default_model, tmp_path, context=9000).info
    assert error.kind == "usage"
    assert "8,192" in error.detail


def test_memory_is_weighed_before_loading(default_model: Path, tmp_path: Path) -> None:
    header = read_gguf(default_model)
    small = needed_bytes(header, 1024, "f16", 128)
    large = needed_bytes(header, 8192, "f16", 128)
    per_token = 30 * 2 * 192 * 2  # layers, keys and values, their width, bytes
    assert large - small == 7168 * per_token
    assert default_model.stat().st_size < small < 400 << 20
    with pytest.raises(G4tuiError) as raised:
        check_memory(1 << 60, "huge.gguf")
    assert raised.value.info.kind == "memory"
    assert "GiB" in raised.value.info.detail


def test_memory_limits_of_a_container_count(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemAvailable:  1000 kB\nSwapFree:  24 kB\n")
    assert available_bytes(tmp_path) == 1024 << 10
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("400000\n")
    (group / "memory.stat").write_text("anon 300000\nfile 100000\n")
    assert available_bytes(tmp_path) == 1024 << 10
    (group / "memory.max").write_text("500000\n")
    assert available_bytes(tmp_path) == 200_000
    assert available_bytes(tmp_path / "elsewhere") is None


def test_when_llama_cpp_aborts_the_log_ends_with_its_reason(tmp_path: Path) -> None:
    """Two words alike: nothing that a header shows, and an assertion of llama.cpp's."""
    path = tmp_path / "abort.gguf"
    path.write_bytes(spm_llama().replace(b"<0x10>", b"<0x11>"))
    done = subprocess.run(
        [sys.executable, "-c", OPEN_IN_CHILD, str(path), str(tmp_path)],
        env={**os.environ, **LlamaCppBackend().environment()},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGABRT
    assert b"GGML_ASSERT" in done.stderr.splitlines()[-1]
