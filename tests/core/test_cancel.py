"""Asking for a stop: once, from anywhere, and never too late to hear of it."""

import threading

from g4tui.core import Cancel


def test_everybody_who_waits_hears_of_it_once() -> None:
    cancel, heard = Cancel(), []
    cancel.on_request(lambda: heard.append("a"))
    cancel.on_request(lambda: heard.append("b"))
    assert not cancel.requested
    assert heard == []
    cancel.request()
    cancel.request()
    assert cancel.requested
    assert heard == ["a", "b"]


def test_who_comes_late_hears_of_it_at_once() -> None:
    cancel, heard = Cancel(), []
    cancel.request()
    cancel.on_request(lambda: heard.append("late"))
    assert heard == ["late"]
    cancel.request()
    assert heard == ["late"]


def test_a_callback_may_ask_and_wait_itself() -> None:
    cancel, heard = Cancel(), []

    def callback() -> None:
        cancel.request()
        cancel.on_request(lambda: heard.append("inner"))

    cancel.on_request(callback)
    cancel.request()
    assert heard == ["inner"]


def test_of_many_threads_that_ask_one_calls_back() -> None:
    cancel, heard = Cancel(), []
    cancel.on_request(lambda: heard.append(threading.get_ident()))
    threads = [threading.Thread(target=cancel.request) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 1
