"""The conformance suite: what every backend must do, as tests that its author inherits.

    from g4tui.testing.conformance import BackendConformance, Subject

    class TestMyBackend(BackendConformance):
        @pytest.fixture
        def backend_under_test(self) -> Subject:
            return Subject(MyBackend(), parse_model("my-backend:some-model"))

Native engines run in a real worker process, network engines on an event loop. Needs pytest and
nothing else (`pip install g4tui[testing]`).
"""

import pytest

# So that a failing check shows its values, as in a test's own file.
for _module in ("checks", "imports", "suite", "trying"):
    pytest.register_assert_rewrite(f"g4tui.testing.{_module}")

from g4tui.testing.checks import check_error, check_order, check_usage  # noqa: E402 - see above
from g4tui.testing.subject import Subject  # noqa: E402
from g4tui.testing.suite import BackendConformance  # noqa: E402

__all__ = ["BackendConformance", "Subject", "check_error", "check_order", "check_usage"]
