"""What one process of `clean` does: `python -m g4tui_training.clean.worker NAME`."""

import os
import sys
from typing import BinaryIO

import msgspec

from g4tui.core import ErrorInfo, G4tuiError
from g4tui_training.clean.jobs import (
    Done,
    Job,
    MatchJob,
    Plan,
    ReadJob,
    SortJob,
    VerifyJob,
    WriteJob,
)
from g4tui_training.clean.matching import Matcher, Verifier
from g4tui_training.clean.output import Writer
from g4tui_training.clean.reading import Reader
from g4tui_training.clean.sorting import Sorter


class Hands:
    """Does jobs of one plan, of any kind; each kind's tools are made when first needed."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan = plan
        self._name = name
        self._reader: Reader | None = None
        self._sorter: Sorter | None = None
        self._verifier: Verifier | None = None
        self._writer: Writer | None = None

    def do(self, job: Job) -> Done:
        """Do one job."""
        match job:
            case ReadJob():
                self._reader = self._reader or Reader(self._plan, self._name)
                return self._reader.run(job)
            case SortJob():
                self._sorter = self._sorter or Sorter(self._plan, self._name)
                return self._sorter.run(job)
            case MatchJob():
                return Matcher(self._plan, self._name).run(job)
            case VerifyJob():
                self._verifier = self._verifier or Verifier(self._plan)
                return self._verifier.run(job)
            case WriteJob():
                self._writer = self._writer or Writer(self._plan)
                return self._writer.run(job)


def serve(name: str, requests: BinaryIO, replies: BinaryIO) -> None:
    """Do jobs until the requests end. An error is an answer."""
    plan = msgspec.json.decode(requests.readline(), type=Plan)
    hands = Hands(plan, name)
    for line in iter(requests.readline, b""):
        try:
            done = hands.do(msgspec.json.decode(line, type=Job))
            reply: dict[str, object] = {"done": done}
        except G4tuiError as error:
            reply = {"error": error.info}
        except MemoryError:
            reply = {"error": ErrorInfo("memory", "There is not enough memory")}
        except Exception as error:  # noqa: BLE001 - the parent tells it
            what = f"{type(error).__name__}: {error}"
            reply = {"error": ErrorInfo("internal", "A process of clean failed", what)}
        replies.write(msgspec.json.encode(reply) + b"\n")
        replies.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(sys.argv[1], sys.stdin.buffer, answers)
