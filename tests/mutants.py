"""Small changes of the program, one at a time, that a test should notice: `make mutants`.

`MUTANTS` (50) are drawn with `MUTANTS_SEED` (1) from all small changes of the rooms whose tests
have to be tight, and made in a copy of the checkout. Each runs the tests that reach its line, as
`make coverage` noted them. Ends with 1 if fewer than four in five are noticed.
"""

import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".cache" / "coverage" / "data"
ROOMS = ("core", "engine", "store", "worker", "sanitize.py")
SHELVES = ("", "backends", "plugins", "training")
ENOUGH = 0.8
MOST_TESTS = 80
HANGS_S = 300

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A part of a file, and what stands there instead. Columns are bytes."""

    file: Path
    line: int
    column: int
    last_line: int
    end: int
    new: str

    def text(self, source: bytes) -> tuple[bytes, str]:
        """The changed file, and what was there."""
        lines = source.splitlines(keepends=True)
        before = b"".join(lines[: self.line - 1]) + lines[self.line - 1][: self.column]
        after = lines[self.last_line - 1][self.end :] + b"".join(lines[self.last_line :])
        old = source[len(before) : len(source) - len(after)]
        return before + self.new.encode() + after, old.decode()


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every small change of a file; texts, types and what only other systems run stay."""
    yield from _walk(ast.parse(file.read_bytes()), file)


def _walk(node: ast.AST, file: Path) -> Iterator[Mutant]:
    new = _instead(node)
    if new is not None and isinstance(node, ast.expr | ast.stmt):
        assert node.end_lineno is not None and node.end_col_offset is not None
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        yield Mutant(file, *place, new)
    for child in _parts(node):
        yield from _walk(child, file)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed inside of a node."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        if isinstance(node, ast.ClassDef) and name == "keywords":
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and not _is_out_of_reach(part):
                yield part


def _is_out_of_reach(node: ast.AST) -> bool:
    """Words, and what runs on another system or for a type checker alone."""
    if isinstance(node, ast.If):
        return any(name in ast.unparse(node.test) for name in ("platform", "TYPE_CHECKING"))
    return isinstance(node, ast.JoinedStr)


def _instead(node: ast.AST) -> str | None:
    """A small change of the node itself, if there is one."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in COMPARISONS:
            return f"({ast.unparse(ast.Compare(left, [COMPARISONS[type(op)]()], [right]))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            return f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not(), operand):
            return f"({ast.unparse(operand)})"
        case ast.BinOp(left, op, right) if type(op) in SUMS and not _is_text(left, right):
            return f"({ast.unparse(ast.BinOp(left, SUMS[type(op)](), right))})"
        case ast.Constant(bool(value)):
            return str(not value)
        case ast.Constant(int(value) | float(value)):
            return str(value + 1)
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            return "return None"
        case ast.Expr(ast.Call() | ast.Await()) | ast.AugAssign():
            return "pass"
        case ast.Break():
            return "continue"
        case ast.Continue():
            return "break"
        case ast.IfExp(test, body, orelse):
            return f"({ast.unparse(ast.IfExp(test, orelse, body))})"
    return None


def _is_text(*nodes: ast.expr) -> bool:
    """Whether a sum is one of words."""
    return any(
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for node in nodes
    )


def tests_of(data: CoverageData, mutant: Mutant) -> list[str]:
    """The tests that reach its lines, those of its own room first; else all of the room."""
    contexts = data.contexts_by_lineno(str(mutant.file))
    lines = range(mutant.line, mutant.last_line + 1)
    reached = {test for line in lines for test in contexts.get(line, ()) if test}
    room = mutant.file.relative_to(ROOT / "g4tui").parts[0].removesuffix(".py")
    own = {test for test in reached if f"/{room}/" in test or f"test_{room}" in test}
    chosen = sorted(own or reached)
    if len(chosen) > MOST_TESTS:
        chosen = sorted(random.Random(str(mutant)).sample(chosen, MOST_TESTS))
    return chosen or [f"tests/{room}"]


class Copy:
    """The checkout once more, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=-1, check=True).stdout
        for name in filter(None, listed.decode().split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        (folder / ".cache").mkdir()
        (folder / ".cache" / "home").symlink_to(ROOT / ".cache" / "home")
        path = os.pathsep.join(str(folder / shelf) for shelf in SHELVES)
        self._environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def notices(self, mutant: Mutant, tests: list[str]) -> bool:
        """Whether a test fails, or hangs."""
        file = self.folder / mutant.file.relative_to(ROOT)
        sound = file.read_bytes()
        file.write_bytes(mutant.text(sound)[0])
        try:
            return self.run(tests) != 0
        finally:
            file.write_bytes(sound)

    def run(self, tests: list[str]) -> int:
        """The exit code of pytest."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        process = subprocess.Popen(
            command, cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(HANGS_S)
        except subprocess.TimeoutExpired:
            return 1
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def rooms() -> Iterator[Path]:
    """The files of all rooms."""
    for room in ROOMS:
        place = ROOT / "g4tui" / room
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def main() -> int:
    """Draw, try, tell."""
    count = int(os.environ.get("MUTANTS", "50"))
    seed = int(os.environ.get("MUTANTS_SEED", "1"))
    possible = [mutant for file in rooms() for mutant in mutants_of(file)]
    data = CoverageData(str(DATA))
    data.read()
    noticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        for mutant in random.Random(seed).sample(possible, count):
            tests = tests_of(data, mutant)
            began = time.monotonic()
            seen = copy.notices(mutant, tests)
            noticed += seen
            told = f"{'noticed' if seen else 'SURVIVED':8} {time.monotonic() - began:4.0f} s"
            old = mutant.text(mutant.file.read_bytes())[1]
            change = f"{' '.join(old.split())} -> {mutant.new}"
            place = f"{mutant.file.relative_to(ROOT)}:{mutant.line}"
            print(f"{told} {len(tests):3} tests  {place}: {change}", flush=True)
    print(f"{noticed} of {count} were noticed; {len(possible)} were possible, seed {seed}")
    return int(noticed < ENOUGH * count)


if __name__ == "__main__":
    sys.exit(main())
