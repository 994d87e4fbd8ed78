"""One home, its programs, its teachers and its students; and what must hold of them all."""

import json
import os
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from support import disks
from support import fault_server as fs
from support.command_line import CommandLine, Result
from support.distributions import make_distribution
from support.teacher import SECRET
from torture import oracle, servers, student
from torture.library import Ledger, Library
from torture.watch import Watch

TESTS = Path(__file__).parent.parent
PROGRAM = Path(sys.executable).with_name("g4tui")
DISK = "256m"
GONE_S = 20.0
"""A worker whose program was killed has so long to end by itself."""

SHOWN = 5
"""Of the sessions that a fault touched so many are shown by the program."""

_MARK = re.compile(r"q\d+x\d+e")
_CONFIG = """
[chat]
model = "student:any"
params.max_tokens = 300

[cache]
max_bytes = 8000000

[backends.openai]
models = ["gpt-none"]
find_local = false
limits = {{connect_s = 2.0, first_token_s = 5.0, idle_s = 2.0, retry_base_s = 0.01}}

[backends.openai.servers.teacher]
base_url = "{teacher}"
models = ["parrot"]

[backends.openai.servers.other]
base_url = "{other}"
models = ["parrot"]
key_env = "TORTURE_KEY"
"""


class SkippedError(Exception):
    """A fault that cannot be made here, and why."""


class Model(NamedTuple):
    """Who is asked. `scripted`: its answers are known beforehand."""

    id: str
    scripted: bool = True

    def question(self, count: int, mark: str) -> str:
        """To be answered with so many words, or thereabouts."""
        if self.scripted:
            return f"paced {count} {mark}"
        what = "Explain at great length how a steam engine works." if count > 50 else "Say hello."
        return f"{what} ({mark})"


STUDENT = Model("student:any")
TEACHER = Model("openai@teacher:parrot")
OTHER = Model("openai@other:parrot")


