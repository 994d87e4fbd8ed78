"""Whether an answer says who wrote it: a vote after that is not blind, whatever is hidden."""

import re
from collections.abc import Iterable

# Names of one maker and its models. A model belongs to the makers whose names are in its own name.
_MAKERS: tuple[tuple[str, ...], ...] = (
    ("openai", "chatgpt", "gpt", "o1", "o3", "o4"),
    ("anthropic", "claude"),
    ("google", "deepmind", "gemini", "gemma", "bard"),
    ("meta ai", "meta", "llama", "vicuna"),
    ("mistral ai", "mistral", "mixtral", "ministral", "magistral", "codestral"),
    ("alibaba cloud", "alibaba", "qwen", "tongyi", "qwq"),
    ("deepseek",),
    ("microsoft", "phi"),
    ("hugging face", "huggingface", "smollm", "zephyr"),
    ("xai", "grok"),
    ("cohere", "command", "aya"),
    ("ibm", "granite"),
    ("ai2", "allen institute", "olmo", "tulu"),
    ("technology innovation institute", "falcon"),
    ("zhipu", "glm", "chatglm"),
    ("moonshot", "kimi"),
    ("minimax",),
    ("nvidia", "nemotron"),
    ("01.ai", "yi"),
    ("baidu", "ernie"),
    ("mosaicml", "mpt", "databricks", "dolly", "dbrx"),
    ("eleutherai", "gpt-j", "gpt-neox", "pythia"),
    ("stability ai", "stablelm"),
    ("nomic", "gpt4all"),
    ("bigcode", "starcoder"),
)
# Ordinary words when they are not said of oneself.
_COMMON = {"meta", "command", "phi", "yi", "falcon", "bard", "aya", "o1", "o3", "o4"}
_OF_ONESELF = (
    r"(?:\bi\s+am|\bi['\u2019]m|\bmy\s+name\s+is|\bcall\s+me|(?:^|[.!?]\s+)as)\s+"
    r"(?:(?:an?|the|called|named|just|your|actually)\s+)*(?:\w+\s+)?"
    r"|\b(?:i|me|model|assistant)\b[^.!?\n]{0,60}?"
    r"\b(?:made|created|developed|trained|built|designed)\s+(?:by|at)\s+(?:the\s+|team\s+|at\s+)*"
)


def names_itself(answer: str, model: str, question: str = "") -> bool:
    """Whether `answer` names the maker or the family of `model` (a model's id).

    A name that the question brought up counts only where the answer says it of itself ("I am
    ..."); so does that of any other maker, since a student may have learnt to speak as its teacher.
    """
    own = _own_names(model)
    spoken = [name for name in own if name not in _COMMON and not _says(question, [name])]
    if _says(answer, spoken):
        return True
    everybody = {*own, *(name for maker in _MAKERS for name in maker)}
    return _says(answer, everybody, before=_OF_ONESELF)


def _own_names(model: str) -> set[str]:
    """What is known of the maker, and the model's own name without folder, size and format."""
    name = re.split(r"[:/\\]", model)[-1].lower().removesuffix(".gguf")
    words = re.split(r"[-_.+ ]|(?<=[a-z])(?=\d)", name)
    names = {known for maker in _MAKERS for known in maker if _is_of(maker, name, words)}
    if len(words[0]) > 2 and words[0].isalpha() and words[0] not in ("my", "the", "model"):
        names.add(words[0])
    return names


def _is_of(maker: tuple[str, ...], name: str, words: list[str]) -> bool:
    return any(known in words or (len(known) > 3 and name.startswith(known)) for known in maker)


def _says(text: str, names: Iterable[str], before: str = "") -> bool:
    said = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in sorted(names))
    if not said:
        return False
    # A version may follow without a space: "GPT-4", "Qwen2.5", "Llama3".
    pattern = rf"(?:{before})\b(?:{said})(?![a-z])"
    return re.search(pattern, text, re.IGNORECASE | re.MULTILINE) is not None
