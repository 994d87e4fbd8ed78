"""Plugins come in one by one; a bad one is reported and harms nobody."""

import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from g4tui.core import Backend, G4tuiError, NoOptions
from g4tui.plugin import PluginReport, Plugins, hookimpl, load_plugins
from g4tui.plugin.loading import Loading
from g4tui.plugin.sources import Source
from support.distributions import ECHO_BACKEND, EXITS, RAISES, WRONG_API, make_distribution


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, whose modules are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder  # type: ignore[misc]
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def report(plugins: Plugins, name: str) -> PluginReport:
    return next(each for each in plugins.reports() if each.name == name)


def plugin(**hooks: object) -> SimpleNamespace:
    return SimpleNamespace(G4TUI_API=1, **{name: hookimpl(hook) for name, hook in hooks.items()})


class Quiet(Backend[NoOptions]):
    name = "quiet"
    options = NoOptions

    def models(self, host, options):  # type: ignore[no-untyped-def]
        return []

    def open(self, spec, options, host):  # type: ignore[no-untyped-def]
        raise NotImplementedError


def test_ours_are_found_by_their_entry_points() -> None:
    plugins = load_plugins(environ={})
    assert {"llama-cpp", "openai", "ctransformers"} <= set(plugins.backend_names())
    assert plugins.backends() == []
    assert plugins.backend("openai").name == "openai"
    assert [backend.name for backend in plugins.backends()] == ["openai"]


