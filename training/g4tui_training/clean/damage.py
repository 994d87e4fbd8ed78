"""Rules on damage: texts that are empty, too long, malformed, cut off, or an echo of the prompt.

Each function looks at one row and returns evidence, or "" for a row that is fine.
"""

import re

from g4tui_training.clean.rows import Row
from g4tui_training.clean.texts import quoted
from g4tui_training.recipe import TooLong

# C0 without tab, newline, form feed and carriage return; DEL.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TEMPLATE = re.compile(
    r"<\|(?:endoftext|im_start|im_end|eot_id|start_header_id|end_header_id|assistant|user)\|>"
    r"|</s>\s*$|\[/INST\]|<start_of_turn>|<end_of_turn>"
)
_TAIL = 600
_UNIT = 24
_TURNS_OF_A_LOOP = 8
_ECHO_WORDS = 12


def empty(row: Row) -> str:
    """Nothing was asked, or nothing answered. One character is an answer."""
    if not row.asked.strip():
        return "no prompt"
    return "" if row.response.strip() else "no answer"


def too_long(row: Row, limits: TooLong) -> str:
    """Prompt or answer over the recipe's limits, in characters."""
    if len(row.prompt) > limits.prompt_chars:
        return f"prompt of {len(row.prompt):,} characters"
    if len(row.response) > limits.response_chars:
        return f"answer of {len(row.response):,} characters"
    return ""


def malformed(row: Row) -> str:
    """Control characters, tokens of a chat template, turns out of order, or an endless loop."""
    turns = row.pair.turns
    if turns[-1].role != "user":
        return f"the last message before the answer is the {turns[-1].role}'s"
    if any(turn.role == "system" for turn in turns[1:]):
        return "a system message within the conversation"
    for name, text in (("prompt", row.prompt), ("answer", row.response)):
        if found := _CONTROL.search(text):
            return f"U+{ord(found[0]):04X} in the {name}"
    if "\ufffd" in row.response:  # in a prompt it is what somebody pasted
        return "U+FFFD in the answer: its encoding was lost"
    if found := _TEMPLATE.search(row.response):
        return f"{found[0].strip()} in the answer"
    if loop := _loop(row.response):
        return f"repeats {quoted(loop, 40)!r} without end"
    return ""


def cut_off(row: Row) -> str:
    """The answer does not come to its end: told by the server, or a code fence left open."""
    reason = row.pair.finish_reason
    if reason in ("length", "max_tokens"):
        return "finish_reason length"
    if reason in ("content_filter", "filtered"):
        return "finish_reason filtered"
    if "```" in row.response and _open_fence(row.response):
        return "a code fence is left open"
    return ""


def echo(row: Row) -> str:
    """The answer is the prompt again, or begins with the whole of a long one."""
    asked, answer = row.normal_asked, row.normal_response
    if not answer.startswith(asked):
        return ""
    if len(answer) == len(asked):
        return "the answer is the prompt"
    if asked.count(" ") + 1 >= _ECHO_WORDS:
        return "the answer begins with the whole prompt"
    return ""


def _open_fence(text: str) -> bool:
    """Whether a fence at a line's begin is never closed, as Markdown reads it."""
    fence = ""
    for line in text.split("\n"):
        stripped = line.lstrip(" >")
        if not stripped.startswith("```"):
            continue
        marks = len(stripped) - len(stripped.lstrip("`"))
        rest = stripped[marks:].strip()
        if not fence:
            if "`" not in rest:
                fence = "`" * marks
        elif marks >= len(fence) and not rest:
            fence = ""
    return bool(fence)


def _loop(text: str) -> str:
    """What the end of a long text repeats at least eight times; a drawn line does not count."""
    tail = text[-_TAIL:]
    if len(tail) < _TAIL:
        return ""
    unit = tail[-_UNIT:]
    if tail.count(unit) < _TURNS_OF_A_LOOP or not any(map(str.isalpha, unit)):
        return ""
    return unit
