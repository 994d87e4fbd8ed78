"""Data sets of the Hugging Face hub: their files, downloaded once into the hub's own cache."""

from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

from g4tui.core import G4tuiError
from g4tui_training.recipe import Source

INSTALL = 'pip install "g4tui[hub]"'
_READABLE = (".parquet", ".jsonl", ".jsonl.gz", ".json", ".csv", ".tsv")


def dataset_files(source: Source) -> list[Path]:
    """The files of `source.dataset` that match `source.files`, on this machine, sorted.

    Raises `G4tuiError`: `missing` (no huggingface_hub, no such set or file), `auth`, `network`.
    """
    if find_spec("huggingface_hub") is None:
        raise G4tuiError(
            "missing",
            "Data sets of the hub need huggingface_hub",
            f"The source {source.name} is {source.dataset}.",
            INSTALL,
        )
    import huggingface_hub
    from huggingface_hub import errors

    revision = source.revision or None
    try:
        names: list[str] = huggingface_hub.list_repo_files(
            source.dataset, repo_type="dataset", revision=revision
        )
        wanted = _wanted(source, names)
        return [
            Path(
                huggingface_hub.hf_hub_download(
                    source.dataset, name, repo_type="dataset", revision=revision
                )
            )
            for name in wanted
        ]
    except errors.GatedRepoError as error:
        raise G4tuiError(
            "auth",
            f"The makers of {source.dataset} ask for consent first",
            "The data set is gated.",
            f"Agree at https://huggingface.co/datasets/{source.dataset}; then: hf auth login",
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise G4tuiError(
            "missing",
            f"There is no data set {source.dataset}",
            f"The hub knows no such data set, or no revision {source.revision or 'main'} of it.",
            f"Correct the source {source.name}.",
        ) from error
    except G4tuiError:
        raise
    except Exception as error:
        raise G4tuiError(
            "network",
            "The Hugging Face hub cannot be reached",
            f"{type(error).__name__}: {error}",
            "Check the connection, or download the files and give their path.",
        ) from error


def _wanted(source: Source, names: list[str]) -> list[str]:
    readable = [name for name in names if name.lower().endswith(_READABLE)]
    if source.files:
        found = [name for name in names if fnmatch(name, source.files)]
    else:
        found = [name for name in readable if "train" in name.lower()] or readable
    if not found:
        raise G4tuiError(
            "missing",
            f"{source.dataset} has no file for the source {source.name}",
            f"Nothing matches {source.files or 'what can be read'}. It has: "
            + ", ".join(sorted(names)[:8]),
            "Say which in the source's files.",
        )
    return sorted(found)
