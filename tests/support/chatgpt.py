"""Files as ChatGPT exports them."""

import json
import random
import zipfile
from pathlib import Path
from typing import Any

Node = dict[str, Any]
NOON = 1_700_000_000.0


def node(
    id_: str,
    parent: str | None,
    role: str = "",
    text: str | list[Any] = "",
    *,
    children: tuple[str, ...] = (),
    content: Node | None = None,
    **more: Any,
) -> Node:
    """One node of a mapping; without a role it has no message."""
    message = None
    if role:
        parts = [text] if isinstance(text, str) else text
        message = {
            "id": id_,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": NOON,
            "update_time": None,
            "content": content or {"content_type": "text", "parts": parts},
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "metadata": {"model_slug": "gpt-4o"} if role == "assistant" else {},
            "recipient": "all",
        } | more
    return {"id": id_, "message": message, "parent": parent, "children": list(children)}


def conversation(
    *nodes: Node, current: str = "", title: str | None = "A talk", **more: Any
) -> Node:
    """One conversation of these nodes; their children are found by their parents."""
    mapping = {each["id"]: dict(each) for each in nodes}
    for each in nodes:
        above = mapping.get(each["parent"] or "")
        if above is not None and each["id"] not in above["children"]:
            above["children"] = [*above["children"], each["id"]]
    return {
        "title": title,
        "create_time": NOON - 1,
        "update_time": NOON + 1,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": current or nodes[-1]["id"],
        "plugin_ids": None,
        "conversation_id": "6f8a-" + nodes[0]["id"],
        "is_archived": False,
        "default_model_slug": "gpt-4o",
    } | more


def many(count: int, seed: int = 1, turns: int = 8) -> list[Node]:
    """Conversations as people have them: most without a branch, some with."""
    chance = random.Random(seed)
    words = ("the", "model", "answers", "about", "trees,", "code", "and", "京都", "😀", "\n\n")

    def text(most: int) -> str:
        return " ".join(chance.choice(words) for _ in range(chance.randint(3, most)))

    made = []
    for number in range(count):
        nodes = [node(f"{number}-root", None), node(f"{number}-system", f"{number}-root", "system")]
        above = nodes[-1]["id"]
        for turn in range(chance.randint(1, turns)):
            asked = node(f"{number}-{turn}-u", above, "user", text(40))
            nodes.append(asked)
            for side in range(1 + (chance.random() < 0.15)):
                answer = node(f"{number}-{turn}-a{side}", asked["id"], "assistant", text(200))
                nodes.append(answer)
            above = answer["id"]
        made.append(
            conversation(*nodes, title=f"Talk {number}", conversation_id=f"conversation-{number}")
        )
    return made


def written(path: Path, conversations: list[Node]) -> Path:
    """As `conversations.json`."""
    path.write_text(json.dumps(conversations), encoding="utf-8")
    return path


def zipped(path: Path, files: dict[str, bytes | str]) -> Path:
    """As a zip with these files, packed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