def test_one_backend_loads_that_entry_point_alone(site: Path) -> None:
    make_distribution(site, "echo", ECHO_BACKEND)
    make_distribution(site, "bad-one", RAISES)
    plugins = load_plugins(environ={})
    assert plugins.backend("echo").name == "echo"
    assert "bad_one" not in sys.modules
    echo = report(plugins, "echo")
    assert (echo.status, echo.version, echo.distribution) == ("ok", "1.0", "echo")
    assert echo.provides == ("backend:echo",)
    assert echo.import_ms is not None
    assert echo.import_ms > 0
    assert [each.name for each in plugins.reports()] == ["echo"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (RAISES, ["RuntimeError: no luck at import", "g4tui plugins disable bad"]),
        (WRONG_API, ["API 99", "has API 1", "Update g4tui"]),
        (EXITS, ["SystemExit: 3"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt"]),
        ("x = 1", ["does not state its G4TUI_API"]),
        ("G4TUI_API = '1'", ["made for API '1'"]),
        ("def broken(:", ["SyntaxError"]),
        ("import no_such_module_at_all", ["needs no_such_module_at_all", "pip install"]),
        (
            "from g4tui.plugin import hookimpl\nG4TUI_API = 1\n@hookimpl\n"
            "def g4tui_prepare_trun(request): ...",
            ["no hook g4tui_prepare_trun", "g4tui_prepare_turn"],
        ),
        (
            "from g4tui.plugin import hookimpl\nG4TUI_API = 1\n@hookimpl\n"
            "def g4tui_prepare_turn(request, nonsense): ...",
            ["nonsense"],
        ),
        (
            "from g4tui.plugin import hookimpl\nG4TUI_API = 1\n@hookimpl(wrapper=True)\n"
            "def g4tui_prepare_turn(request):\n    return (yield)",
            ["wrapper"],
        ),
        (
            "from g4tui.plugin import hookimpl\nG4TUI_API = 1\n@hookimpl\n"
            "def g4tui_register_backends(): return [object()]",
            ["a hook gave 'object' where a Backend belongs"],
        ),
    ],
)
def test_a_bad_plugin_is_told_and_the_others_come_in(
    site: Path, source: str, words: list[str]
) -> None:
    make_distribution(site, "bad", source)
    make_distribution(site, "echo", ECHO_BACKEND)
    plugins = load_plugins(environ={})
    plugins.load_all()
    bad = report(plugins, "bad")
    assert bad.status == "failed"
    assert all(word in str(bad.error) for word in words), str(bad.error)
    assert report(plugins, "echo").status == "ok"
    with pytest.raises(G4tuiError) as caught:
        plugins.backend("bad")
    assert caught.value.info == bad.error


def test_a_missing_extra_names_the_pip_line(site: Path) -> None:
    extras = {"bad": ["no-such-module-at-all"]}
    make_distribution(site, "bad", "import no_such_module_at_all", extras=extras)
    plugins = load_plugins(environ={})
    with pytest.raises(G4tuiError) as caught:
        plugins.backend("bad")
    assert caught.value.info.kind == "missing"
    assert 'pip install "bad[bad]"' in caught.value.info.remedy


def test_a_hanging_import_is_given_up_and_stays_failed() -> None:
    go_on = threading.Event()

    def load() -> object:
        go_on.wait(30)
        return plugin()

    loading = Loading(Source("slow", "", "", "", load), limit_s=0.2)
    result, registered = loading.wait()
    assert registered is None
    assert result.status == "failed"
    assert "still importing" in str(result.error)
    go_on.set()
    deadline = time.monotonic() + 10
    while any(thread.name == "g4tui plugin slow" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    assert loading.wait() == (result, None)


def test_several_hanging_imports_share_the_wait_and_do_not_hold_up_the_rest() -> None:
    never = threading.Event()
    sources = [Source(f"slow{n}", "", "", "", lambda: never.wait(60) and None) for n in range(4)]
    plugins = Plugins([*sources, Source("quiet", "", "", "", _quiet)])
    everything = threading.Thread(target=plugins.load_all, daemon=True)
    begun = time.monotonic()
    everything.start()
    assert plugins.backend("quiet").name == "quiet"
    assert everything.is_alive(), "the good one had to wait for the hanging ones"
    everything.join(30)
    waited = time.monotonic() - begun
    never.set()
    assert waited < 4 * 5, "the hanging ones were waited for one after another"
    assert [report(plugins, f"slow{n}").status for n in range(4)] == ["failed"] * 4


def _quiet() -> object:
    return plugin(g4tui_register_backends=lambda: [Quiet()])


def test_the_same_name_twice_is_reported_and_the_first_one_serves(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_distribution(site, "echo-b", "raise RuntimeError", entry="echo")
    front = tmp_path / "front"
    make_distribution(front, "echo-a", ECHO_BACKEND, entry="echo")
    monkeypatch.syspath_prepend(front)
    plugins = load_plugins(environ={})
    assert plugins.backend("echo").name == "echo"
    good, late = (each for each in plugins.reports() if each.name == "echo")
    assert {good.status, late.status} == {"ok", "failed"}
    told = next(each for each in (good, late) if each.status == "failed")
    assert told.distribution == "echo-b"
    assert "same name" in str(told.error)
    assert "pip uninstall echo-b" in str(told.error)


def test_a_backend_must_have_its_entry_points_name() -> None:
    plugins = load_plugins(extra={"loud": _quiet()}, environ={})
    with pytest.raises(G4tuiError, match="'quiet', but its entry point 'loud'"):
        plugins.backend("loud")


def test_an_unknown_backend_is_told_with_the_nearest() -> None:
    plugins = load_plugins(environ={})
    with pytest.raises(G4tuiError) as caught:
        plugins.backend("lama-cpp")
    assert caught.value.info.kind == "usage"
    assert "Did you mean llama-cpp?" in str(caught.value)
    assert "g4tui plugins" in caught.value.info.remedy


@pytest.mark.parametrize("way", ["settings", "environment", "no-plugins"])
def test_a_plugin_that_is_switched_off_is_not_imported(site: Path, way: str) -> None:
    make_distribution(site, "echo", ECHO_BACKEND)
    plugins = load_plugins(
        disabled=["echo"] if way == "settings" else [],
        environ={"G4TUI_DISABLED_PLUGINS": "other, echo"} if way == "environment" else {},
        enabled=way != "no-plugins",
    )
    plugins.load_all()
    assert "echo" not in sys.modules
    assert "echo" not in plugins.backend_names()
    assert report(plugins, "echo").status == "disabled"
    assert report(plugins, "openai").status == "ok", "ours stay"
    with pytest.raises(G4tuiError) as caught:
        plugins.backend("echo")
    way_out = "without --no-plugins" if way == "no-plugins" else "g4tui plugins enable echo"
    assert way_out in caught.value.info.remedy


def test_the_same_plugins_asked_from_many_threads_load_once(site: Path) -> None:
    source = "import builtins\nbuiltins.g4tui_loads = getattr(builtins, 'g4tui_loads', 0) + 1\n"
    make_distribution(site, "echo", source + ECHO_BACKEND)
    plugins = load_plugins(environ={})
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(plugins.backend("echo"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    import builtins

    assert builtins.__dict__.pop("g4tui_loads") == 1
    assert len(found) == 8
    assert len({id(each) for each in found}) == 1


def test_a_hook_that_is_not_marked_is_named() -> None:
    def g4tui_turn_finished(turn: object) -> None:
        """Meant as a hook."""

    forgetful = SimpleNamespace(G4TUI_API=1, g4tui_turn_finished=g4tui_turn_finished)
    plugins = load_plugins(extra={"forgetful": forgetful})
    plugins.load_all()
    (report,) = (each for each in plugins.reports() if each.name == "forgetful")
    assert report.status == "failed"
    assert report.error is not None
    assert "@hookimpl above g4tui_turn_finished" in report.error.remedy
