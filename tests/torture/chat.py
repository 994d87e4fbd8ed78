"""A person at the chat, in a real terminal."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from support.terminal import Terminal
from torture import oracle
from torture.library import Saved
from torture.world import PROGRAM, STUDENT, Model, World, until

SIZES = ((80, 24), (100, 30), (120, 40), (200, 60), (60, 20))
ROOMY = 30
"""Rows on which a panel is seen whole."""


class Chat:
    """Types, waits, and notes what the library acknowledged."""

    def __init__(self, world: World, terminal: Terminal, model: Model, rows: int) -> None:
        self.world = world
        self.terminal = terminal
        self.model = model
        self.rows = rows

    @property
    def pid(self) -> int:
        """The program's process."""
        return self.terminal.process.pid

    def ask(self, count: int) -> str:
        """Ask for so many words; the question's mark, once the question is saved."""
        mark = self.world.mark()
        self.terminal.type(self.model.question(count, mark))
        self.terminal.press("enter")
        self.until(lambda: self.world.library.question(mark), f"the question {mark} is saved")
        return mark

    def hears(self, mark: str, characters: int = 20) -> None:
        """Wait until so much of the answer is saved."""
        self.until(
            lambda: any(len(row.text) >= characters for row in self.world.library.answers(mark)),
            f"the answer to {mark} has begun",
        )
        self.world.ledger.saw(self.world.library.rows())

    def ended(self, mark: str, seconds: float = 60.0) -> Saved:
        """The answer, once it has ended."""
        answers = self.world.library.answers
        self.until(
            lambda: any(row.is_over for row in answers(mark)), f"{mark} is answered", seconds
        )
        return answers(mark)[-1]

    def works(self, since: float) -> None:
        """A short question is answered whole: that ends the recovery from what was at `since`."""
        answer = self.ended(self.ask(3))
        if answer.state != "complete" or (self.model.scripted and answer.text != "w0 w1 w2 "):
            self.world.wrong(f"the next question was not answered: {answer}\n{self.seen}")
        self.world.recovered(since)

    def sees_failure(self, answer: Saved) -> None:
        """The panel of a failed answer is on the screen."""
        if answer.error is None:
            self.world.wrong(f"no failure where one is due: {answer}")
        elif self.rows >= ROOMY:
            words = " ".join(answer.error["title"].split()[:3])
            remedy = " ".join(answer.error["remedy"].split()[:2])
            self.terminal.wait_for(words, remedy, seconds=20)

    @property
    def seen(self) -> str:
        """The screen."""
        return self.terminal.text()

    def until(self, condition, what: str, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
        """As `world.until`, and shows the screen where it does not come about."""
        try:
            until(condition, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{self.seen}") from None

    def quit(self, seconds: float = 30.0) -> None:
        """Ctrl+Q, and all is as it should be."""
        self.terminal.press("ctrl+q")
        status = self.terminal.wait_exit(seconds)
        if status != 0:
            self.world.wrong(f"it ended with {status}; the screen:\n{self.seen}")

    def kill(self) -> float:
        """kill -9; when."""
        self.world.ledger.saw(self.world.library.rows())
        at = time.monotonic()
        self.terminal.process.kill()
        self.terminal.wait_exit()
        return at


@contextmanager
def chatting(
    world: World,
    model: Model = STUDENT,
    *,
    session: str = "",
    ready: str = "Ask something",
    environment: Mapping[str, str] = {},
) -> Iterator[Chat]:
    """The program in a terminal of a random size; left by Ctrl+Q unless it has ended by then.

    Unless it was killed, the terminal must be as it was.
    """
    columns, rows = world.chance.choice(SIZES)
    wanted = ["--session", session] if session else ["--model", model.id]
    with Terminal(
        [PROGRAM, *wanted],
        environment={**world.environment, **environment},
        columns=columns,
        rows=rows,
    ) as terminal:
        before = terminal.line()
        chat = Chat(world, terminal, model, rows)
        try:
            terminal.wait_for(ready)
            yield chat
            if terminal.process.poll() is None:
                chat.quit()
            if terminal.process.returncode != -9:
                world.terminals += 1
                raw = bytes(terminal.raw)
                world.wrong(*oracle.terminal_left(raw, before, terminal.line()))
        finally:
            world.said("the chat", bytes(terminal.raw))
