"""Files on the Hugging Face Hub: found by huggingface_hub, downloaded by us."""

from importlib.util import find_spec

from g4tui.core import G4tuiError
from g4tui.models.download import Download
from g4tui.models.sources import HubSource, check_url

INSTALL = 'pip install "g4tui[hub]"'


def find_on_hub(source: HubSource) -> Download:
    """Where the file is, its size and (for big files) its sha256.

    Raises `G4tuiError`: `missing` without huggingface_hub or such a file, `auth`, `network`.
    """
    if find_spec("huggingface_hub") is None:
        raise G4tuiError(
            "missing",
            "Pulling from the Hugging Face Hub needs huggingface_hub",
            f"{source.repo}/{source.file} is there.",
            f"{INSTALL}, or download the file yourself and pull its path.",
        )
    import huggingface_hub
    from huggingface_hub import errors
    from huggingface_hub.utils import build_hf_headers

    url: str = huggingface_hub.hf_hub_url(
        source.repo, source.file, revision=source.revision or None
    )
    check_url(url)
    where = f"{source.repo}/{source.file}"
    try:
        found = huggingface_hub.get_hf_file_metadata(url)
    except errors.GatedRepoError as error:
        raise G4tuiError(
            "auth",
            "The model's makers ask for consent first",
            f"{where} is gated.",
            f"Agree at https://huggingface.co/{source.repo} and log in: hf auth login",
        ) from error
    except (errors.EntryNotFoundError, errors.RepositoryNotFoundError) as error:
        raise G4tuiError(
            "missing", "The file is not on the hub", f"There is no {where}.", "Check its name."
        ) from error
    except Exception as error:
        raise G4tuiError(
            "network",
            "The Hugging Face Hub cannot be reached",
            f"{type(error).__name__}: {error}",
            "Check the connection, or download the file yourself and pull its path.",
        ) from error
    digest = (found.etag or "").lower()
    sha256 = digest if len(digest) == 64 and set(digest) <= set("0123456789abcdef") else ""
    headers: dict[str, str] = build_hf_headers()
    return Download(url, sha256, found.size, headers)
