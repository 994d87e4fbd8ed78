"""The learning rate of each step, a function of the step alone."""

from math import ceil, cos, pi

from g4tui_training.recipe import Train


def learning_rate(step: int, steps: int, settings: Train) -> float:
    """For step `step` (from 0) of `steps`: linear warm-up, then as the schedule says."""
    warm = ceil(settings.warmup * steps) if settings.warmup < 1 else round(settings.warmup)
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    match settings.schedule:
        case "constant":
            share = 1.0
        case "linear":
            share = 1.0 - done
        case "cosine":
            share = (1.0 + cos(pi * done)) / 2
    return settings.learning_rate * share
