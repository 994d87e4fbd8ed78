"""A Llama of random weights as a folder of Hugging Face, and adapters for it; made in a second."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_MERGES = [("t", "h"), ("h", "e"), ("i", "n"), ("th", "e"), ("a", "n"), ("Ġ", "a"), ("Ġ", "Ċ")]


def tiny_tokenizer(template: str = TEMPLATE) -> PreTrainedTokenizerFast:
    """Every byte, a few merges, and the marks of ChatML; cuts text as SmolLM2's does."""
    words = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    words += ["".join(pair) for pair in _MERGES]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, _MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        bos_token="<|im_start|>",
        pad_token="<|im_end|>",
        chat_template=template or None,
    )


def tiny_config(**values: object) -> LlamaConfig:
    """64 wide, two layers, two heads that share one key; its words and their scores are tied."""
    shape: dict[str, object] = {
        "vocab_size": len(tiny_tokenizer()),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "initializer_range": 0.15,
    }
    return LlamaConfig(**{**shape, **values})


def tiny_llama(folder: Path, *, seed: int = 1, template: str = TEMPLATE, **values: object) -> Path:
    """Write a model's folder."""
    torch.manual_seed(seed)
    LlamaForCausalLM(tiny_config(**values)).save_pretrained(folder)
    tiny_tokenizer(template).save_pretrained(folder)
    return folder


def tiny_adapter(
    folder: Path, base: Path, *, seed: int = 2, strength: float = 0.3, **settings: object
) -> Path:
    """Write an adapter of random weights for a model's folder (or whatever `base` is named)."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM.from_pretrained(base)
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        init_lora_weights=False,
        **settings,
    )
    student = get_peft_model(model, config)
    with torch.no_grad():
        for name, values in student.named_parameters():
            if "lora_B" in name:
                values.mul_(strength)
    student.peft_config["default"].base_model_name_or_path = str(base)
    student.save_pretrained(folder)
    return folder
