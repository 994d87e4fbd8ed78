"""How each family of the older GGML files is laid out, and which tensors it must hold."""

from collections.abc import Callable, Mapping

import msgspec

Shapes = dict[str, tuple[int, ...]]
Numbers = Mapping[str, int]


class Family(msgspec.Struct, frozen=True):
    """One layout of a header.

    `fields` are 32-bit numbers in file order (`n_*` counts, `f:` floats). `repeats_vocabulary`: the
    vocabulary's length stands once more before it. `scores`: a float follows each word. `shapes`
    tells the tensors that the family must hold, `optional` those it may. `mark`: a word that tells
    this family from another one of the same layout. `utf8`: its words are texts, not bytes.
    """

    name: str
    fields: tuple[str, ...]
    repeats_vocabulary: bool = False
    scores: bool = False
    shapes: Callable[[Numbers], Shapes] | None = None
    optional: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    mark: bytes = b""
    utf8: bool = False


def _layers(numbers: Numbers, prefix: str, layer: Shapes) -> Shapes:
    return {
        f"{prefix}{index}{name}": shape
        for index in range(numbers["n_layer"])
        for name, shape in layer.items()
    }


def _gpt2(numbers: Numbers) -> Shapes:
    e, vocabulary = numbers["n_embd"], numbers["n_vocab"]
    layer: Shapes = {
        "/ln_1/g": (e,),
        "/ln_1/b": (e,),
        "/ln_2/g": (e,),
        "/ln_2/b": (e,),
        "/attn/c_attn/w": (e, 3 * e),
        "/attn/c_attn/b": (3 * e,),
        "/attn/c_proj/w": (e, e),
        "/attn/c_proj/b": (e,),
        "/mlp/c_fc/w": (e, 4 * e),
        "/mlp/c_fc/b": (4 * e,),
        "/mlp/c_proj/w": (4 * e, e),
        "/mlp/c_proj/b": (e,),
    }
    return {
        "model/ln_f/g": (e,),
        "model/ln_f/b": (e,),
        "model/wte": (e, vocabulary),
        "model/wpe": (e, numbers["n_ctx"]),
        "model/lm_head": (e, vocabulary),
        **_layers(numbers, "model/h", layer),
    }


def _gptj(numbers: Numbers) -> Shapes:
    e, vocabulary = numbers["n_embd"], numbers["n_vocab"]
    layer: Shapes = {
        ".ln_1.weight": (e,),
        ".ln_1.bias": (e,),
        ".attn.q_proj.weight": (e, e),
        ".attn.k_proj.weight": (e, e),
        ".attn.v_proj.weight": (e, e),
        ".attn.out_proj.weight": (e, e),
        ".mlp.fc_in.weight": (e, 4 * e),
        ".mlp.fc_in.bias": (4 * e,),
        ".mlp.fc_out.weight": (4 * e, e),
        ".mlp.fc_out.bias": (e,),
    }
    return {
        "transformer.wte.weight": (e, vocabulary),
        "transformer.ln_f.weight": (e,),
        "transformer.ln_f.bias": (e,),
        "lm_head.weight": (e, vocabulary),
        "lm_head.bias": (vocabulary,),
        **_layers(numbers, "transformer.h.", layer),
    }


def _neox(numbers: Numbers) -> Shapes:
    e, vocabulary = numbers["n_embd"], numbers["n_vocab"]
    layer: Shapes = {
        ".input_layernorm.weight": (e,),
        ".input_layernorm.bias": (e,),
        ".attention.query_key_value.weight": (e, 3 * e),
        ".attention.query_key_value.bias": (3 * e,),
        ".attention.dense.weight": (e, e),
        ".attention.dense.bias": (e,),
        ".post_attention_layernorm.weight": (e,),
        ".post_attention_layernorm.bias": (e,),
        ".mlp.dense_h_to_4h.weight": (e, 4 * e),
        ".mlp.dense_h_to_4h.bias": (4 * e,),
        ".mlp.dense_4h_to_h.weight": (4 * e, e),
        ".mlp.dense_4h_to_h.bias": (e,),
    }
    return {
        "gpt_neox.embed_in.weight": (e, vocabulary),
        "gpt_neox.final_layer_norm.weight": (e,),
        "gpt_neox.final_layer_norm.bias": (e,),
        "embed_out.weight": (e, vocabulary),
        **_layers(numbers, "gpt_neox.layers.", layer),
    }


