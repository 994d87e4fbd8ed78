"""Checkpoints: a folder each, which counts only with its manifest of sizes and digests.

The manifest is written last, so a folder that a kill left half written is none. Random numbers need
no state: every draw is seeded by where it stands (see `loop`), and the plan of steps has none.
"""

import shutil
from pathlib import Path

import msgspec
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from g4tui.core import G4tuiError
from g4tui_training.run import FileMark
from g4tui_training.stages import file_sha256
from g4tui_training.train.student import Student, Tensors
from g4tui_training.writing import write_whole

KEPT = 2
_MANIFEST, _STATE = "manifest.json", "state.json"
_ADAPTER, _BEST, _OPTIMIZER = "adapter.safetensors", "best.safetensors", "optimizer.safetensors"


class Best(msgspec.Struct, frozen=True):
    """The best evaluation so far, and how many came after it; no loss: there was none."""

    step: int = 0
    loss: float | None = None
    waited: int = 0


class State(msgspec.Struct, frozen=True):
    """Where a training stands: `step` steps are made. Times in seconds.

    `identity` is all that decides the weights; only a training with the same one may go on.
    `precision` and `threads` decide the last digits. `trained` counts the learned tokens seen.
    """

    identity: str
    precision: str
    threads: int
    step: int = 0
    tokens: int = 0
    trained: int = 0
    seconds: float = 0.0
    best: Best = Best()


class Checkpoints:
    """The checkpoints of one training, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self,
        state: State,
        student: Student,
        optimizer: torch.optim.Optimizer,
        best: Tensors,
    ) -> None:
        """Write one and forget the oldest. Raises `G4tuiError` (`storage`); the others stay."""
        folder = self._path(state.step)
        shutil.rmtree(folder, ignore_errors=True)
        contents = {
            _ADAPTER: save_tensors(student.tensors()),
            _OPTIMIZER: save_tensors(optimizer_tensors(optimizer)),
            _STATE: msgspec.json.encode(state),
        }
        if best:
            contents[_BEST] = save_tensors(dict(best))
        try:
            for name, data in contents.items():
                write_whole(folder / name, data)
            marks = [
                FileMark(name, len(data), file_sha256(folder / name))
                for name, data in contents.items()
            ]
            write_whole(folder / _MANIFEST, msgspec.json.encode(marks))
        except G4tuiError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        for old in [each for each in self._found() if self._broken(each) == ""][KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def newest(self) -> tuple[Path | None, list[str]]:
        """The newest whole checkpoint, and what is wrong with each newer one."""
        wrong: list[str] = []
        for folder in self._found():
            if not (problem := self._broken(folder)):
                return folder, wrong
            wrong.append(f"{folder.name}: {problem}")
        return None, wrong

    def drop_after(self, step: int) -> None:
        """Delete checkpoints of later steps, which are broken: their steps are made again."""
        for folder in self._found():
            if _step_of(folder) > step:
                shutil.rmtree(folder, ignore_errors=True)

    def _path(self, step: int) -> Path:
        return self.folder / f"checkpoint-{step:07}"

    def _found(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("checkpoint-*"), reverse=True)

    def _broken(self, folder: Path) -> str:
        try:
            marks = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=list[FileMark])
        except FileNotFoundError:
            return "it was not finished"
        except (OSError, msgspec.DecodeError) as error:
            return f"its manifest cannot be read ({error})"
        for mark in marks:
            file = folder / mark.path
            if not file.is_file():
                return f"{mark.path} is missing"
            if file.stat().st_size != mark.size or file_sha256(file) != mark.sha256:
                return f"{mark.path} is damaged"
        return ""


def read_state(folder: Path) -> State:
    """Where a whole checkpoint stands."""
    return msgspec.json.decode((folder / _STATE).read_bytes(), type=State)


def restore(folder: Path, student: Student, optimizer: torch.optim.Optimizer) -> Tensors:
    """Put a whole checkpoint into a student and its optimizer; the best adapter so far."""
    student.load(load_tensors((folder / _ADAPTER).read_bytes()))
    restore_optimizer(optimizer, load_tensors((folder / _OPTIMIZER).read_bytes()))
    best = folder / _BEST
    return load_tensors(best.read_bytes()) if best.is_file() else {}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """An optimizer's state by `NUMBER.NAME`."""
    return {
        f"{number}.{name}": value.detach().cpu().clone()
        for number, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Give an optimizer the state that `optimizer_tensors` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )


def _step_of(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])
