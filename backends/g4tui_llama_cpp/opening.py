"""Opening a model file: looked at in Python first, then loaded by llama.cpp."""

from pathlib import Path

from g4tui.core import G4tuiError, Host, ModelSpec
from g4tui.formats import GgufHeader, check_gguf
from g4tui_llama_cpp import native
from g4tui_llama_cpp.engine import LlamaCppEngine
from g4tui_llama_cpp.footprint import check_memory, needed_bytes
from g4tui_llama_cpp.loaded import Loaded, Settings
from g4tui_llama_cpp.options import LlamaCppOptions
from g4tui_llama_cpp.template import FORMATS, ChatTemplate

CPU_BATCH, GPU_BATCH = 128, 512
_STEPS = 1000


def open_engine(
    path: Path, spec: ModelSpec, options: LlamaCppOptions, host: Host
) -> LlamaCppEngine:
    """Load a model. Raises `G4tuiError` of kind `model`, `memory` or `usage`."""
    header = check_gguf(path)
    if options.kv_type != "f16" and options.flash_attention is False:
        raise G4tuiError(
            "config",
            f"kv_type {options.kv_type} needs flash attention",
            "[backends.llama-cpp] has flash_attention = false.",
            "Remove one of the two settings.",
        )
    context = _context_size(header, spec, options)
    layers = options.gpu_layers
    on_gpu = native.has_gpu() and layers != 0
    gpu_layers = (-1 if on_gpu else 0) if layers == "auto" else layers
    batch_size = options.batch_size or (GPU_BATCH if on_gpu else CPU_BATCH)
    if not on_gpu:
        check_memory(needed_bytes(header, context, options.kv_type, batch_size), path.name)
    model = native.Model(path, gpu_layers, lambda done: host.progress(int(done * _STEPS), _STEPS))
    if not model.handle:
        raise G4tuiError(
            "model",
            f"llama.cpp cannot load {path.name}",
            "; ".join(model.errors[-2:]) or "It gave no reason.",
            "Pull the file again, or choose another model.",
        )
    try:
        if not model.can_chat:
            raise G4tuiError(
                "unsupported",
                f"{path.name} is not a model that chats",
                f"Models of the kind {header.architecture} do not write on from a text.",
                "Choose another model.",
            )
        template = _template(model, options, host)
        settings = Settings(
            n_ctx=context,
            batch_size=batch_size,
            threads=options.threads or host.threads,
            kv_type=options.kv_type,
            flash_attention=options.flash_attention,
        )
        loaded = Loaded(model, path, header.architecture, settings, host.log)
    except BaseException:
        model.close()
        raise
    return LlamaCppEngine(
        loaded,
        template,
        host,
        context=min(context, loaded.context.n_ctx),
        keep_conversations=options.kv_cache,
        default_adapters=spec.adapters,
    )


def _context_size(header: GgufHeader, spec: ModelSpec, options: LlamaCppOptions) -> int:
    trained = header.context
    if spec.context is None:
        return min(options.context, trained) if trained else options.context
    if spec.context < 1 or (trained and spec.context > trained):
        raise G4tuiError(
            "usage",
            f"A context of {spec.context:,} tokens is not possible",
            f"This model was trained for {trained:,}; beyond that it writes nonsense.",
            f"Ask for 1 to {trained} tokens: --set context={trained}",
        )
    return spec.context


def _template(model: native.Model, options: LlamaCppOptions, host: Host) -> ChatTemplate:
    bos = model.piece(model.bos, special=True).decode("utf-8", "replace") if model.bos else ""
    eos = model.piece(model.eos, special=True).decode("utf-8", "replace") if model.eos else ""
    name: str = options.chat_template
    source = model.chat_template() if name == "auto" else None
    if source is None:
        if name == "auto":
            # A vocabulary that has the marks of ChatML was trained with them.
            chatml = len(model.tokenize("<|im_start|>", special=True)) == 1
            name = "chatml" if chatml else "plain"
            host.log(f"The model has no chat template; the format {name} is used.")
        source = FORMATS[name]
    return ChatTemplate(source, name, bos, eos)
