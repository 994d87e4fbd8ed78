"""A run directory: where each stage's files are, and the manifest of what was made from what."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.writing import disk_error, write_whole


class FileMark(msgspec.Struct, frozen=True):
    """A file as it was; `path` is relative to the run where it lies in it, else absolute."""

    path: str
    size: int
    sha256: str


class StageRecord(msgspec.Struct, frozen=True):
    """What a finished stage left behind. Times in seconds; `finished` since 1970.

    `settings` is all that decides the result beside the inputs; `counts` is for reports; `recipe`
    has the recipe's keys that it was made by.
    """

    settings: object
    inputs: tuple[FileMark, ...]
    outputs: tuple[FileMark, ...]
    counts: dict[str, object] = {}
    finished: float = 0.0
    seconds: float = 0.0
    version: str = ""
    recipe: dict[str, object] = {}


class Manifest(msgspec.Struct, frozen=True):
    """`manifest.json`; `recipe` is the path that the recipe was read from."""

    format: int = 1
    recipe: str = ""
    stages: dict[str, StageRecord] = {}


@dataclass(frozen=True)
class RunDir:
    """One run's folder. Making the object touches no disk."""

    root: Path

    @property
    def recipe(self) -> Path:
        """A copy of the recipe, as it was last used."""
        return self.root / "recipe.toml"

    @property
    def prompts(self) -> Path:
        """Rows of `Prompt`."""
        return self.root / "prompts.jsonl"

    def votes(self, source: str) -> Path:
        """Rows of `Pair` that a source of votes gave."""
        return self.root / "votes" / f"{source}.jsonl"

    @property
    def journal(self) -> Path:
        """What was asked and answered, appended to."""
        return self.root / "journal.jsonl"

    @property
    def pairs(self) -> Path:
        """Rows of `Pair`: published ones and those collected."""
        return self.root / "pairs.jsonl"

    @property
    def failed(self) -> Path:
        """Which prompts have no answer, and why."""
        return self.root / "failed.jsonl"

    @property
    def batches(self) -> Path:
        """The folder of batches that are under way."""
        return self.root / "batches"

    @property
    def clean(self) -> Path:
        """The folder of `train.jsonl`, `eval.jsonl`, `ledger.jsonl` and `funnel.json`."""
        return self.root / "clean"

    @property
    def train(self) -> Path:
        """Rows of `Pair` to train on."""
        return self.clean / "train.jsonl"

    @property
    def eval(self) -> Path:
        """Rows of `Pair` held back."""
        return self.clean / "eval.jsonl"

    @property
    def ledger(self) -> Path:
        """Every dropped row with its rule."""
        return self.clean / "ledger.jsonl"

    @property
    def funnel(self) -> Path:
        """Counts by rule and source."""
        return self.clean / "funnel.json"

    @property
    def map(self) -> Path:
        """The page of all prompts."""
        return self.root / "map.html"

    @property
    def adapter(self) -> Path:
        """The folder of `seed-N/`: one adapter a seed, with its metrics and its curve."""
        return self.root / "adapter"

    @property
    def merged(self) -> Path:
        """The folder of the student's weights as safetensors."""
        return self.root / "merged"

    @property
    def gguf(self) -> Path:
        """The folder of GGUF files, and of what the gate found."""
        return self.root / "gguf"

    @property
    def evaluation(self) -> Path:
        """The folder of `perplexity.json` and what belongs to it."""
        return self.root / "evaluation"

    @property
    def report(self) -> Path:
        """The folder of the cards."""
        return self.root / "report"

    @property
    def manifest_file(self) -> Path:
        """What was made from what."""
        return self.root / "manifest.json"

    def work(self, stage: str) -> Path:
        """Where a stage keeps what it needs only while it works; it may be gone at any time."""
        return self.root / ".work" / stage

    def relative(self, file: Path) -> str:
        """How a manifest names a file."""
        absolute, root = file.absolute(), self.root.absolute()
        return str(absolute.relative_to(root) if absolute.is_relative_to(root) else absolute)

    def manifest(self) -> Manifest:
        """The manifest; an empty one where there is none. Raises `G4tuiError` of kind `storage`."""
        try:
            return msgspec.json.decode(self.manifest_file.read_bytes(), type=Manifest)
        except FileNotFoundError:
            return Manifest()
        except (msgspec.DecodeError, OSError) as error:
            raise G4tuiError(
                "storage",
                "The manifest of this run cannot be read",
                f"{self.manifest_file}: {error}.",
                "Delete it to make every stage anew from the files that are there.",
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest, whole."""
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        write_whole(self.manifest_file, data + b"\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep other processes off it; kill -9 leaves no lock behind."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise disk_error(self.root, error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise G4tuiError(
                    "usage",
                    "Another g4tui-train works in this folder",
                    f"{self.root} is in use.",
                    "Wait for it, or give another folder with --out.",
                ) from error
            yield
        finally:
            os.close(descriptor)
