#!/usr/bin/env python3
"""Makes tests/vectors: tiny random MusicGen checkpoints and what transformers computes from them.

    pip install -r tools/requirements.txt
    python tools/make-vectors.py [FOLDER]

Each fixture is a folder as save_pretrained writes it, with ref.safetensors (the tensors of every stage)
and ref.json (texts, sizes, the smallest gap between best and second best along the greedy paths). The
references are computed in f32 on the CPU with eager attention from the weights as stored: those of the
F16 and BF16 fixtures from the rounded weights. tests/vectors/README.md says what each fixture is for.
"""

import json
import os
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, MusicgenForConditionalGeneration

import tiny_musicgen as tiny

# Of F16 and BF16 only the ends of the stages: mono has the rest.
ENDS = ("t5.ids", "t5.out", "cond", "lm.ids", "lm.logits", "gen.", "dec.7.codes", "dec.7.wav")
GAP_MIN = 1e-2  # best minus second best logit along every greedy path: rounding cannot swap them
SEEDS_MAX = 200
WEIGHT_G, WEIGHT_V = "parametrizations.weight.original0", "parametrizations.weight.original1"

WORDS = """piano guitar bass drums strings rain soft loud warm slow fast felt brass hook ambient rock jazz
techno lofi over with and the of on 80s 90s 120 bpm""".split()
SUBWORDS = ["ing", "er", "ed", "ly", "th", "st", "an", "in", "or", "ar"]
PROMPT = "soft rain over felt piano, 80s drums"
PROMPTS = [
    PROMPT,
    "Brass Hook",  # capitals are not in the vocabulary: unknown
    "  fast \t techno \n",
    "caf\u00e9 \ufb01re \uff54\uff45\uff43\uff48\uff4e\uff4f\u2026",
    "<unk>the</s> end",
    "120bpm",
]
LONG_PROMPT = "slow ambient strings and warm rain on the 90s jazz bass, " * 15  # beyond the last bucket's 128

# The shape all fixtures start from: 1000 Hz and ratios 5, 4 keep 50 frames a second with an odd stride.
TEXT = dict(vocab_size=99, d_model=24, d_kv=8, d_ff=40, num_layers=2, num_heads=3)
CODEC = dict(sampling_rate=1000, upsampling_ratios=[5, 4], target_bandwidths=[2.2], hidden_size=12, num_filters=4,
             codebook_size=64)
# max_position_embeddings: as many as transformers needs for the references; the engine may go beyond the stored table.
DECODER = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=24)


def fixture(about, *, text=(), codec=(), decoder=(), stereo=False, spelling="parametrizations", style="split",
            edit=None, frames=16):
    return dict(about=about, text={**TEXT, **dict(text)}, codec={**CODEC, **dict(codec)},
                decoder={**DECODER, **dict(decoder)}, stereo=stereo, spelling=spelling, style=style, edit=edit,
                frames=frames)


def embed_tokens_spelling(state):
    state["text_encoder.encoder.embed_tokens.weight"] = state.pop("text_encoder.shared.weight")


def no_position_table(state):
    del state["decoder.model.decoder.embed_positions.weights"]


FIXTURES = {
    "mono": fixture("mono, reflect padding, parametrizations spelling, F32"),
    "stereo": fixture("stereo, constant padding, weight_g/weight_v spelling, three heads of 8, three text layers",
                      text=dict(d_model=20, num_layers=3, num_heads=2), codec=dict(pad_mode="constant"),
                      decoder=dict(hidden_size=24, num_attention_heads=3), stereo=True, spelling="weight_g",
                      style="replace"),
    "folded": fixture("two residual layers, dilation 3, one LSTM layer, folded weights, no position table, heads of 20",
                      text=dict(d_model=28), decoder=dict(hidden_size=40, ffn_dim=96),
                      codec=dict(num_residual_layers=2, dilation_growth_rate=3, num_lstm_layers=1,
                                 upsampling_ratios=[2, 5, 2], num_filters=2),
                      spelling="folded", edit=no_position_table),
    "gated": fixture("gated T5, no enc_to_dec_proj, embed_tokens spelling of the tied weight, three decoder layers",
                     text=dict(feed_forward_proj="gated-gelu", num_heads=2),
                     decoder=dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=2, ffn_dim=72),
                     edit=embed_tokens_spelling),
    "causal": fixture("causal convolutions, convolved shortcuts, half of the transposed tail trimmed left; small",
                      text=dict(d_model=12, d_ff=24, num_heads=2, num_layers=1),
                      codec=dict(use_causal_conv=True, use_conv_shortcut=True, trim_right_ratio=0.5, num_filters=2,
                                 hidden_size=6),
                      decoder=dict(hidden_size=16, num_hidden_layers=1, ffn_dim=32)),
}
LONG = ("mono", "gated")  # the others' long texts would show nothing new
# Saved again from "mono": same seed, other files.
RESAVED = {
    "f16": ("mono's weights as F16", torch.float16),
    "bf16": ("mono's weights as BF16", torch.bfloat16),
    "sharded": ("mono in shards of at most 100 kB with an index; mono's references hold", torch.float32),
}

