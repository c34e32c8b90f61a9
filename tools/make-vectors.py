#!/usr/bin/env python3
"""Makes tests/vectors: tiny random MusicGen checkpoints and what transformers computes from them.

    pip install -r tools/requirements.txt
    python tools/make-vectors.py [FOLDER]

Each fixture is a folder as save_pretrained writes it, with ref.safetensors (the tensors of every stage)
and ref.json (texts, sizes, the smallest gap between best and second best along the greedy paths). The
references are computed in f32 on the CPU with eager attention from the weights as stored: those of the
F16 and BF16 fixtures from the rounded weights. tests/vectors/README.md says what each fixture is for.

The stages are in vector_stages.py; those of melody models, of sounds that go in and of the chroma features in
vector_melody.py, vector_inputs.py and vector_chroma.py, pieces longer than a window in vector_windows.py.
"""

import json
import os
import shutil
import sys
import warnings

import torch
import torchaudio
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

import tiny_musicgen as tiny
import vector_chroma
import vector_inputs
import vector_melody
import vector_windows
from vector_stages import codec_stage, decoder_stage, delay_stage, greedy_stage, kept, text_stage

# Of F16 and BF16 only the ends of the stages: mono has the rest; of the short window none: stereo-melody has them.
ENDS = ("t5.ids", "t5.out", "cond", "lm.ids", "lm.logits", "gen.", "dec.7.codes", "dec.7.wav")
SHORT_KEEPS = ("t5.ids", "cond", "gen.")
GAP_MIN = 1e-2  # best minus second best logit along every greedy path: rounding cannot swap them
LONG_GAP_MIN = 2e-3  # the same where there are 1040 codes: still a hundred times what rounding moves a logit
SEEDS_MAX = 200
VERSIONS = dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)
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
MELODY = dict(num_chroma=12, chroma_length=9)
MELODY_POSITIONS = 64  # transformers' melody decoder cannot grow its table: prefix and columns must fit


def fixture(about, *, text=(), codec=(), decoder=(), stereo=False, spelling="parametrizations", style="split",
            edit=None, frames=16, melody=None, shape=None, columns=1500):
    return dict(about=about, text={**TEXT, **dict(text)}, codec={**CODEC, **dict(codec)},
                decoder={**DECODER, **dict(decoder)}, stereo=stereo, spelling=spelling, style=style, edit=edit,
                frames=frames, melody=melody, shape=shape, columns=columns)


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
    "melody": fixture("melody model, mono, reflect padding, 1 + 30 s of its own hop = chroma_length", melody=MELODY,
                      shape=vector_chroma.SHAPES[1], decoder=dict(max_position_embeddings=MELODY_POSITIONS)),
    "stereo-melody": fixture("melody model, stereo, constant padding, weight_g/weight_v spelling, more chroma frames in "
                             "30 s than chroma_length", melody=MELODY, shape=vector_chroma.SHAPES[2], stereo=True,
                             spelling="weight_g", style="replace", codec=dict(pad_mode="constant"),
                             text=dict(d_model=20, num_layers=1, num_heads=2),
                             decoder=dict(hidden_size=24, num_attention_heads=3,
                                          max_position_embeddings=MELODY_POSITIONS), frames=12),
    # 100 frames, the column before them and three of delays; a hop is ten frames.
    "short-window": fixture("melody model, stereo, a window of 2 s, a row of melody each 0.2 s; small", stereo=True,
                            columns=104, melody=dict(num_chroma=12, chroma_length=10), shape=(1000, 256, 200, 2),
                            text=dict(d_model=12, d_ff=24, num_heads=2, num_layers=1), style="replace",
                            codec=dict(num_filters=2, hidden_size=6),
                            decoder=dict(hidden_size=16, num_hidden_layers=1, ffn_dim=32,
                                         max_position_embeddings=160), frames=12),
}
LONG = ("mono", "gated")  # the others' long texts would show nothing new
CONTINUED = ("mono", "stereo", "melody", "stereo-melody")
HEARD = ("mono", "stereo")  # a sound in, greedy codes out: transformers' melody models take no such input
ENCODED = ("mono", "stereo", "folded", "causal")
TUNES = {"melody": (1, 3000, 9000, 20000), "stereo-melody": (5000,), "short-window": (1, 700, 2000)}  # samples of sounds for engine_melody, at 1000 Hz
# Saved again from "mono": same seed, other files.
RESAVED = {
    "f16": ("mono's weights as F16", torch.float16),
    "bf16": ("mono's weights as BF16", torch.bfloat16),
    "sharded": ("mono in shards of at most 100 kB with an index; mono's references hold", torch.float32),
}

