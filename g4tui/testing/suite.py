"""The tests of the conformance suite."""

import asyncio
import statistics
from contextlib import aclosing
from pathlib import Path

import pytest

from g4tui.core import (
    Cancel,
    Failed,
    Finished,
    Message,
    Params,
    ReasoningDelta,
    Request,
    TextDelta,
    parse_model,
)
from g4tui.testing.checks import check_error, check_order, check_usage
from g4tui.testing.imports import measure
from g4tui.testing.subject import Answer, Opened, Subject, ask
from g4tui.testing.trying import (
    answer_of,
    error_of,
    long_params,
    request_of,
    stop_seconds,
    with_model,
)

CANCEL_S = 0.1
IMPORT_S = 0.02
MODELS_S = 1.0


class BackendConformance:
    """Inherit, and give the fixture `backend_under_test`; `pytest` does the rest."""

    @pytest.fixture
    def backend_under_test(self) -> Subject:
        """The backend, with a model to try it on."""
        raise NotImplementedError("give the fixture backend_under_test, which returns a Subject")

    def test_the_plugin_is_light(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """Importing it and listing its models is quick and brings in nothing heavy."""
        costs = [measure(backend_under_test, tmp_path / str(each)) for each in range(3)]
        cost = min(costs, key=lambda each: each.import_s)
        assert cost.api == 1, "the plugin's module must say G4TUI_API = 1"
        assert cost.after_import == [], f"importing the plugin imports {cost.after_import}"
        assert cost.after_models == [], f"models() imports {cost.after_models}"
        assert cost.import_s < IMPORT_S, f"importing the plugin takes {cost.import_s:.3f} s"
        quickest = min(each.models_s for each in costs)
        assert quickest < MODELS_S, f"models() takes {quickest:.2f} s"

    def test_models_are_listed_well(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """Each listed name can be typed back, and what is not ready says why and what helps."""
        backend = backend_under_test.backend
        host = backend_under_test.host(tmp_path)
        for info in backend.models(host, backend_under_test.settings):
            spec = parse_model(info.id)
            assert spec.backend == backend.name == info.backend, info
            assert spec.id == info.id, info
            assert info.title, info
            assert info.ready or (info.detail and info.remedy), info
            where = backend.destination(spec, backend_under_test.settings)
            assert info.local == (not where), f"{info.id} goes to {where!r}, local={info.local}"

    def test_events_come_in_order(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """Progress, pieces, one count, one end."""
        answer = answer_of(backend_under_test, tmp_path)
        check_order(answer.events)
        assert isinstance(answer.end, Finished), answer.end
        assert answer.end.reason in ("stop", "length")
        assert answer.text + answer.thinking, "there was no word in the answer"

    def test_usage_adds_up(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """The count fits the request and the answer, or says that it is an estimate."""
        short, long = request_of(backend_under_test), request_of(backend_under_test, times=3)

        async def use(model: Opened) -> list[tuple[Answer, int]]:
            pairs = []
            for request in (short, short, long):
                pairs.append(
                    (await ask(model, request), await model.count_tokens(request.messages))
                )
            return pairs

        (first, counted), (again, _), (more, _) = with_model(backend_under_test, tmp_path, use)
        for answer in (first, again, more):
            check_usage(answer, short.params)
        assert again.usage.prompt == first.usage.prompt, "the same prompt has two lengths"
        assert more.usage.prompt > first.usage.prompt, "a longer prompt has no more tokens"
        assert first.usage.estimated or counted >= first.usage.prompt, (
            f"count_tokens says {counted}, but the prompt had {first.usage.prompt} tokens"
        )

    def test_an_answer_is_limited(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """`max_tokens` ends it, and the end says so."""
        params = backend_under_test.params.merged(Params(max_tokens=3))
        request = request_of(backend_under_test, backend_under_test.longest_prompt, params)
        answer = with_model(backend_under_test, tmp_path, lambda model: ask(model, request))
        assert answer.end == Finished("length"), answer.end
        assert answer.usage.estimated or answer.usage.completion == 3, answer.usage

    def test_characters_stay_whole(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """No piece holds half a character, whatever the script."""
        text = "Repeat: 日本語のテキスト 🎈 👩‍👩‍👧 naïve Ω ไทย"
        request = request_of(backend_under_test, text)
        answer = with_model(backend_under_test, tmp_path, lambda model: ask(model, request))
        check_order(answer.events)
        assert isinstance(answer.end, Finished), answer.end
        for event in answer.events:
            if isinstance(event, TextDelta | ReasoningDelta):
                event.text.encode()

    def test_any_text_is_taken(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """Empty messages, control characters and control tokens are text like any other."""
        texts = ["", " ", "\0\x1b[31m\u202e", "<|im_start|>system <s> [INST] </s> <|endoftext|>"]

        async def use(model: Opened) -> list[Answer]:
            return [await ask(model, request_of(backend_under_test, text)) for text in texts]

        for answer in with_model(backend_under_test, tmp_path, use):
            check_order(answer.events)
            assert isinstance(answer.end, Finished), answer.end

    def test_stop_strings_never_leak(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """An answer ends before its stop string, of which nothing is ever shown."""
        subject = backend_under_test

        async def use(model: Opened) -> tuple[str, str, Answer]:
            free = (await ask(model, request_of(subject))).text
            assert len(free) > 4, f"the answer {free!r} is too short to stop in: change `prompt`"
            middle = len(free) // 2
            stop = free[middle : middle + 4]
            params = subject.params.merged(Params(stop=("never-said", stop)))
            stopped = await ask(model, request_of(subject, params=params))
            return free, stop, stopped

        free, stop, stopped = with_model(subject, tmp_path, use)
        assert stop not in stopped.text
        if free.startswith(stopped.text):
            assert stopped.text == free[: free.find(stop)], "a part of the stop string was shown"
            assert stopped.end == Finished("stop")

    def test_too_long_a_request_fails(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """With kind `context`, nothing cut in silence, and the next request works."""
        subject = backend_under_test

        async def use(model: Opened) -> tuple[Answer, Answer]:
            request = request_of(subject, "word and word " * model.context)
            return await ask(model, request), await ask(model, request_of(subject))

        failed, after = with_model(subject, tmp_path, use)
        assert isinstance(failed.end, Failed), f"it ended with {failed.end!r}"
        assert failed.end.error.kind == "context", failed.end.error
        check_error(failed.end.error)
        assert failed.text == ""
        assert isinstance(after.end, Finished), after.end

    def test_a_stop_is_heeded_at_once(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """After a stop the stream ends within 100 ms as `cancelled`, and the next request works."""
        subject = backend_under_test
        if subject.long_prompt is None:
            pytest.skip("no answer of this backend is long enough to be stopped")

        async def use(model: Opened) -> tuple[list[float], Answer]:
            medians: list[float] = []
            for _ in range(3):  # a busy machine gets another try
                medians.append(
                    statistics.median([await stop_seconds(model, subject) for _ in range(5)])
                )
                if medians[-1] < CANCEL_S:
                    break
            return medians, await ask(model, request_of(subject))

        medians, after = with_model(subject, tmp_path, use)
        assert min(medians) < CANCEL_S, f"the median time to stop was {min(medians):.3f} s"
        assert isinstance(after.end, Finished), after.end
        assert after.text + after.thinking

    def test_a_stop_before_the_start(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """A request that was stopped before it began says nothing."""
        cancel = Cancel()
        cancel.request()
        request = request_of(backend_under_test)
        answer = with_model(backend_under_test, tmp_path, lambda model: ask(model, request, cancel))
        assert answer.end == Finished("cancelled")
        assert answer.text == ""

    def test_a_stream_may_be_left(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """Whoever stops reading leaves an engine that answers the next request."""
        subject = backend_under_test

        async def use(model: Opened) -> Answer:
            request = request_of(subject, subject.longest_prompt, long_params(subject))
            async with aclosing(model.generate(request, Cancel())) as events:
                async for event in events:
                    if isinstance(event, TextDelta | ReasoningDelta):
                        break
            return await ask(model, request_of(subject))

        assert isinstance(with_model(subject, tmp_path, use).end, Finished)

    def test_two_requests_in_a_row(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """A conversation goes on."""
        subject = backend_under_test

        async def use(model: Opened) -> tuple[Answer, Answer]:
            first = await ask(model, request_of(subject))
            history = (
                Message("system", "You are brief."),
                Message("user", subject.prompt),
                Message("assistant", first.text),
                Message("user", subject.prompt),
            )
            params = request_of(subject).params
            return first, await ask(model, Request(history, params, cache_key="conformance"))

        first, second = with_model(subject, tmp_path, use)
        check_order(second.events)
        assert isinstance(second.end, Finished), second.end
        assert second.usage.prompt > first.usage.prompt

    def test_close_and_reopen(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """A closed model can be opened again."""
        answers = [answer_of(backend_under_test, tmp_path) for _ in range(2)]
        assert all(isinstance(answer.end, Finished) for answer in answers)

    def test_errors_help(self, backend_under_test: Subject, tmp_path: Path) -> None:
        """A model that is not there gives an error with title, detail and remedy."""
        error = asyncio.run(error_of(backend_under_test, tmp_path))
        assert error.kind not in ("internal", "crashed"), error
        check_error(error)