class World:
    """Everything that a fault may use. `wrong` takes what is found to be broken.

    `recoveries`: seconds from a fault until all was well again.
    """

    def __init__(
        self, folder: Path, seed: int, model: Path | None, log: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.log = log
        self.chance = random.Random(seed)
        self.home, self.site = folder / "home", folder / "site"
        self.real = Model(f"llama-cpp:{model}", False) if model is not None else None
        canaries = [f"sk-canary-{name}-{seed}-{os.getpid()}" for name in ("environment", "named")]
        self.environment = {
            "G4TUI_HOME": str(self.home),
            "HOME": str(folder / "person"),
            "TMPDIR": str(folder / "tmp"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{self.site}:{TESTS}",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "OPENAI_API_KEY": canaries[0],
            "TORTURE_KEY": canaries[1],
        }
        self.command = CommandLine(self.environment, folder)
        secrets = [each.encode() for each in (*canaries, SECRET)]
        self.secrets = oracle.Secrets(secrets, self.home / "config" / "keys.json")
        self.watch = Watch(str(folder / "person"), secrets)
        self.library = Library(self.home / "data" / "library.sqlite3")
        self.ledger = Ledger()
        self.violations: list[str] = []
        self.recoveries: list[float] = []
        self.terminals = 0
        self.failures = 0
        self.files = (0, 0, 0, 0)
        """Damaged model files: refused, loaded, failed, crashed in their worker."""
        self.small_disk = ""
        """Why there is none, if there is none."""
        self.teacher: fs.FaultServer
        self.other: fs.FaultServer
        self._number = 0

    def wrong(self, *what: str) -> None:
        """Note violations."""
        self.violations += what
        for each in what:
            self.log(f"  VIOLATION {each}")

    def recovered(self, since: float) -> None:
        """All is well again after what happened at `since` (monotonic)."""
        self.recoveries.append(time.monotonic() - since)

    def mark(self) -> str:
        """A word that is nowhere else."""
        self._number += 1
        return f"q{self.seed}x{self._number}e"

    def any_model(self) -> Model:
        """One of those that there are; the real one now and then, since it is slow."""
        real = [self.real] if self.real is not None else []
        return self.chance.choice([STUDENT, STUDENT, STUDENT, TEACHER, TEACHER, OTHER, *real])

    def well(self) -> None:
        """Both servers behave."""
        self.teacher.handlers = [servers.teller]
        self.other.handlers = [servers.teller]

    def totals(self) -> dict[str, object]:
        """What was looked at."""
        kinds = zip(("refused", "loaded", "failed", "crashed"), self.files, strict=True)
        return {
            "messages acknowledged": len(self.ledger.known) + len(self.ledger.told),
            "terminals looked at": self.terminals,
            "failures looked at": self.failures,
            "workers looked into": len(self.watch.workers),
            "files looked through for keys": self.secrets.files,
            "bytes of output looked through for keys": self.secrets.bytes_said,
            "damaged files": ", ".join(f"{count} {kind}" for kind, count in kinds),
        }

    # commands

    def run(self, *arguments: str, input: str = "") -> Result:
        """A command of the program to its end."""
        result = self.command(*arguments, input=input)
        self.said(" ".join(arguments[:2]), result.out.encode() + result.err.encode())
        return result

    def said(self, where: str, output: bytes) -> None:
        """Look through what a program wrote."""
        self.wrong(*self.secrets.in_said(output, f"what {where} wrote"))
        if b"Traceback (most" in output:
            told = output[output.index(b"Traceback (most") :]
            self.wrong(f"a traceback from {where}: {told[-1500:].decode(errors='replace')}")

    def failed(self, error: object) -> None:
        """A failure that was shown: does it tell everything?"""
        self.failures += 1
        self.wrong(*oracle.error_told(error if isinstance(error, dict) else None))

    # what must hold

    def settle(self) -> None:
        """After each fault, when every program has ended."""
        for process in self.watch.left_over(GONE_S):
            self.wrong(f"an orphan: {process}")
        self.wrong(*self.watch.leaks)
        self.watch.leaks.clear()
        before = set(self.ledger.known)
        shown = self.run("sessions", "list", "--json")  # opens it: what streamed is interrupted now
        if shown.code != 0:
            self.wrong(f"the library does not open: {shown}")
        rows = self.library.rows()
        self.wrong(*self.ledger.lost(rows), *self.library.broken())
        self.wrong(*(f"still streaming: {row}"[:300] for row in rows if not row.is_over))
        for row in rows:
            if row.id not in before and row.error is not None:
                self.failed(row.error)
        self.ledger.saw(rows)
        self._check_requests({row.text for row in rows if row.role == "user"})
        new = sorted({row.session for row in rows if row.id not in before})
        for session in self.chance.sample(new, min(len(new), SHOWN)):
            self._check_shown(session)
        self.wrong(*self.secrets.in_files(self.home, self.folder / "tmp", self.folder / "person"))

    def _check_requests(self, questions: set[str]) -> None:
        """What reached a teacher was saved before."""
        marks = set(_MARK.findall(" ".join(questions)))
        for server in (self.teacher, self.other):
            for connection in server.chats:
                unsaved = set(_MARK.findall(servers.asked(connection))) - marks
                self.wrong(*(f"sent and not saved: {mark}" for mark in unsaved))
            server.seen.clear()

    def _check_shown(self, session: str) -> None:
        """The program tells of a session what is in the file."""
        result = self.run("sessions", "show", session, "--json")
        if result.code != 0:
            self.wrong(f"session {session} cannot be shown: {result}")
            return
        shown = {each["id"]: each for each in json.loads(result.out)["messages"]}
        for row in self.library.rows():
            if row.session == session and row.id not in shown:
                self.wrong(f"not shown: {row}"[:300])
            elif row.session == session:
                told = shown[row.id]
                if (told["text"], told["state"]) != (row.text, row.state):
                    self.wrong(f"shown otherwise: {row} {told}"[:600])


@contextmanager
def opened_world(
    folder: Path, seed: int, model: Path | None, log: Callable[[str], None]
) -> Iterator[World]:
    """A fresh world in `folder`; its programs and its disk are gone afterwards."""
    world = World(folder, seed, model, log)
    for name in ("home", "site", "tmp", "person"):
        (folder / name).mkdir(parents=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(disks.small_disk(world.home, DISK))
        except (OSError, disks.subprocess.CalledProcessError) as error:
            world.small_disk = f"no small disk can be mounted: {error}"
        world.teacher = stack.enter_context(fs.FaultServer(servers.teller))
        world.other = stack.enter_context(fs.FaultServer(servers.teller))
        (world.home / "config").mkdir()
        (world.home / "config" / "config.toml").write_text(
            _CONFIG.format(teacher=world.teacher.base_url, other=world.other.base_url)
        )
        make_distribution(world.site, "student", student.PLUGIN)
        world.watch.start()
        stack.callback(world.watch.stop)
        stack.callback(world.watch.left_over, 0.0)
        kept = world.run("keys", "set", "openai@teacher", input=SECRET)
        assert kept.code == 0, kept
        yield world


def until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Look every few milliseconds until it holds. Raises `AssertionError`."""
    never = threading.Event()
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come about: {what}"
        never.wait(0.02)


def pause(chance: random.Random, most: float) -> None:
    """Nothing, for a random while: the fault comes whenever it comes."""
    time.sleep(chance.uniform(0.0, most))
