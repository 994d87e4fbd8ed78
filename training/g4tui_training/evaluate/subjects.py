"""What a person names to be measured, and opening it."""

import hashlib
import re
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError, ModelSpec, parse_model
from g4tui.models import Library
from g4tui.paths import Paths
from g4tui_training.evaluate.measured import Measured
from g4tui_training.stages import file_sha256
from g4tui_training.train.base import Base, find_base, template_file, with_template
from g4tui_training.train.hub import ADAPTER, adapter_folder, is_id

_TORCH = "transformers:"
_NAMED = re.compile(r"([^=:/]+)=(.+)", re.DOTALL)


class Subject(msgspec.Struct, frozen=True):
    """A model to measure.

    `where`: a Hugging Face folder or hub id, of a model or a LoRA; a GGUF file
    (`BASE.gguf+LORA.gguf` for two), a model of g4tui, or one of these behind `transformers:`, which
    dequantises a GGUF. `base` is what a LoRA goes on; empty: as its folder says. `group` joins
    the seeds of one student. `template` is the Jinja file that a LoRA was trained with, if not its
    base's.
    """

    name: str
    where: str
    base: str = ""
    group: str = ""
    template: str = ""


def parse_subject(text: str, base: str = "") -> Subject:
    """`NAME=MODEL`, or a model under a name made of its own."""
    if match := _NAMED.fullmatch(text):
        return Subject(match[1], match[2], base)
    bare = text.removeprefix(_TORCH)
    name = Path(bare).name or bare
    return Subject(f"{_TORCH}{name}" if bare != text else name, text, base)


def seed_name(seed: int, seeds: int) -> str:
    """How the student of a seed is named among those of a run."""
    return f"student seed-{seed}" if seeds > 1 else "student"


class Found(msgspec.Struct, frozen=True):
    """Where a subject lies: a model of a worker, or a base in transformers and its adapter."""

    files: tuple[Path, ...]
    spec: ModelSpec | None = None
    base: Base | None = None
    adapter: Path | None = None

    @property
    def digest(self) -> str:
        """Of all its files: another digest is another model."""
        whole = hashlib.sha256(b"transformers" if self.base else b"worker")
        whole.update(self.base.commit.encode() if self.base else b"")
        for file in self.files:
            whole.update(file_sha256(file).encode())
        return whole.hexdigest()

    def open(self, paths: Paths) -> Measured:
        """Load it. Raises `G4tuiError`."""
        if self.spec is not None:
            from g4tui_training.evaluate.in_worker import WorkerModel

            return WorkerModel(self.spec, paths)
        import torch

        from g4tui_training.evaluate.in_torch import TorchModel

        assert self.base is not None
        model, tokenizer = self.base.model(torch.float32), self.base.tokenizer()
        if self.adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(self.adapter)).merge_and_unload()
        return TorchModel(model, tokenizer)


def find_subject(subject: Subject, folder: Path, paths: Paths) -> Found:
    """Look where it lies, relative to `folder`; loads nothing. Raises `G4tuiError`."""
    library = Library(paths)
    where = subject.where.removeprefix(_TORCH)
    path = Path(where).expanduser()
    path = path if path.is_absolute() else folder / path
    if not path.exists() and is_id(where) and not _known(where, library):
        path = adapter_folder(where) or path
    if (path / ADAPTER).is_file():
        base = find_base(subject.base or _base_of(path), folder, library)
        template = template_file(subject.template, folder)
        base = with_template(base, template)
        files = (*base.files, *sorted(path.glob("adapter_model*")), path / ADAPTER)
        files += (template,) if template else ()
        return Found(files, base=base, adapter=path)
    if path.is_dir() or where != subject.where:
        base = find_base(where, folder, library)
        return Found(tuple(base.files), base=base)
    spec = _spec(where, path, library)
    if spec is None:
        base = find_base(where, folder, library)
        return Found(tuple(base.files), base=base)
    file = _worker_file(spec, library)
    return Found((file, *map(Path, spec.adapters)), spec=spec)


def worker_spec(where: str) -> ModelSpec:
    """A GGUF file's path, or `BASE.gguf+LORA.gguf`, as a model of llama.cpp."""
    return parse_model(f"llama-cpp:{where}")


def _spec(where: str, path: Path, library: Library) -> ModelSpec | None:
    """As a model of a worker; `None`: it is none, so it may be an id of the hub."""
    head = where.partition("+")[0]
    if re.match(r"[A-Za-z0-9_.@-]+:", where):
        return parse_model(where)
    if head.lower().endswith(".gguf"):
        return worker_spec(str(path))
    if _known(head, library):
        return parse_model(f"llama-cpp:{where}")
    return None


def _known(name: str, library: Library) -> bool:
    return any(file.name == name for file in library.files())


def _worker_file(spec: ModelSpec, library: Library) -> Path:
    from g4tui.plugin import load_plugins

    if load_plugins().backend(spec.backend).runs != "worker":
        raise G4tuiError(
            "unsupported",
            f"{spec.id} cannot be measured",
            "A model behind a network gives no log-probabilities of a given text.",
            "Measure a local model: a Hugging Face folder, a GGUF file, or llama-cpp:NAME.",
        )
    found = library.find(spec.model)
    if found.format != "gguf":
        raise G4tuiError(
            "unsupported",
            f"{spec.id} cannot be measured",
            f"{found.path} is no GGUF file.",
            "Only GGUF models and Hugging Face folders can be measured.",
        )
    return Path(found.path)


def _base_of(adapter: Path) -> str:
    try:
        config = msgspec.json.decode((adapter / ADAPTER).read_bytes(), type=_AdapterConfig)
    except msgspec.DecodeError as error:
        raise G4tuiError(
            "model", "That is no LoRA folder", f"{adapter / ADAPTER}: {error}."
        ) from error
    if not config.base_model_name_or_path:
        raise G4tuiError(
            "usage",
            "The base of the adapter is not known",
            f"{adapter / ADAPTER} names none.",
            "Say it with --base.",
        )
    return config.base_model_name_or_path


class _AdapterConfig(msgspec.Struct):
    base_model_name_or_path: str | None = None