# ---- files -----------------------------------------------------------------------------------------


def save(model, folder, spec, dtype=torch.float32, shard="5GB"):
    os.makedirs(folder)
    copy = type(model)(model.config)
    copy.load_state_dict(model.state_dict())
    copy.generation_config = model.generation_config
    copy.to(dtype).save_pretrained(folder, max_shard_size=shard)
    tiny.tokenizer_files(folder, tiny.pieces(WORDS, SUBWORDS), spec["style"])
    if spec["shape"]:
        vector_chroma.extractor(spec["shape"]).save_pretrained(folder)
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
    m = type(model).from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    # The table of positions is no weight: the engine computes it, so the references may not have it rounded.
    table = m.decoder.model.decoder.embed_positions
    table.make_weights(table.weights.shape[0], table.embedding_dim)
    return m


# ---- one fixture -----------------------------------------------------------------------------------


@torch.no_grad()
def reference(folder, m, spec, seed):
    """All stages of one fixture: tensors and the facts about them."""
    ref = {}
    draw = torch.Generator().manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer([PROMPT], return_tensors="pt").input_ids
    cond = text_stage(ref, m, ids)
    if spec["melody"]:
        vector_melody.decoder_stage(ref, m, cond, draw)
        gap = vector_melody.plain_stage(ref, m, ids, cond, spec["frames"])
    else:
        long_ids = tokenizer([LONG_PROMPT], return_tensors="pt").input_ids
        assert 150 < long_ids.shape[1] < 500
        ref["t5.long.ids"] = long_ids[0]
        ref["t5.long.out"] = m.text_encoder(input_ids=long_ids).last_hidden_state[0]
        decoder_stage(ref, m, cond, draw)
        delay_stage(ref, m)
        gap = greedy_stage(ref, m, ids, cond, spec["frames"])
        codec_stage(ref, m, draw)
    facts = dict(
        seed=seed,
        frames=spec["frames"],
        prompt=PROMPT,
        long_prompt=LONG_PROMPT,
        tokens=[dict(text=t, ids=tokenizer(t).input_ids) for t in PROMPTS],
        min_top2_gap=round(gap, 5),
        versions=VERSIONS,
    )
    return kept(ref), facts


@torch.no_grad()
def tunes(folder, m, name, spec):
    """What a melody model makes of tunes: of its seed, which reference() has found."""
    with open(os.path.join(folder, "ref.json"), encoding="utf-8") as f:
        facts = json.load(f)
    ref = load_file(os.path.join(folder, "ref.safetensors"))
    ids = ref["t5.ids"].long()[None]
    gap = vector_melody.tune_stage(ref, m, ids, ref["cond"][None], spec["frames"], GAP_MIN)
    fe = vector_chroma.extractor(spec["shape"])
    for n in TUNES[name]:
        if n == 1:
            heard = dict(kind="zero", n=1)
            classes, _ = vector_chroma.listen(fe, vector_chroma.samples(heard, fe.sampling_rate))
        else:
            heard, classes, _ = vector_chroma.clear_noise(fe, n)
        key = "tune.%d." % n
        ref[key + "in"] = torch.tensor(vector_chroma.samples(heard, fe.sampling_rate))
        ref[key + "classes"], ref[key + "window"] = classes, vector_melody.window(m, classes)
    write(folder, "ref", kept(ref), dict(facts, min_top2_gap=min(facts["min_top2_gap"], round(gap, 5))))


