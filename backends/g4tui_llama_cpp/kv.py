"""What the loaded context has evaluated: reused, kept for each conversation, and kept in step."""

from collections.abc import Callable, Sequence
from pathlib import Path

from g4tui_llama_cpp import kv_store
from g4tui_llama_cpp.native import Context
from g4tui_llama_cpp.prompt import SaidAnswers

# Below this many tokens, evaluating them is as quick as reading a file.
WORTH_A_FILE = 64


class Held:
    """The tokens in the KV cache of a context, and the conversation that they belong to.

    `text` gives the words of an answer's tokens. Every change of the native cache goes through
    here or is followed by `resync`.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        text: Callable[[Sequence[int]], str],
        log: Callable[[str], None],
    ) -> None:
        self.ids: list[int] = []
        self._batches: list[tuple[int, int]] = []
        self._own = False
        self.answers = SaidAnswers(4 * context.n_ctx)
        self._context = context
        self._name = name
        self._text = text
        self._log = log
        self._folder: Path | None = None
        self._changed = False

    def attach(self, context: Context, name: str) -> None:
        """Begin anew on another context, or under another name: other adapters are applied.

        The name tells the model, its settings and its adapters: no file is read that was made
        under another one.
        """
        self._context, self._name = context, name
        self.clear()

    def move_to(self, folder: Path | None) -> None:
        """Say whose turn it is (`None`: a conversation that is not kept); saves the last one."""
        if folder is not None and folder == self._folder:
            return
        self.save()
        self._folder = folder
        self._own = False
        self.answers.clear()
        saved = kv_store.peek(folder, self._name) if folder else None
        for ids in saved.answers if saved else ():
            self.answers.remember(self._text(ids), ids)

    def reuse(self, ids: Sequence[int], *, exactly: bool) -> int:
        """Keep what `ids` begins with, from here or from disk; how many tokens that is.

        At least the last token is left to evaluate, since its output is needed. llama.cpp's
        numbers depend a little on how a text was cut into batches. With `exactly`, as much is
        evaluated anew as makes them the same as the last time: a conversation asked again goes
        back to the start of its last batch, and a new one uses only batches that it would have
        itself.
        """
        self._read_file(ids)
        same = min(common_prefix(self.ids, ids), len(ids) - 1)
        if exactly:
            same = self._repeatable(same, len(ids))
        self._own = self._folder is not None
        if same < len(self.ids) and not self._context.keep(same):
            self._context.keep(0)  # a recurrent model cannot take back a part
            same = 0
        self._cut(same)
        return same

    def _repeatable(self, same: int, total: int) -> int:
        if self._own:
            last = [start for start, end in self._batches if start <= same < end]
            return last[0] if last and same == total - 1 else same
        usable = 0
        for start, end in self._batches:
            if start == usable and end - start == self._context.batch_size and end <= same:
                usable = end
        return usable

    def _cut(self, count: int) -> None:
        del self.ids[count:]
        self._batches = [batch for batch in self._batches if batch[1] <= count]

    def _read_file(self, ids: Sequence[int]) -> None:
        same = common_prefix(self.ids, ids)
        if self._folder is None or len(ids) - same < WORTH_A_FILE:
            return
        saved = kv_store.peek(self._folder, self._name)
        if saved is None or common_prefix(saved.tokens, ids) < same + WORTH_A_FILE:
            return
        if not kv_store.intact(self._folder, saved):
            self._log("The saved prompt of this conversation is damaged; it is evaluated anew.")
            return
        path = kv_store.file_of(self._folder, self._name)
        loaded = self._context.load(path, self._context.n_ctx)
        if loaded == saved.tokens:
            self.ids, self._batches, self._own = loaded, list(saved.batches), True
        else:
            self._log("llama.cpp refused the saved prompt of this conversation.")
            self.clear()
        self._changed = False

    def add(self, ids: Sequence[int]) -> None:
        """These were evaluated together."""
        if len(ids) > 1:
            self._batches.append((len(self.ids), len(self.ids) + len(ids)))
        self.ids += ids
        self._changed = True

    def resync(self) -> None:
        """After an abort: only what llama.cpp still holds counts."""
        self._cut(self._context.evaluated())

    def clear(self) -> None:
        """Forget everything that was evaluated."""
        self._context.keep(0)
        self._cut(0)
        self._own = self._changed = False

    def save(self) -> None:
        """Write what is new to the conversation's folder; a failure is logged and no more.

        The host deletes the folder with its conversation, which must not come back by this.
        """
        changed, self._changed = self._changed, False
        folder = self._folder
        if not changed or folder is None or len(self.ids) < WORTH_A_FILE or not folder.is_dir():
            return
        try:
            kv_store.write(
                folder,
                lambda path: self._context.save(path, self.ids),
                self._name,
                self.ids,
                self._batches,
                [list(ids) for ids in self.answers],
            )
        except OSError as error:
            self._log(f"The evaluated prompt could not be kept for the next time: {error}")


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """How many items both begin with."""
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return min(len(a), len(b))
