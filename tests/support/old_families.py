"""One tiny GGML file of each old family, of random weights."""

from support.model_files import Shape, ggml, gpt_words

WORDS = gpt_words()
TEXTS = [word.decode("latin-1").encode() for word in WORDS]


def _neox(e: int, words: int) -> dict[str, Shape]:
    block = "gpt_neox.layers.0."
    return {
        "gpt_neox.embed_in.weight": (e, words),
        "gpt_neox.final_layer_norm.weight": (e,),
        "gpt_neox.final_layer_norm.bias": (e,),
        "embed_out.weight": (e, words),
        f"{block}input_layernorm.weight": (e,),
        f"{block}input_layernorm.bias": (e,),
        f"{block}attention.query_key_value.weight": (e, 3 * e),
        f"{block}attention.query_key_value.bias": (3 * e,),
        f"{block}attention.dense.weight": (e, e),
        f"{block}attention.dense.bias": (e,),
        f"{block}post_attention_layernorm.weight": (e,),
        f"{block}post_attention_layernorm.bias": (e,),
        f"{block}mlp.dense_h_to_4h.weight": (e, 4 * e),
        f"{block}mlp.dense_h_to_4h.bias": (4 * e,),
        f"{block}mlp.dense_4h_to_h.weight": (4 * e, e),
        f"{block}mlp.dense_4h_to_h.bias": (e,),
    }


def _gptj(e: int, words: int) -> dict[str, Shape]:
    block = "transformer.h.0."
    return {
        "transformer.wte.weight": (e, words),
        "transformer.ln_f.weight": (e,),
        "transformer.ln_f.bias": (e,),
        "lm_head.weight": (e, words),
        "lm_head.bias": (words,),
        f"{block}ln_1.weight": (e,),
        f"{block}ln_1.bias": (e,),
        **{f"{block}attn.{name}_proj.weight": (e, e) for name in ("q", "k", "v", "out")},
        f"{block}mlp.fc_in.weight": (e, 4 * e),
        f"{block}mlp.fc_in.bias": (4 * e,),
        f"{block}mlp.fc_out.weight": (4 * e, e),
        f"{block}mlp.fc_out.bias": (e,),
    }


def _mpt(e: int, words: int) -> dict[str, Shape]:
    block = "transformer.blocks.0."
    return {
        "transformer.wte.weight": (e, words),
        "transformer.norm_f.weight": (e,),
        f"{block}norm_1.weight": (e,),
        f"{block}attn.Wqkv.weight": (e, 3 * e),
        f"{block}attn.out_proj.weight": (e, e),
        f"{block}norm_2.weight": (e,),
        f"{block}ffn.up_proj.weight": (e, 4 * e),
        f"{block}ffn.down_proj.weight": (4 * e, e),
    }


def tiny_family(family: str) -> bytes:
    """A file of this family: 8 wide, one layer, a context of 64."""
    e, context, heads = 8, 64, 2
    n = len(WORDS)
    gpt = (n, context, e, heads, 1)
    match family:
        case "gptj":
            return ggml((*gpt, 4, 0), WORDS, _gptj(e, n))
        case "gptneox":
            return ggml((*gpt, 4, 1, 0), WORDS, _neox(e, n), repeat_count=False)
        case "dolly-v2":
            words = [*WORDS, b"### End"]
            numbers = (n + 1, context, e, heads, 1, 4, 1, 0)
            return ggml(numbers, words, _neox(e, n + 1), repeat_count=False)
        case "mpt":
            numbers = (e, context, heads, 1, n, 8.0, 0.0, 0)
            return ggml(numbers, TEXTS, _mpt(e, n), repeat_count=False)
        case "replit":
            numbers = (e, context, heads, 1, n, 0)
            return ggml(numbers, WORDS, _mpt(e, n), repeat_count=False, scores=True)
        case "falcon":
            shapes: dict[str, Shape] = {"transformer.word_embeddings.weight": (e, n)}
            return ggml(
                (n, e, heads, 1, 1, 7, 0), WORDS, shapes, repeat_count=False, scores=True,
                magic=b"tjgg", version=3,
            )  # fmt: skip
    raise AssertionError(family)
