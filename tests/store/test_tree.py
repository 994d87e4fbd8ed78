"""The tree of a session against a model of it that is too simple to be wrong."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import DataObject, data, integers

from g4tui.core import G4tuiError, Message, Params
from g4tui.store import MessageRow, Store

FEW = settings(max_examples=12, stateful_step_count=30, deadline=None)


@dataclass
class Node:
    """A message of the model."""

    id: str
    parent: "Node | None"
    text: str
    state: str = "complete"
    children: list["Node"] = field(default_factory=list)

    def line(self) -> list["Node"]:
        return [*(self.parent.line() if self.parent else []), self]


class Tree(RuleBasedStateMachine):
    """Two sessions grow in every way there is; after each step they read like the model."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.store = Store.open(Path(self._folder.name) / "library.sqlite3")
        self.nodes: dict[str, list[Node]] = {}
        self.roots: dict[str, list[Node]] = {}
        self.heads: dict[str, Node] = {}

    @initialize()
    def two_sessions(self) -> None:
        for _ in range(2):
            session = self.store.create_session().id
            self.nodes[session], self.roots[session] = [], []

    def _grown(self, session: str, row: MessageRow, parent: Node | None) -> Node:
        node = Node(row.id, parent, row.message.text, row.state)
        (parent.children if parent else self.roots[session]).append(node)
        self.nodes[session].append(node)
        return node

    def _chosen(self, chance: DataObject, session: str) -> Node | None:
        number = chance.draw(integers(-1, len(self.nodes[session]) - 1))
        return None if number < 0 else self.nodes[session][number]

    def _session(self, number: int) -> str:
        return list(self.nodes)[number % len(self.nodes)]

    @rule(number=integers(0, 1), chance=data(), finish=integers(0, 2))
    def turn(self, number: int, chance: DataObject, finish: int) -> None:
        session = self._session(number)
        parent = self._chosen(chance, session)
        text = f"said {len(self.nodes[session])}"
        user, answer = self.store.begin_turn(
            session, parent.id if parent else None, Message("user", text), "m", Params()
        )
        assert user is not None
        node = self._grown(session, answer, self._grown(session, user, parent))
        self.heads[session] = node
        if finish:
            state = ("complete", "stopped")[finish - 1]
            self.store.finish_answer(answer.id, state, "answered")  # type: ignore[arg-type]
            node.state, node.text = state, "answered"

    @precondition(lambda self: all(self.nodes.values()))
    @rule(number=integers(0, 1), chance=data())
    def regenerate(self, number: int, chance: DataObject) -> None:
        session = self._session(number)
        parent = self._chosen(chance, session) or self.nodes[session][0]
        user, answer = self.store.begin_turn(session, parent.id, None, "m")
        assert user is None
        self.heads[session] = self._grown(session, answer, parent)

    @rule(number=integers(0, 1), chance=data(), moves=integers(0, 1))
    def add(self, number: int, chance: DataObject, moves: int) -> None:
        session = self._session(number)
        parent = self._chosen(chance, session)
        row = self.store.add_message(
            session,
            parent.id if parent else None,
            Message("assistant", "fixed"),
            moves_head=bool(moves),
        )
        node = self._grown(session, row, parent)
        if moves:
            self.heads[session] = node

    @precondition(lambda self: all(self.nodes.values()))
    @rule(number=integers(0, 1), chance=data())
    def set_head(self, number: int, chance: DataObject) -> None:
        session = self._session(number)
        node = self._chosen(chance, session) or self.nodes[session][0]
        self.store.set_head(session, node.id)
        self.heads[session] = node

    @rule(number=integers(0, 1))
    def replace_session(self, number: int) -> None:
        session = self._session(number)
        self.store.delete_session(session)
        for model in (self.nodes, self.roots, self.heads):
            model.pop(session, None)
        new = self.store.create_session().id
        self.nodes[new], self.roots[new] = [], []

    @invariant()
    def reads_like_the_model(self) -> None:
        for session, nodes in self.nodes.items():
            line = self.heads[session].line() if session in self.heads else []
            rows = self.store.path(session)
            assert [(row.id, row.message.text, row.state) for row in rows] == [
                (node.id, node.text, node.state) for node in line
            ]
            assert self.store.path_ids(session) == [node.id for node in line]
            assert [row.depth for row in rows] == list(range(1, len(line) + 1))
            assert self.store.session(session).messages == len(nodes)
            assert [row.id for row in self.store.all_messages(session)] == [n.id for n in nodes]

    @precondition(lambda self: all(self.nodes.values()))
    @rule(number=integers(0, 1), chance=data(), limit=integers(1, 4))
    def look(self, number: int, chance: DataObject, limit: int) -> None:
        session = self._session(number)
        node = self._chosen(chance, session) or self.nodes[session][0]
        line = [each.id for each in node.line()]
        store = self.store
        assert [row.id for row in store.tail(session, node.id, limit)] == line[-limit:]
        assert [row.id for row in store.before(node.id, limit)] == line[:-1][-limit:]

        together = node.parent.children if node.parent else self.roots[session]
        siblings = store.siblings(node.id)
        assert [row.id for row in siblings] == [each.id for each in together]
        assert [row.position for row in siblings] == list(range(1, len(together) + 1))
        assert {row.siblings for row in siblings} == {len(together)}
        assert store.message(node.id) in siblings

        shown = store.head_showing(node.id)
        head = next(each for each in self.nodes[session] if each.id == shown)
        ids = [each.id for each in head.line()]
        assert node.id in ids
        if session in self.heads and node in self.heads[session].line():
            assert head is self.heads[session]
        following = ids[ids.index(node.id) + 1 :]
        assert [row.id for row in store.after(node.id, limit, shown)] == following[:limit]

    def teardown(self) -> None:
        assert self.store.check() == []
        self.store.close()
        self._folder.cleanup()


