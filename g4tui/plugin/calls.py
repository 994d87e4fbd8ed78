"""Calling the hooks of a turn: one by one, each guarded, all of them within a limit."""

import threading
from collections.abc import Callable, Sequence

from pluggy import HookImpl

from g4tui.core import ErrorInfo, Request
from g4tui.plugin.checked import checked
from g4tui.plugin.loading import describe, disable_line
from g4tui.plugin.turns import FinishedTurn

TURN_LIMIT_S = 2.0

Complain = Callable[[str, ErrorInfo], None]


class TurnHooks:
    """Runs implementations in a daemon thread; tells `complain(plugin, error)` what went wrong.

    A plugin that hangs is not called again.
    """

    def __init__(self, complain: Complain, limit_s: float = TURN_LIMIT_S) -> None:
        self._complain = complain
        self._limit_s = limit_s
        self._hung: set[str] = set()

    def prepare(self, implementations: Sequence[HookImpl], request: Request) -> Request:
        """The request after all that came in time."""
        state = _Latest(request)

        def one(implementation: HookImpl) -> None:
            before = state.request
            answer = _call(implementation, request=before)
            if answer is not None:
                state.request = _with_messages(checked(answer, Request))

        self._run("g4tui_prepare_turn", implementations, one)
        return state.close()

    def finished(self, implementations: Sequence[HookImpl], turn: FinishedTurn) -> None:
        """Tell every implementation."""

        def one(implementation: HookImpl) -> None:
            _call(implementation, turn=turn)

        self._run("g4tui_turn_finished", implementations, one)

    def _run(
        self, hook: str, implementations: Sequence[HookImpl], one: Callable[[HookImpl], None]
    ) -> None:
        todo = [each for each in implementations if each.plugin_name not in self._hung]
        if not todo:
            return
        current: list[str] = []
        ended = threading.Event()
        gave_up = threading.Event()

        def work() -> None:
            for implementation in todo:
                current[:] = [implementation.plugin_name]
                try:
                    one(implementation)
                except BaseException as error:  # noqa: BLE001 - whatever a plugin raises stays here
                    self._tell(implementation.plugin_name, f"{hook} raised {describe(error)}.")
                if gave_up.is_set():
                    return
            ended.set()

        threading.Thread(target=work, name=hook, daemon=True).start()
        if not ended.wait(self._limit_s):
            gave_up.set()
            for name in list(current):
                self._hung.add(name)
                self._tell(name, f"{hook} was not done within {self._limit_s:g} s; it is left out.")

    def _tell(self, name: str, detail: str) -> None:
        remedy = "Update it, or switch it off: " + disable_line(name)
        self._complain(name, ErrorInfo("plugin", f"A hook of {name} failed", detail, remedy))


class _Latest:
    """The request as of now; nothing that comes after `close` counts."""

    def __init__(self, request: Request) -> None:
        self._lock = threading.Lock()
        self._request = request
        self._closed = False

    @property
    def request(self) -> Request:
        return self._request

    @request.setter
    def request(self, value: Request) -> None:
        with self._lock:
            if not self._closed:
                self._request = value

    def close(self) -> Request:
        with self._lock:
            self._closed = True
            return self._request


def _call(implementation: HookImpl, **values: object) -> object:
    function: Callable[..., object] = implementation.function
    return function(*(values[name] for name in implementation.argnames))


def _with_messages(request: Request) -> Request:
    if not request.messages:
        raise ValueError("it gave a request without messages")
    return request
