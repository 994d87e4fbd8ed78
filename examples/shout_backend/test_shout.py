"""Run with: pip install 'g4tui[testing]' && python -m pytest"""

from datetime import date

import pytest
from shout_backend import ShoutBackend, g4tui_prepare_turn

from g4tui.core import Message, Request, parse_model
from g4tui.testing.conformance import BackendConformance, Subject


class TestShout(BackendConformance):
    @pytest.fixture
    def backend_under_test(self) -> Subject:
        long = "a long story " * 40
        return Subject(ShoutBackend(), parse_model("shout:loud"), long_prompt=long)


def test_the_date_is_filled_in() -> None:
    request = Request((Message("user", "It is {today}"),))
    assert g4tui_prepare_turn(request).messages[0].text == f"It is {date.today().isoformat()}"
