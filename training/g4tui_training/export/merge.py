"""The student's weights: the base with its adapter folded in."""

import io
import shutil
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from g4tui_training.train.base import Base
from g4tui_training.writing import disk_error

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_BASE = "g4tui-base.json"


def student_model(base: Base, adapter: Path | None) -> "PreTrainedModel":
    """In float32; the base itself where there is no adapter."""
    import torch

    model = base.model(torch.float32)
    if adapter is None:
        return model
    from peft import PeftModel

    return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()


def save_merged(model: "PreTrainedModel", base: Base, folder: Path) -> None:
    """As a folder of Hugging Face, in float16; whole or not at all."""
    import torch

    draft = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        state = {name: value.to(torch.float16) for name, value in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        config = getattr(model.config, "quantization_config", None)
        if config is not None:
            del model.config.quantization_config
        model.config.dtype = torch.float16
        with redirect_stderr(io.StringIO()):  # without the bars of transformers
            model.save_pretrained(draft, state_dict=state)
        base.tokenizer().save_pretrained(draft)
        (draft / _BASE).write_bytes(msgspec.json.encode({"base": base.name}))
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    except OSError as error:
        raise disk_error(folder, error) from error


def base_of_merged(folder: Path) -> str:
    """The name of the base that a merged folder was made of; empty where it does not say."""
    file = folder / _BASE
    return (
        msgspec.json.decode(file.read_bytes(), type=dict[str, str])["base"]
        if file.is_file()
        else ""
    )
