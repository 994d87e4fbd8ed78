"""Opening a model file: looked at in Python first, then loaded by ctransformers."""

from pathlib import Path

from g4tui.core import G4tuiError, Host, ModelSpec
from g4tui_ctransformers.engine import CtransformersEngine
from g4tui_ctransformers.native import Model
from g4tui_ctransformers.options import CtransformersOptions
from g4tui_ctransformers.precheck import Candidate, examine
from g4tui_ctransformers.prompts import Prompter
from g4tui_ctransformers.words import WHOLE

_BUFFERS = 100 << 20


def open_engine(
    path: Path, spec: ModelSpec, options: CtransformersOptions, host: Host
) -> CtransformersEngine:
    """Load a model. Raises `G4tuiError`: `model`, `unsupported`, `memory`, `config`, `missing`."""
    found = examine(path, spec.model, spec.context, options)
    prompter = Prompter(spec.model, found.family, options.of(spec.model))
    _check_memory(found)
    threads = options.threads or max(1, host.threads - 1)
    host.progress(0, 2)
    model = Model(path, found.type, found.context, threads, options.lib)
    host.progress(1, 2)
    if found.family not in WHOLE:
        # The buffers grow by what the first evaluation took a token: let that be one at the far
        # end, where attention is at its widest, or a long prompt would run out of them.
        model.evaluate([0], model.context - 1)
    host.progress(2, 2)
    host.log(f"{path.name}: {found.family}, prompt format {prompter.name}, {threads} threads")
    return CtransformersEngine(model, found.family, prompter, options.batch_size)


def _check_memory(found: Candidate) -> None:
    """Refuse what clearly does not fit, where the system says how much there is."""
    needed = found.weight_bytes + found.kv_bytes + _BUFFERS
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return
    fields = {line.partition(":")[0]: line.split()[1] for line in lines if ":" in line}
    free = 1024 * (int(fields.get("MemAvailable", 0)) + int(fields.get("SwapFree", 0)))
    if free and needed > free:
        raise G4tuiError(
            "memory",
            f"{found.path.name} needs more memory than there is",
            f"It needs about {needed / 1e9:.1f} GB with a context of {found.context:,}; "
            f"{free / 1e9:.1f} GB are free.",
            "Choose a smaller model or context, or close other programs.",
        )
