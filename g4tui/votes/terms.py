"""Whose terms reach what a model wrote, in spite of any licence."""

from collections.abc import Callable
from functools import cache

from g4tui.core import G4tuiError, ModelSpec, parse_model

OPENAI_HOST = "api.openai.com"
OPENAI = "openai"


def terms_by_host(destination: Callable[[ModelSpec], str]) -> Callable[[str], str]:
    """Tells it by the host that a model's id leads to: `openai` for OpenAI's own, else nothing.

    `destination` gives the host and may raise `G4tuiError`: of a backend that is not installed any
    more nobody knows it, and what is called `openai` then counts as OpenAI's.
    """

    @cache
    def terms(model: str) -> str:
        if ":" not in model:  # a person wrote it, or nobody knows who did
            return ""
        spec = parse_model(model)
        try:
            host = destination(spec)
        except G4tuiError:
            host = OPENAI_HOST if spec.backend == OPENAI and not spec.server else ""
        return OPENAI if host.partition(":")[0] == OPENAI_HOST else ""

    return terms
