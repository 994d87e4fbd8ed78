"""How the child is started: its command line and its environment."""

import os
import sys
from collections.abc import Mapping

from g4tui.core import G4tuiError

ALLOWED = (
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TMP TEMP "
    "XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR "
    "LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH "
    "PYTHONPATH PYTHONHOME PYTHONNOUSERSITE PYTHONUSERBASE PYTHONPYCACHEPREFIX "
    "PYTHONDONTWRITEBYTECODE VIRTUAL_ENV "
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA PROGRAMDATA USERPROFILE "
    "NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE "
    "CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER CUDA_HOME CUDA_PATH CUDA_CACHE_PATH "
    "HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HSA_OVERRIDE_GFX_VERSION ROCM_PATH "
    "NVIDIA_VISIBLE_DEVICES VK_ICD_FILENAMES VK_DRIVER_FILES ONEAPI_DEVICE_SELECTOR "
)
PREFIXES = ("LC_", "GGML_", "OMP_", "KMP_", "GOMP_", "OPENBLAS_", "MKL_")
SECRET_ENDINGS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIALS")


def command(lifeline: int | None) -> list[str]:
    """`-P`: a file in the working directory must not pass for a module of ours."""
    if not sys.executable:
        raise G4tuiError(
            "missing",
            "There is no Python to start a worker with",
            "This program does not know the path of its own interpreter.",
            "Install g4tui into an ordinary virtual environment.",
        )
    tail = [] if lifeline is None else [str(lifeline)]
    return [sys.executable, "-P", "-m", "g4tui.worker", *tail]


def environment(
    extra: Mapping[str, str] = {}, source: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What a native library may need, and `extra`; nothing that is named like a secret."""
    kept = {key: value for key, value in source.items() if _allowed(key.upper())}
    kept.update(extra)
    return {key: value for key, value in kept.items() if not key.upper().endswith(SECRET_ENDINGS)}


def module_environment() -> dict[str, str]:
    """For a backend given as a module: what this process can import, the child can."""
    return {"PYTHONPATH": os.pathsep.join(folder for folder in sys.path if folder)}


def _allowed(name: str) -> bool:
    return name in ALLOWED.split() or name.startswith(PREFIXES)