# ---- files -----------------------------------------------------------------------------------------


def save(model, folder, spec, dtype=torch.float32, shard="5GB"):
    os.makedirs(folder)
    copy = MusicgenForConditionalGeneration(model.config)
    copy.load_state_dict(model.state_dict())
    copy.generation_config = model.generation_config
    copy.to(dtype).save_pretrained(folder, max_shard_size=shard)
    tiny.tokenizer_files(folder, tiny.pieces(WORDS, SUBWORDS), spec["style"])
    respell(folder, model, spec)
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o644)


def respell(folder, model, spec):
    """Renames what other versions of torch and transformers name otherwise."""
    path = os.path.join(folder, "model.safetensors")
    if spec["spelling"] == "parametrizations" and not spec["edit"]:
        return
    state = load_file(path)
    for name in [n for n in state if n.endswith(WEIGHT_G)]:
        stem = name[: -len(WEIGHT_G)]
        if spec["spelling"] == "weight_g":
            state[stem + "weight_g"] = state.pop(name)
            state[stem + "weight_v"] = state.pop(stem + WEIGHT_V)
        elif spec["spelling"] == "folded":
            del state[name], state[stem + WEIGHT_V]
            state[stem + "weight"] = model.get_submodule(stem[:-1]).weight.detach().contiguous()
    if spec["edit"]:
        spec["edit"](state)
    save_file(state, path, metadata={"format": "pt"})


def as_stored(folder, model, spec):
    """The model in f32 with the weights as the files have them."""
    if spec["spelling"] == "folded" or spec["edit"]:
        return model  # transformers cannot load these spellings; the values are the same
    m = MusicgenForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    # The table of positions is no weight: the engine computes it, so the references may not have it rounded.
    table = m.decoder.model.decoder.embed_positions
    table.make_weights(table.weights.shape[0], table.embedding_dim)
    return m


# ---- the stages ------------------------------------------------------------------------------------


