"""All branches of a session: what was asked and answered, and every other version of it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import on, work
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from g4tui.sanitize import clean_line
from g4tui.tui.bindings import bindings
from g4tui.tui.screens.dialog import Dialog
from g4tui.tui.words import model_label

if TYPE_CHECKING:
    from g4tui.store import MessageRow

LABEL = 200
"""Characters of a message that its line may show."""
AT_ONCE = 200
"""Lines that are made before the loop may do something else."""


class Branches(Tree[str]):
    """Lines as wide as the tree: what does not fit ends in an ellipsis."""

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """The label of one line, behind its guides."""
        label = super().render_label(node, base_style, style)
        depth, above = 0, node.parent
        while above is not None and not above.is_root:
            depth, above = depth + 1, above.parent
        room = self.scrollable_content_region.width - depth * self.guide_depth
        label.truncate(max(1, room), overflow="ellipsis")
        return label


class TreeScreen(Dialog[str]):
    """The id of the message to go to.

    Messages that follow each other are on one level; where there are several versions, each is
    a branch with what followed on it. `line` are the ids of what the chat shows now.
    """

    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = ["dialog.tcss", "tree.tcss"]
    AUTO_FOCUS = "Tree"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("tree"))
    title_text = "Branches"

    def __init__(self, rows: "Sequence[MessageRow]", line: Iterable[str], at: str | None) -> None:
        self._messages = rows
        self._line = frozenset(line)
        self._at = at
        super().__init__()

    def body(self) -> Iterable[Widget]:
        tree = Branches("", id="tree")
        tree.show_root = False
        tree.guide_depth = 3
        yield tree

    def on_mount(self) -> None:
        """Fill it beside everything else."""
        self._fill()

    @work(exit_on_error=False)
    async def _fill(self) -> None:
        tree: Tree[str] = self.query_one(Tree)
        tree.root.expand()
        kids: dict[str | None, list[MessageRow]] = defaultdict(list)
        for row in self._messages:
            kids[row.parent].append(row)
        made, cursor = 0, None
        branches: list[tuple[TreeNode[str], list[MessageRow]]] = [(tree.root, kids[None])]
        while branches:
            node, versions = branches.pop()
            while versions:
                added = []
                for place, row in enumerate(versions, 1):
                    several = f"{place}/{len(versions)} " if len(versions) > 1 else ""
                    label = self._label(row, several)
                    if several:
                        leaf = node.add(label, row.id, expand=row.id in self._line)
                        leaf.allow_expand = bool(kids[row.id])
                    else:
                        leaf = node.add_leaf(label, row.id)
                    added.append((leaf, kids[row.id]))
                    cursor = leaf if row.id == self._at else cursor
                    made += 1
                    if made % AT_ONCE == 0:
                        await asyncio.sleep(0)
                if len(versions) > 1:
                    branches += reversed(added)
                    break
                versions = added[0][1]
        if cursor is not None:
            self.call_after_refresh(tree.move_cursor, cursor)

    def _label(self, row: "MessageRow", several: str) -> Text:
        is_here = row.id in self._line
        who = "You" if row.message.role == "user" else model_label(row.model)
        text = clean_line(row.message.text[:LABEL]) or "(nothing)"
        star = "★ " if row.starred else ""
        return Text.assemble(
            (several, "bold"),
            star,
            (f"{who}: ", "bold" if is_here else "dim"),
            (text, "" if is_here else "dim"),
            no_wrap=True,
        )

    @on(Tree.NodeSelected)
    def _chosen(self, event: Tree.NodeSelected[str]) -> None:
        event.stop()
        if event.node.data is not None:
            self.dismiss(event.node.data)

    def action_toggle_node(self) -> None:
        """Fold or unfold what the cursor is on."""
        self.query_one(Tree).action_toggle_node()

    def action_choose(self) -> None:
        """Go to what the cursor is on."""
        tree: Tree[str] = self.query_one(Tree)
        node = tree.cursor_node
        if node is not None and node.data is not None:
            self.dismiss(node.data)