TestTree = Tree.TestCase
TestTree.settings = FEW


@contextmanager
def long_session(folder: Path, length: int) -> Iterator[tuple[Store, str, list[str]]]:
    store = Store.open(folder / f"{length}.sqlite3")
    with store.batch():
        session, parent, ids = store.create_session().id, None, []
        for number in range(length):
            role = "assistant" if number % 2 else "user"
            parent = store.add_message(session, parent, Message(role, f"message {number}")).id  # type: ignore[arg-type]
            ids.append(parent)
    yield store, session, ids
    store.close()


def test_windows_of_a_long_session_fit_together(tmp_path: Path) -> None:
    with long_session(tmp_path, 2_000) as (store, session, ids):
        assert store.path_ids(session) == ids
        assert [row.id for row in store.path(session)] == ids
        chance = random.Random(7)
        for _ in range(20):
            place, limit = chance.randrange(2_000), chance.randint(1, 60)
            before = [row.id for row in store.before(ids[place], limit)]
            after = [row.id for row in store.after(ids[place], limit)]
            assert before == ids[max(0, place - limit) : place]
            assert after == ids[place + 1 : place + 1 + limit]
        some = chance.sample(ids, 700)
        assert [row.id for row in store.messages([*some, "gone"])] == some
        assert store.delete_session(session).messages == 2_000
        assert store.search("message") == []
        assert store.check() == []


def test_siblings_of_first_messages_stay_in_their_session(store: Store) -> None:
    one, two = store.create_session().id, store.create_session().id
    for session in (one, two, one):
        store.add_message(session, None, Message("user", "first"))
    assert [row.siblings for row in store.path(one)] == [2]
    assert [row.position for row in store.path(one)] == [2]
    assert [row.siblings for row in store.path(two)] == [1]


def test_after_a_message_of_another_line_there_is_nothing(store: Store) -> None:
    session = store.create_session().id
    first = store.add_message(session, None, Message("user", "one"))
    store.add_message(session, None, Message("user", "two"))
    assert store.after(first.id) == []
    assert store.before(first.id) == []
    other = store.create_session().id
    with pytest.raises(G4tuiError, match="not in this session"):
        store.path(other, first.id)


def test_a_star_stays(store: Store) -> None:
    session = store.create_session().id
    row = store.add_message(session, None, Message("user", "one"))
    assert not row.starred
    assert store.star(row.id).starred
    assert store.path(session)[0].starred
    assert store.search("one")[0].message == row.id
    assert not store.star(row.id, False).starred
