"""`python -m g4tui_training.export.kquant SOURCE TARGET`: Q4_K_M by llama.cpp's own quantiser.

A process of its own, because native code may end the process that it runs in.
"""

import os
import sys


def main(source: str, target: str) -> int:
    """Quantise; the exit code."""
    import llama_cpp.llama_cpp as lib

    params = lib.llama_model_quantize_default_params()
    params.ftype = lib.LLAMA_FTYPE_MOSTLY_Q4_K_M
    params.nthread = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return int(lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), params))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
