"""What a message of ChatGPT's export says, of all the forms that it has."""

import re
from collections import Counter
from typing import NamedTuple

from g4tui_exchange.inert import fenced

# Marks of citations and widgets, which only ChatGPT's own page can show.
_WIDGET = re.compile("\ue200[^\ue201]{0,2000}\ue201")
_SPOKEN = "audio_transcription"
_PARTS = {
    "image_asset_pointer": "images",
    "audio_asset_pointer": "recordings",
    "real_time_user_audio_video_asset_pointer": "recordings",
}
# Shown by nobody: what a search or a program gave, and settings.
_HIDDEN = ("reasoning_recap", "model_editable_context")


class Said(NamedTuple):
    """Text for people, and the thinking before it."""

    text: str = ""
    reasoning: str = ""


def said(content: object, left: Counter[str]) -> Said:
    """What `content` (of a message) says; what is left out is counted."""
    if not isinstance(content, dict):
        return Said()
    kind = content.get("content_type")
    if kind in ("text", "multimodal_text", None):
        return Said(_WIDGET.sub("", _parts(content.get("parts"), left)).strip("\n"))
    if kind == "code":
        language = content.get("language")
        named = language if isinstance(language, str) and language != "unknown" else ""
        return Said(fenced(_text(content.get("text")), named))
    if kind == "thoughts":
        return Said("", _thoughts(content.get("thoughts")))
    if kind == "user_editable_context":
        left["custom instructions"] += 1
    elif kind not in _HIDDEN:
        left[f"messages of the form {kind!s:.40}"] += 1
    return Said()


def _parts(parts: object, left: Counter[str]) -> str:
    texts = []
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = part.get("content_type")
            text = _text(part.get("text"))
            if text and kind in (_SPOKEN, "text", None):
                texts.append(text)
            elif kind != _SPOKEN:
                left[_PARTS.get(str(kind), "parts that are no text")] += 1
    return "\n\n".join(text for text in texts if text)


def _thoughts(thoughts: object) -> str:
    told = []
    for thought in thoughts if isinstance(thoughts, list) else []:
        if isinstance(thought, dict):
            both = [_text(thought.get("summary")), _text(thought.get("content"))]
            told.append("\n".join(text for text in both if text))
    return "\n\n".join(text for text in told if text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
