"""How a GGUF's text is cut before its merges, where transformers reads the file and gets it wrong.

transformers takes every byte-level vocabulary for GPT-2's. Those of this family cut digits off
first, so that spaces before a number stay together: `' \\n2'` is two tokens, not three.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# By `tokenizer.ggml.pre`; llama.cpp cuts all of these alike.
_DIGITS_FIRST = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}


def correct_splitting(tokenizer: "PreTrainedTokenizerBase", pre: str) -> None:
    """Have a tokenizer that came from a GGUF file cut text as llama.cpp does."""
    if pre not in _DIGITS_FIRST:
        return
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(
        [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
    )
