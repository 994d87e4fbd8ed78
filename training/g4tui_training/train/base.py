"""The model that is tuned: found, looked at, and refused before any work where it cannot be."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from g4tui.core import Cancel, G4tuiError
from g4tui.formats import read_gguf
from g4tui.models import Library
from g4tui.models.catalogue import entry_named
from g4tui.paths import Paths
from g4tui_training.train.hub import hub_file, is_id
from g4tui_training.train.splitting import correct_splitting

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# What transformers calls them, and the architecture that their GGUF names: the exporter knows how
# the tensors of these are laid out.
ARCHITECTURES = {"LlamaForCausalLM": "llama", "MistralForCausalLM": "llama"}


@dataclass(frozen=True)
class Base:
    """A base by where it lies: `source` is a folder or a hub id, `gguf` a file in that folder.

    `template` is Jinja text in place of its own chat template.
    """

    name: str
    source: str
    gguf: str = ""
    template: str = ""

    @property
    def gguf_file(self) -> Path | None:
        """The GGUF file that the base is, if it is one."""
        return Path(self.source) / self.gguf if self.gguf else None

    @property
    def reference(self) -> str:
        """How an adapter names it: as the recipe does, a path in full."""
        given = Path(self.name).expanduser().name
        if self.gguf:
            return str(self.gguf_file) if given == self.gguf else self.name
        return self.source

    @property
    def files(self) -> list[Path]:
        """Files on this machine whose change makes it another base.

        Of the hub it is one, in a folder of the commit's name, which another commit changes.
        """
        if file := self.gguf_file:
            return [file]
        folder = Path(self.source)
        if folder.is_dir():
            return [*sorted(folder.glob("*.safetensors")), folder / "config.json"]
        found = hub_file(self.source, "config.json")
        return [found] if found else []

    @property
    def commit(self) -> str:
        """Of a model of the hub: its id and commit. Empty for what lies here."""
        if self.gguf or Path(self.source).is_dir():
            return ""
        return "@".join((self.source, *(file.parent.name for file in self.files)))

    def config(self) -> "PreTrainedConfig":
        """Its shape. Raises `G4tuiError` for an architecture that cannot become a student."""
        from transformers import AutoConfig

        if file := self.gguf_file:
            header = read_gguf(file)
            if header.is_adapter:
                raise _refused(self, "it is a LoRA adapter, no model")
            if header.architecture != "llama" or header.own("expert_count"):
                kind = "mixture of experts" if header.own("expert_count") else header.architecture
                raise _refused(self, f"its architecture is {kind or 'not told'}")
        with self._loading():
            config = AutoConfig.from_pretrained(self.source, **self._gguf())
        if self.gguf:
            return config
        names = config.architectures or [config.model_type]
        if not set(names) & set(ARCHITECTURES):
            raise _refused(self, f"its architecture is {names[0]}")
        return config

    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Its tokenizer, with the chat template of the training."""
        from transformers import AutoTokenizer

        with self._loading():
            tokenizer = AutoTokenizer.from_pretrained(self.source, **self._gguf())
        if file := self.gguf_file:
            correct_splitting(tokenizer, read_gguf(file).text("tokenizer.ggml.pre"))
        if self.template:
            tokenizer.chat_template = self.template
        return tokenizer

    def model(self, dtype: "torch.dtype") -> "PreTrainedModel":
        """Its weights in `dtype`; those of a GGUF file dequantised."""
        from transformers import AutoModelForCausalLM, GgufConfig

        quantised = {"quantization_config": GgufConfig(dequantize=True)} if self.gguf else {}
        with self._loading():
            return AutoModelForCausalLM.from_pretrained(
                self.source, dtype=dtype, **self._gguf(), **quantised
            )

    def _gguf(self) -> dict[str, str]:
        return {"gguf_file": self.gguf} if self.gguf else {}

    @contextmanager
    def _loading(self) -> Iterator[None]:
        """Without the bars of transformers; what goes wrong names the base."""
        try:
            with redirect_stderr(io.StringIO()):
                yield
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            detail = " ".join(str(error).split())
            raise G4tuiError(
                "model",
                f"The base {self.name} cannot be loaded",
                f"{type(error).__name__}: {detail}",
                "Give a folder of Hugging Face, a hub id or a GGUF file of a Llama model.",
            ) from error


def find_base(name: str, folder: Path, library: Library | None = None) -> Base:
    """A base by the name of a recipe: a path (relative to `folder`), a model of g4tui, a hub id.

    Loads nothing. Raises `G4tuiError` of kind `missing`.
    """
    path = Path(name).expanduser()
    path = path if path.is_absolute() else folder / path
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise _missing(name, f"{path} has no config.json, so it is no model's folder.")
        return Base(name, str(path.absolute()))
    if path.is_file():
        return Base(name, str(path.absolute().parent), path.name)
    try:
        found = Path((library or Library(Paths.from_environment())).find(name).path)
    except G4tuiError as error:
        if error.info.kind != "missing" or entry_named(name.partition(":")[2] or name):
            raise
        if is_id(name):
            return Base(name, name)
        raise _missing(name, "It is no path, no model of g4tui and no id of the hub.") from error
    return Base(name, str(found.parent), found.name)


def have_base(name: str, folder: Path, library: Library, cancel: Cancel) -> Base:
    """As `find_base`; one of the catalogue that is not here yet is pulled."""
    try:
        return find_base(name, folder, library)
    except G4tuiError as error:
        if error.info.kind != "missing" or not entry_named(name.partition(":")[2] or name):
            raise
    library.pull(name.partition(":")[2] or name, lambda done, total: None, cancel)
    return find_base(name, folder, library)


def template_file(name: str, folder: Path) -> Path | None:
    """The Jinja file that a recipe names, relative to its folder; `None` where it names none."""
    return folder / name if name else None


def with_template(base: Base, file: Path | None) -> Base:
    """The base under another chat template, a Jinja file. Raises `G4tuiError` of kind `missing`."""
    if file is None:
        return base
    try:
        return replace(base, template=file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise G4tuiError(
            "missing",
            "The chat template cannot be read",
            f"{file}: {error}.",
            "Correct train.template in the recipe.",
        ) from error


def _refused(base: Base, why: str) -> G4tuiError:
    return G4tuiError(
        "model",
        "This base cannot become a student",
        f"{base.name}: {why}; what is known here: {', '.join(sorted(ARCHITECTURES))}.",
        "Choose a base of the Llama family, as smollm2-135m-instruct.",
    )


def _missing(name: str, detail: str) -> G4tuiError:
    return G4tuiError(
        "missing",
        f"There is no base {name}",
        detail,
        "Name a folder, a hub id, a GGUF file, or a model that g4tui models lists.",
    )
