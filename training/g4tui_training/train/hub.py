"""Models of the Hugging Face hub by their ids: small files of them, in the hub's own cache."""

import re
from pathlib import Path

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
ADAPTER = "adapter_config.json"


def is_id(name: str) -> bool:
    """Whether it may be an id of the hub, `owner/name`."""
    return bool(_ID.fullmatch(name)) and not name.endswith(".gguf")


def hub_file(model: str, name: str) -> Path | None:
    """A file of a model, downloaded unless it is here; its folder is called as the commit is.

    `None` where there is no such file or it cannot be had: transformers, which is asked for the
    model next, tells why.
    """
    from huggingface_hub import errors, hf_hub_download

    try:
        return Path(hf_hub_download(model, name))
    except (errors.EntryNotFoundError, errors.RepositoryNotFoundError, errors.OfflineModeIsEnabled):
        return None


def adapter_folder(model: str) -> Path | None:
    """The folder of a model that is a LoRA adapter, downloaded; `None`: it is none."""
    from huggingface_hub import snapshot_download

    if hub_file(model, ADAPTER) is None:
        return None
    return Path(snapshot_download(model, allow_patterns=["adapter_*"]))
