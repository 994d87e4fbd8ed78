"""The base with a LoRA adapter: made, saved, loaded, scaled."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from transformers import PreTrainedModel

from g4tui.core import G4tuiError
from g4tui_training.recipe import Train
from g4tui_training.train.attention import keep_rows_apart
from g4tui_training.train.projection import Projection

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Student:
    """A model in training; `parameters` are those of the adapter, in a fixed order."""

    model: PeftModel
    parameters: list[torch.nn.Parameter]

    @property
    def base(self) -> PreTrainedModel:
        """The model that the adapter sits in."""
        return self.model.get_base_model()

    def tensors(self) -> dict[str, torch.Tensor]:
        """A copy of the adapter, named as peft saves it."""
        state = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        return {name: value.detach().cpu().clone().contiguous() for name, value in state.items()}

    def load(self, tensors: Tensors) -> None:
        """Put an adapter in place of this one."""
        missing = set_peft_model_state_dict(self.model, dict(tensors))
        if missing.unexpected_keys:
            raise ValueError(f"unknown tensors: {', '.join(missing.unexpected_keys[:3])}")

    @contextmanager
    def scaled(self, factor: float) -> Iterator[None]:
        """The adapter's effect times a factor."""
        layers = [each for each in self.model.modules() if isinstance(each, LoraLayer)]
        before = [dict(layer.scaling) for layer in layers]
        for layer in layers:
            layer.scaling = {name: value * factor for name, value in layer.scaling.items()}
        try:
            yield
        finally:
            for layer, scaling in zip(layers, before, strict=True):
                layer.scaling = scaling

    def config(self, base_name: str, scale: float) -> LoraConfig:
        """What `adapter_config.json` says, the scale folded into alpha."""
        found = copy(self.model.peft_config["default"])
        found.base_model_name_or_path = base_name
        found.lora_alpha *= scale
        found.inference_mode = True
        return found


def make_student(
    base: PreTrainedModel, settings: Train, seed: int, device: torch.device
) -> Student:
    """Put a fresh adapter into a base. Raises `G4tuiError` for targets that it does not have."""
    targets = "all-linear" if settings.targets == ("all",) else list(settings.targets)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets,
        use_dora=settings.dora,
        use_rslora=settings.rslora,
        task_type="CAUSAL_LM",
    )
    if not settings.dora:
        config._register_custom_module({torch.nn.Linear: Projection})
    keep_rows_apart(base)
    torch.manual_seed(seed)
    try:
        with warnings.catch_warnings():  # what peft does with transformers is its own affair
            warnings.simplefilter("ignore", FutureWarning)
            model = get_peft_model(base, config, autocast_adapter_dtype=True)
    except ValueError as error:
        names = sorted(
            {
                name.rpartition(".")[2]
                for name, module in base.named_modules()
                if isinstance(module, torch.nn.Linear)
            }
        )
        raise G4tuiError(
            "config",
            "train.targets names a module that the base does not have",
            str(error),
            f"Those that it has: {', '.join(names)}; all stands for every projection.",
        ) from error
    if settings.gradient_checkpointing:
        base.activation_checkpointing_enable({"use_reentrant": False})
        base.enable_input_require_grads()
    model.to(device)
    parameters = [each for each in model.parameters() if each.requires_grad]
    return Student(model, parameters)
