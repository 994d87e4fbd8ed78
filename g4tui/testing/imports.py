"""What a plugin's import and its list of models cost, measured in a process of their own."""

import subprocess
import sys
from pathlib import Path

import msgspec

from g4tui.testing.subject import Subject

USUALLY_HEAVY = (
    "torch", "tensorflow", "jax", "numpy", "pandas", "transformers", "onnxruntime", "llama_cpp",
    "ctransformers", "openai", "anthropic", "httpx", "httpx2", "requests", "aiohttp",
    "huggingface_hub", "textual",
)  # fmt: skip

# What the application has imported before any plugin costs a plugin nothing: asyncio, msgspec.
_PROGRAM = """
import asyncio, importlib, json, sys, time
from pathlib import Path
import msgspec
import g4tui.core, g4tui.plugin
from g4tui.core import Host, ModelFile

asked = json.load(sys.stdin)
began = time.perf_counter()
module = importlib.import_module(asked["module"])
import_s = time.perf_counter() - began
after_import = [name for name in asked["heavy"] if name in sys.modules]
(backend,) = [each for each in module.g4tui_register_backends() if each.name == asked["name"]]
options = msgspec.convert(asked["options"], backend.options)
files = msgspec.convert(asked["files"], list[ModelFile])
began = time.perf_counter()
listed = backend.models(Host(Path(asked["folder"]), files), options)
models_s = time.perf_counter() - began
print("\\n" + json.dumps({
    "api": getattr(module, "G4TUI_API", None),
    "import_s": import_s,
    "models_s": models_s,
    "after_import": after_import,
    "after_models": [name for name in asked["heavy"] if name in sys.modules],
    "listed": msgspec.to_builtins(listed),
}))
"""


class Cost(msgspec.Struct, frozen=True):
    """Seconds, and which heavy modules were there afterwards. `api`: the module's `G4TUI_API`."""

    api: int | None
    import_s: float
    models_s: float
    after_import: list[str]
    after_models: list[str]
    listed: list[dict[str, object]]


def measure(subject: Subject, folder: Path) -> Cost:
    """Import the plugin and list its models in a fresh interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = {
        "module": subject.plugin_module,
        "name": subject.backend.name,
        "options": msgspec.to_builtins(subject.settings),
        "files": msgspec.to_builtins(list(subject.model_files)),
        "folder": str(folder),
        "heavy": [*USUALLY_HEAVY, *subject.heavy],
    }
    path = [entry for entry in sys.path if entry]
    program = f"import sys\nsys.path[:] = {path!r}\n{_PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=msgspec.json.encode(asked),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Cost)