def text_stage(ref, m, ids):
    out = m.text_encoder(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
    ref["t5.ids"] = ids[0]
    for i, h in enumerate(out.hidden_states[:-1]):
        ref["t5.h.%d" % i] = h[0]
    ref["t5.out"] = out.last_hidden_state[0]
    n = ids.shape[1]
    ref["t5.bias"] = m.text_encoder.encoder.block[0].layer[0].SelfAttention.compute_bias(n, n)[0]
    cond = out.last_hidden_state
    if hasattr(m, "enc_to_dec_proj"):
        cond = m.enc_to_dec_proj(cond)
    ref["cond"] = cond[0]
    return cond


def run_decoder(m, ids, cond, **more):
    mask = torch.ones(cond.shape[:2], dtype=torch.long)
    return m.decoder(input_ids=ids, encoder_hidden_states=cond, encoder_attention_mask=mask, **more)


def decoder_stage(ref, m, cond, draw):
    cfg = m.config.decoder
    special, n = cfg.pad_token_id, 12
    grid = torch.randint(0, cfg.vocab_size, (cfg.num_codebooks, n), generator=draw)
    _, mask = m.decoder.build_delay_pattern_mask(torch.full((cfg.num_codebooks, 1), special), special, n)
    ids = torch.where(mask == -1, grid, mask)
    seen = {}
    layer = m.decoder.model.decoder.layers[0]
    hooks = []
    for part, module in (("self", layer.self_attn), ("cross", layer.encoder_attn)):
        for name in "qkv" if part == "self" else "kv":
            def keep(_m, _i, out, key="lm.%s.%s" % (part, name)):
                seen[key] = out[0]
            hooks.append(getattr(module, name + "_proj").register_forward_hook(keep))
    out = run_decoder(m, ids, cond, output_hidden_states=True)
    for h in hooks:
        h.remove()
    ref.update(seen)
    ref["lm.ids"] = ids
    ref["lm.x0"] = out.hidden_states[0][0]
    for i, h in enumerate(out.hidden_states[1:]):
        ref["lm.h.%d" % (i + 1)] = h[0]  # the last is after the final norm
    ref["lm.logits"] = out.logits
    ref["lm.logits.uncond"] = run_decoder(m, ids, torch.zeros_like(cond)).logits
    table = m.decoder.model.decoder.embed_positions.get_embedding(1601, cfg.hidden_size)
    ref["lm.pos"] = torch.cat([table[:16], table[1500:1501], table[1600:1601]])


def delay_stage(ref, m):
    special, k = m.config.decoder.pad_token_id, m.config.decoder.num_codebooks
    for length in (7, 8, 20):  # below 7 transformers applies no mask at all; this engine always does
        start = torch.full((k, 1), special)
        ref["delay.mask.%d" % length] = m.decoder.build_delay_pattern_mask(start, special, length)[1]


def un_delay(grid, channels, frames):
    return torch.stack([row[1 + k // channels: 1 + k // channels + frames] for k, row in enumerate(grid)])


def re_delay(codes, channels, special):
    k_n, frames = codes.shape
    grid = torch.full((k_n, frames + k_n // channels), special)  # columns 0 to frames + 2 are fed
    for k in range(k_n):
        grid[k, 1 + k // channels: 1 + k // channels + frames] = codes[k]
    return grid


def greedy(m, inputs, guidance, frames):
    """codes [K, T], wav [channels, samples] as transformers' own generate makes them."""
    taken = []
    decode = m.audio_encoder.decode

    def spy(codes, *args, **kwargs):
        taken.append(codes[0, 0])
        return decode(codes, *args, **kwargs)

    m.audio_encoder.decode = spy
    wav = m.generate(**inputs, do_sample=False, guidance_scale=guidance, max_new_tokens=frames + 3)
    m.audio_encoder.decode = decode
    if len(taken) == 1:
        return taken[0], wav[0]
    return torch.stack(taken, 1).flatten(0, 1), wav[0]  # left and right, level by level


def path_gap(m, codes, cond, guidance):
    """The smallest best-minus-second of the guided logits along a greedy path; checks the path on the way."""
    cfg = m.config.decoder
    channels = cfg.audio_channels
    frames = codes.shape[1]
    grid = re_delay(codes, channels, cfg.pad_token_id)
    logits = run_decoder(m, grid, cond).logits
    if guidance != 1:
        free = run_decoder(m, grid, torch.zeros_like(cond)).logits
        logits = free + guidance * (logits - free)
    worst = float("inf")
    for k in range(cfg.num_codebooks):
        here = logits[k, k // channels: k // channels + frames]
        top = here.topk(2).values
        worst = min(worst, float((top[:, 0] - top[:, 1]).min()))
        assert worst < 1e-4 or torch.equal(here.argmax(-1), codes[k]), "generate and the full pass disagree"
    return worst


def greedy_stage(ref, m, ids, cond, frames):
    worst = float("inf")
    text = dict(input_ids=ids, attention_mask=torch.ones_like(ids))
    nothing = m.get_unconditional_inputs(1)
    free = dict(encoder_outputs=nothing.encoder_outputs, attention_mask=nothing.attention_mask)
    for name, inputs, guidance, c in (("nocfg", text, 1.0, cond), ("cfg3", text, 3.0, cond),
                                      ("uncond", free, 1.0, torch.zeros_like(cond))):
        codes, wav = greedy(m, inputs, guidance, frames)
        assert codes.shape[1] == frames and codes.max() < m.config.decoder.vocab_size
        ref["gen.%s.codes" % name], ref["gen.%s.wav" % name] = codes, wav
        worst = min(worst, path_gap(m, codes, c, guidance))
    return worst


def codec_stage(ref, m, draw):
    codec, cfg = m.audio_encoder, m.config.audio_encoder
    for frames in (1, 2, 7, 50):
        codes = torch.randint(0, cfg.codebook_size, (4, frames), generator=draw)
        seen = []
        hooks = [layer.register_forward_hook(lambda _m, _i, out: seen.append(out[0])) for layer in codec.decoder.layers]
        wav = codec.decode(codes[None, None], [None]).audio_values
        for h in hooks:
            h.remove()
        key = "dec.%d." % frames
        ref[key + "codes"] = codes
        ref[key + "z"] = codec.quantizer.decode(codes[:, None])[0]
        if frames in (2, 7):
            for i, out in enumerate(seen):
                ref[key + "l.%d" % i] = out
        ref[key + "wav"] = wav[0, 0]
    for name, module in codec.decoder.named_modules():
        if isinstance(module, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
            ref["wn.decoder." + name] = module.weight


@torch.no_grad()
def reference(folder, m, frames, seed):
    """All stages of one fixture: tensors and the facts about them."""
    ref = {}
    draw = torch.Generator().manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer([PROMPT], return_tensors="pt").input_ids
    cond = text_stage(ref, m, ids)
    long_ids = tokenizer([LONG_PROMPT], return_tensors="pt").input_ids
    assert 150 < long_ids.shape[1] < 500
    ref["t5.long.ids"] = long_ids[0]
    ref["t5.long.out"] = m.text_encoder(input_ids=long_ids).last_hidden_state[0]
    decoder_stage(ref, m, cond, draw)
    delay_stage(ref, m)
    gap = greedy_stage(ref, m, ids, cond, frames)
    codec_stage(ref, m, draw)
    out = {k: v.detach().to(torch.float32 if v.is_floating_point() else torch.int32).clone(memory_format=torch.contiguous_format)
           for k, v in ref.items()}
    facts = dict(
        seed=seed,
        frames=frames,
        prompt=PROMPT,
        long_prompt=LONG_PROMPT,
        tokens=[dict(text=t, ids=tokenizer(t).input_ids) for t in PROMPTS],
        min_top2_gap=round(gap, 5),
        versions=dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__),
    )
    return out, facts


# ---- all of it -------------------------------------------------------------------------------------


def write(folder, tensors, facts):
    save_file(tensors, os.path.join(folder, "ref.safetensors"))
    os.chmod(os.path.join(folder, "ref.safetensors"), 0o644)
    with open(os.path.join(folder, "ref.json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, ensure_ascii=True, indent=1)
        f.write("\n")


def attempt(root, name, spec, seed):
    """Makes the folders of one fixture and of its re-saves; the smallest gap of all of them."""
    cfg = tiny.config(text=spec["text"], codec=spec["codec"], decoder=spec["decoder"], stereo=spec["stereo"])
    model = tiny.build(cfg, seed)
    jobs = [(name, spec["about"], torch.float32, "5GB")]
    if name == "mono":
        jobs += [(n, about, dtype, "100KB" if n == "sharded" else "5GB") for n, (about, dtype) in RESAVED.items()]
    worst = float("inf")
    for n, about, dtype, shard in jobs:
        folder = os.path.join(root, n)
        shutil.rmtree(folder, ignore_errors=True)
        save(model, folder, spec, dtype, shard)
        if n == "sharded":
            as_stored(folder, model, spec)  # transformers reads the shards too
            continue
        tensors, facts = reference(folder, as_stored(folder, model, spec), spec["frames"], seed)
        if n not in LONG:
            tensors = {k: v for k, v in tensors.items() if not k.startswith("t5.long.")}
        if n in RESAVED:
            tensors = {k: v for k, v in tensors.items() if k.startswith(ENDS)}
        write(folder, tensors, dict(about=about, **facts))
        worst = min(worst, facts["min_top2_gap"])
        if worst < GAP_MIN:
            break
    return worst


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "tests", "vectors")
    for name, spec in FIXTURES.items():
        for seed in range(SEEDS_MAX):
            gap = attempt(root, name, spec, seed)
            if gap >= GAP_MIN:
                break
        assert gap >= GAP_MIN, name
        print("%s: seed %d, smallest gap %.4f" % (name, seed, gap), flush=True)


if __name__ == "__main__":
    main()
