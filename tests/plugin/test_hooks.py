"""The hooks of a turn: each guarded, all within a limit, and documented."""

import inspect
import re
import threading
from types import SimpleNamespace

import msgspec
import pytest

from g4tui.core import Message, Request
from g4tui.plugin import FinishedTurn, Plugins, hookimpl, hookspecs, load_plugins
from g4tui.plugin.calls import TurnHooks
from g4tui.plugin.sources import Source

REQUEST = Request((Message("user", "hello"),))
HOOKS = [name for name in vars(hookspecs) if name.startswith("g4tui_")]


def said(text: str) -> Request:
    return Request((Message("user", text),))


def plugins_with(**prepare: object) -> Plugins:
    """Loaded plugins with that `g4tui_prepare_turn` each; the first is called first."""
    objects = {
        name: SimpleNamespace(G4TUI_API=1, g4tui_prepare_turn=hookimpl(function))
        for name, function in reversed(prepare.items())
    }
    plugins = load_plugins(extra=objects, environ={})
    plugins.load_all()
    return plugins


def told(plugins: Plugins, name: str) -> str:
    return next(str(each.error) for each in plugins.reports() if each.name == name)


def test_each_plugin_gets_what_the_one_before_made() -> None:
    plugins = plugins_with(
        first=lambda request: said(request.messages[-1].text + " one"),
        nothing=lambda request: None,
        second=lambda request: said(request.messages[-1].text + " two"),
        no_arguments=lambda: None,
    )
    assert plugins.prepare_turn(REQUEST) == said("hello one two")


@pytest.mark.parametrize(
    "bad",
    [
        lambda request: 1 / 0,
        lambda request: exec("raise SystemExit"),
        lambda request: "not a request",
        lambda request: Request(()),
        lambda request: Request(({"role": "user"},)),  # type: ignore[arg-type]
        lambda request: msgspec.structs.replace(request, params=None),
    ],
)
def test_what_a_bad_one_does_is_left_out_and_reported(bad: object) -> None:
    plugins = plugins_with(bad=bad, good=lambda request: said(request.messages[-1].text + "!"))
    assert plugins.prepare_turn(REQUEST) == said("hello!")
    assert "g4tui_prepare_turn raised" in told(plugins, "bad")
    assert told(plugins, "good") == "None"


def test_a_hanging_one_is_left_out_and_not_called_again() -> None:
    calls: list[str] = []
    never = threading.Event()

    def hang(request: Request) -> Request:
        calls.append("hang")
        never.wait(60)
        return said("too late")

    implementations = plugins_with(
        quick=lambda request: said("quick"), hang=hang
    )._manager.hook.g4tui_prepare_turn.get_hookimpls()[::-1]
    complaints: list[str] = []
    hooks = TurnHooks(lambda name, error: complaints.append(f"{name}: {error}"), limit_s=0.3)
    assert hooks.prepare(implementations, REQUEST) == said("quick")
    assert "hang: " in complaints[0]
    assert "not done within 0.3 s" in complaints[0]
    assert hooks.prepare(implementations, REQUEST) == said("quick")
    assert calls == ["hang"]
    never.set()


def test_a_finished_turn_reaches_every_plugin_whatever_the_others_do() -> None:
    heard: list[FinishedTurn] = []

    def hear(turn: FinishedTurn) -> None:
        heard.append(turn)

    def bad(turn: FinishedTurn) -> None:
        raise ValueError("no")

    objects = {
        "ear": SimpleNamespace(G4TUI_API=1, g4tui_turn_finished=hookimpl(hear)),
        "bad": SimpleNamespace(G4TUI_API=1, g4tui_turn_finished=hookimpl(bad)),
    }
    plugins = load_plugins(extra=objects, environ={})
    plugins.load_all()
    turn = FinishedTurn("a:b", REQUEST, Message("assistant", "hi"), "stop")
    plugins.turn_finished(turn)
    assert heard == [turn]
    assert "ValueError: no" in told(plugins, "bad")


def test_without_hooks_no_thread_is_started() -> None:
    plugins = load_plugins(environ={})
    before = threading.active_count()
    assert plugins.prepare_turn(REQUEST) is REQUEST
    assert threading.active_count() == before


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_what_it_is_and_since_when(hook: str) -> None:
    documentation = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert re.search(r"^\.\. versionadded:: \d+\.\d+\.\d+$", documentation, re.MULTILINE)
    assert len(documentation.split("\n\n")[0]) > 40
    signature = inspect.signature(getattr(hookspecs, hook))
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(each.annotation is not each.empty for each in signature.parameters.values())


def test_a_turn_waits_for_plugins_that_are_on_their_way_in() -> None:
    """Only for those of others; each that failed is told once."""
    ready = threading.Event()
    said_wrong: list[str] = []

    def load_late() -> object:
        assert ready.wait(5)
        return SimpleNamespace(G4TUI_API=1, g4tui_prepare_turn=hookimpl(lambda request: said("!")))

    def fail() -> object:
        raise RuntimeError("no luck")

    sources = [
        Source("late", "", "other", "1", load_late),
        Source("bad", "", "other", "1", fail),
        Source("ours", "", "g4tui", "1", fail),
    ]
    plugins = Plugins(sources, log=said_wrong.append)
    plugins.begin_to_load_others()
    threading.Timer(0.05, ready.set).start()
    assert plugins.prepare_turn(REQUEST) == said("!")
    assert plugins.prepare_turn(REQUEST) == said("!")
    assert len(said_wrong) == 1 and "The plugin bad does not work" in said_wrong[0]
    assert {report.name for report in plugins.reports()} == {"late", "bad"}