def _mpt(numbers: Numbers) -> Shapes:
    e = numbers["n_embd"]
    layer: Shapes = {
        ".norm_1.weight": (e,),
        ".attn.Wqkv.weight": (e, 3 * e),
        ".attn.out_proj.weight": (e, e),
        ".norm_2.weight": (e,),
        ".ffn.up_proj.weight": (e, 4 * e),
        ".ffn.down_proj.weight": (4 * e, e),
    }
    return {
        "transformer.wte.weight": (e, numbers["n_vocab"]),
        "transformer.norm_f.weight": (e,),
        **_layers(numbers, "transformer.blocks.", layer),
    }


def _llama(numbers: Numbers) -> Shapes:
    e, multiple = numbers["n_embd"], numbers["n_mult"]
    wide = -(-(2 * 4 * e // 3) // multiple) * multiple
    layer: Shapes = {
        ".attention_norm.weight": (e,),
        ".attention.wq.weight": (e, e),
        ".attention.wk.weight": (e, e),
        ".attention.wv.weight": (e, e),
        ".attention.wo.weight": (e, e),
        ".ffn_norm.weight": (e,),
        ".feed_forward.w1.weight": (e, wide),
        ".feed_forward.w2.weight": (wide, e),
        ".feed_forward.w3.weight": (e, wide),
    }
    return {
        "tok_embeddings.weight": (e, numbers["n_vocab"]),
        "norm.weight": (e,),
        "output.weight": (e, numbers["n_vocab"]),
        **_layers(numbers, "layers.", layer),
    }


_GPT = ("n_vocab", "n_ctx", "n_embd", "n_head", "n_layer")
_LM_HEAD = frozenset({"model/lm_head"})

# Files that begin with `ggml` do not say what they are. Sources: the loaders in ggml's examples of
# 2023 (gpt-2, gpt-j, gpt-neox, dolly-v2, mpt, replit, starcoder).
UNNAMED = (
    Family("starcoder", (*_GPT, "ftype"), True, False, _gpt2, _LM_HEAD, mark=b"<fim"),
    Family("gpt2", (*_GPT, "ftype"), True, False, _gpt2, _LM_HEAD),
    Family("gptj", (*_GPT, "n_rot", "ftype"), True, False, _gptj),
    Family("dolly-v2", (*_GPT, "n_rot", "par_res", "ftype"), shapes=_neox, mark=b"### End"),
    Family("gptneox", (*_GPT, "n_rot", "par_res", "ftype"), shapes=_neox),
    Family(
        "mpt",
        ("n_embd", "n_ctx", "n_head", "n_layer", "n_vocab", "f:alibi", "f:clip", "ftype"),
        shapes=_mpt,
        utf8=True,
    ),
    Family(
        "replit",
        ("n_embd", "n_ctx", "n_head", "n_layer", "n_vocab", "ftype"),
        scores=True,
        shapes=_mpt,
    ),
    Family(
        "llama",
        ("n_vocab", "n_embd", "n_mult", "n_head", "n_layer", "n_rot", "ftype"),
        shapes=_llama,
    ),
)

# Files with a version are of one of these.
VERSIONED = (
    Family(
        "llama",
        ("n_vocab", "n_embd", "n_mult", "n_head", "n_layer", "n_rot", "ftype"),
        scores=True,
        prefixes=("tok_embeddings.", "norm.", "output.", "layers.", "rope."),
    ),
    Family(
        "falcon",
        ("n_vocab", "n_embd", "n_head", "n_head_kv", "n_layer", "falcon_type", "ftype"),
        scores=True,
        prefixes=("transformer.", "lm_head."),
    ),
)