@torch.no_grad()
def inputs(folder, m, name):
    """The files of sounds that go in, beside ref.safetensors."""
    ref = load_file(os.path.join(folder, "ref.safetensors"))
    ids, cond = ref["t5.ids"].long()[None], ref["cond"][None]
    if name in CONTINUED:
        made = {}
        gap = vector_inputs.continuation_stage(made, m, ids, cond, GAP_MIN)
        if name in HEARD:
            gap = min(gap, vector_inputs.heard_stage(made, m, ids, cond, GAP_MIN))
        facts = dict(about="continuations", prompt=PROMPT, frames=vector_inputs.CONTINUED_FRAMES,
                     min_top2_gap=round(gap, 5), versions=VERSIONS)
        write(folder, "ref-continue", kept(made), facts)
    if name in ENCODED:
        made = {}
        gap = vector_inputs.encoder_stage(made, m)
        facts = dict(about="the codec's encoder", samples=vector_inputs.ENCODE_SAMPLES,
                     layers_of=vector_inputs.ENCODE_LAYERS_OF, min_distance_gap=round(gap, 6), versions=VERSIONS)
        write(folder, "ref-encode", kept(made), facts)


@torch.no_grad()
def windows(folder, m, spec):
    """ref-long: a piece of more than one window."""
    ref, made = load_file(os.path.join(folder, "ref.safetensors")), {}
    ids, cond = ref["t5.ids"].long()[None], ref["cond"][None]
    gap = vector_windows.long_stage(made, m, vector_chroma.extractor(spec["shape"]), ids, cond, LONG_GAP_MIN)
    facts = dict(about="longer than a window", prompt=PROMPT, frames=vector_windows.FRAMES, min_top2_gap=round(gap, 5),
                 versions=VERSIONS)
    write(folder, "ref-long", kept(made), facts)


# ---- all of it -------------------------------------------------------------------------------------


def write(folder, stem, tensors, facts):
    save_file(tensors, os.path.join(folder, stem + ".safetensors"))
    os.chmod(os.path.join(folder, stem + ".safetensors"), 0o644)
    with open(os.path.join(folder, stem + ".json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, ensure_ascii=True, indent=1)
        f.write("\n")


def attempt(root, name, spec, seed):
    """Makes the folders of one fixture and of its re-saves; the smallest gap of all of them, and the model."""
    cfg = tiny.config(text=spec["text"], codec=spec["codec"], decoder=spec["decoder"], stereo=spec["stereo"],
                      melody=spec["melody"])
    model = tiny.build(cfg, seed)
    model.generation_config.max_length = spec["columns"]
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
        tensors, facts = reference(folder, as_stored(folder, model, spec), spec, seed)
        if n not in LONG:
            tensors = {k: v for k, v in tensors.items() if not k.startswith("t5.long.")}
        if n in RESAVED or n == "short-window":
            tensors = {k: v for k, v in tensors.items() if k.startswith(ENDS if n in RESAVED else SHORT_KEEPS)}
        write(folder, "ref", tensors, dict(about=about, **facts))
        worst = min(worst, facts["min_top2_gap"])
        if worst < GAP_MIN:
            break
    return worst, model


def chroma(root):
    folder = os.path.join(root, "chroma")
    os.makedirs(folder, exist_ok=True)
    ref = {}
    shapes, entries = vector_chroma.chroma_stage(ref)
    write(folder, "ref", kept(ref), dict(about="pitch classes", shapes=shapes, sounds=entries,
                                         versions=dict(VERSIONS, torchaudio=torchaudio.__version__.split("+")[0])))


def fixture_files(root, name, spec):
    """The folders of one fixture, by the first seed that leaves the gap; then the files that build on it."""
    for seed in range(SEEDS_MAX):
        gap, model = attempt(root, name, spec, seed)
        if gap >= GAP_MIN:
            break
    assert gap >= GAP_MIN, name
    folder = os.path.join(root, name)
    stored = as_stored(folder, model, spec)
    if spec["melody"]:
        tunes(folder, stored, name, spec)
    inputs(folder, stored, name)
    if name == "short-window":
        windows(folder, stored, spec)
    print("%s: seed %d, smallest gap %.4f" % (name, seed, gap), flush=True)


def main():
    warnings.filterwarnings("ignore", message="To copy construct from a tensor")  # transformers', once for each layer
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "tests", "vectors")
    chroma(root)
    for name, spec in FIXTURES.items():
        fixture_files(root, name, spec)


if __name__ == "__main__":
    main()
