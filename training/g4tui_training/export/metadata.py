"""What stands before the weights of a GGUF file: a base file's own words, or a folder's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from g4tui.core import G4tuiError
from g4tui_training.train.base import Base
from g4tui_training.train.chat_template import ChatTemplate

if TYPE_CHECKING:
    import gguf
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

_NORMAL, _UNKNOWN, _CONTROL, _USER, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
# How byte-level tokenizers cut text first, by the patterns of their tokenizer.json.
_LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
_QWEN2 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"


def copy_metadata(writer: "gguf.GGUFWriter", source: Path, skip: frozenset[str]) -> None:
    """All values of a GGUF file but those in `skip`, in their types and order."""
    import gguf

    for field in gguf.GGUFReader(source).fields.values():
        if field.name.startswith("GGUF.") or field.name in skip:
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], inner)


def write_metadata(writer: "gguf.GGUFWriter", base: Base) -> None:
    """The shape, tokenizer and template of a base that is a folder of Hugging Face.

    Raises `G4tuiError` of kind `unsupported` for what llama.cpp would understand otherwise.
    """
    config, tokenizer = base.config(), base.tokenizer()
    _shape(writer, config)
    _words(writer, tokenizer, config.vocab_size)
    if tokenizer.chat_template:
        write_words(writer, ChatTemplate(tokenizer).metadata())


def write_words(writer: "gguf.GGUFWriter", words: Mapping[str, str | int | bool]) -> None:
    """What a template says of itself."""
    for key, value in words.items():
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        else:
            writer.add_string(key, value)


def _shape(writer: "gguf.GGUFWriter", config: "PreTrainedConfig") -> None:
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") != "default":
        raise _cannot(f"it scales its positions ({rope['rope_type']})")
    if getattr(config, "attention_bias", False) or getattr(config, "mlp_bias", False):
        raise _cannot("its projections have biases")
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(
        getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    )
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(rope.get("rope_theta", 10000.0)))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _words(writer: "gguf.GGUFWriter", tokenizer: "PreTrainedTokenizerBase", rows: int) -> None:
    described = msgspec.json.decode(tokenizer.backend_tokenizer.to_str())
    model = described["model"]
    if model.get("type") != "BPE":
        raise _cannot(f"its tokenizer is of the kind {model.get('type')}")
    words = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    added = tokenizer.added_tokens_decoder
    bytewise = bool(model.get("byte_fallback"))
    kinds = [_kind(number, word, added, tokenizer, bytewise) for number, word in enumerate(words)]
    words += [f"[PAD{number}]" for number in range(len(words), rows)]
    kinds += [_UNUSED] * (rows - len(kinds))
    if bytewise:
        writer.add_tokenizer_model("llama")
        # The ids of such a vocabulary are in the order of its merges, so they are the scores.
        writer.add_token_scores([-float(number) for number in range(len(words))])
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(_pre(described.get("pre_tokenizer")))
        merges = [" ".join(each) if isinstance(each, list) else each for each in model["merges"]]
        writer.add_token_merges(merges)
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_add_space_prefix(bytewise)
    for key, number in (
        ("bos", tokenizer.bos_token_id),
        ("unknown", tokenizer.unk_token_id),
        ("padding", tokenizer.pad_token_id),
    ):
        if number is not None:
            writer.add_uint32(f"tokenizer.ggml.{key}_token_id", number)
    if not tokenizer.chat_template and tokenizer.eos_token_id is not None:
        writer.add_eos_token_id(tokenizer.eos_token_id)


def _kind(
    number: int,
    word: str,
    added: "dict[int, object]",
    tokenizer: "PreTrainedTokenizerBase",
    bytewise: bool,
) -> int:
    if number == tokenizer.unk_token_id and bytewise:
        return _UNKNOWN
    if number in added:
        return _CONTROL if getattr(added[number], "special", False) else _USER
    if bytewise and len(word) == 6 and word.startswith("<0x"):
        return _BYTE
    return _NORMAL


def _pre(described: object) -> str:
    """llama.cpp's name for how a tokenizer cuts text before its merges."""
    steps = [described]
    if isinstance(described, dict) and described.get("type") == "Sequence":
        steps = described["pretokenizers"]
    kinds = [step.get("type") for step in steps if isinstance(step, dict)]
    patterns = [
        str(step["pattern"].get("Regex", ""))
        for step in steps
        if isinstance(step, dict) and step.get("type") == "Split"
    ]
    if kinds == ["ByteLevel"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"]:
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and patterns[0].startswith(_LLAMA3):
        return "llama-bpe"
    if kinds == ["Split", "ByteLevel"] and patterns[0].startswith(_QWEN2):
        return "qwen2"
    raise _cannot(f"its tokenizer cuts text in a way not known here ({', '.join(map(str, kinds))})")


def _cannot(why: str) -> G4tuiError:
    return G4tuiError(
        "unsupported",
        "This base cannot be written as a GGUF file",
        f"{why[:1].upper()}{why[1:]}.",
        "Take the base as a GGUF file: what it says is copied then.",
    )
