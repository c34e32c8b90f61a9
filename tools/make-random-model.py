#!/usr/bin/env python3
"""Makes tests/data/model: a random stereo MusicGen in the real layout, small enough to commit.

    pip install -r tools/requirements.txt
    python tools/make-random-model.py [FOLDER]

Nothing is trained: what it plays is noise. It exists so that tests walk the whole way (tokenizer,
T5, decoder, delay pattern, guidance, codec, stereo, 32 kHz, 50 frames a second) in little time. The
result depends on the versions in tools/requirements.txt and the seed below alone.
"""

import os
import sys

import torch
import transformers

import tiny_musicgen as tiny

SEED = 20
PEAK = 0.5  # of full scale, the loudest sample of PROBE_FRAMES random frames
PROBE_FRAMES = 500

WORDS = """
a the of and with in on for to over under by from into at no
piano guitar bass drums drum strings violin cello flute organ synth brass horn trumpet sax harp bells choir voice vocal
kick snare hats clap shaker tambourine congas marimba vibraphone accordion banjo mandolin sitar ukulele harmonica
soft loud warm cold bright dark deep high low fast slow gentle heavy light sparse dense clean dirty dry wet wide
rain wind sea ocean night day dawn dusk summer winter forest city street river fire snow storm space desert
felt grand electric acoustic upright muted plucked bowed distorted analog modular granular vintage modern lofi
ambient rock jazz pop metal folk blues funk soul techno house trance dub reggae disco classical orchestral cinematic
hip hop drone drill trap garage punk swing waltz march lullaby ballad anthem hook riff solo groove beat loop melody
happy sad calm tense epic dreamy playful eerie hopeful nostalgic melancholic energetic relaxing hypnotic triumphant
major minor key tempo bpm chord chords arpeggio rhythm bassline lead pad texture pulse reverb delay echo noise tape
music song track sound sounds theme score intro outro verse chorus bridge game film study morning evening
80s 90s 70s 60s 120 90 140 100 80 160
""".split()
SUBWORDS = ["ing", "er", "ed", "ly", "en", "al", "ic", "tion", "ness", "st", "th", "an", "re", "in", "ar", "or"]

CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-to-audio
tags: [musicgen, random-weights]
---

# A random MusicGen for the tests

**This model was never trained. Its sound is noise.** Every weight is a random number; a prompt changes the noise,
not what it depicts. It has the file layout and the graph of a stereo MusicGen, at {size} instead of gigabytes, so
that tests go the whole way, from a prompt to a stereo file at the full rate, in little time. (The demo's model is in `manifests/demo/model`.)

| part | size |
|---|---|
| text encoder (T5) | width {tw}, {tl} layers, {tv} pieces of a tokenizer of our own |
| decoder | width {dw}, {dl} layers, {dh} heads, {dk} codebooks of {dv} entries |
| codec (EnCodec) | 32 kHz, 50 frames a second, {cf} filters, latent width {cw} |

Weights are F16. Made by `tools/make-random-model.py` (seed {seed}) with the versions in `tools/requirements.txt`; that
script also loads it with transformers and makes a second of sound. Licence: Apache-2.0, like the rest of the project.
It holds nothing from any published model.
"""


def make():
    cfg = tiny.config(
        text=dict(vocab_size=384, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2),
        # 2.0 kb/s and 512 entries: the only small pair for which both formulas that transformers has used
        # for the number of quantizers (10 bits an entry, or log2 of the entries) give 4.
        codec=dict(sampling_rate=32000, upsampling_ratios=[8, 5, 4, 4], target_bandwidths=[2.0], hidden_size=16,
                   num_filters=4, codebook_size=512),
        decoder=dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=3),
        stereo=True,
    )
    return tiny.build(cfg, SEED, head_gain=2.0)


def level(model):
    """Scales the codec's last convolution so that random codes peak at PEAK."""
    g = torch.Generator().manual_seed(SEED)
    codes = torch.randint(0, 512, (1, 1, 4, PROBE_FRAMES), generator=g)
    with torch.no_grad():
        last = model.audio_encoder.decoder.layers[-1].conv
        last.bias.zero_()  # no constant offset in the sound
        wav = model.audio_encoder.decode(codes, [None]).audio_values
        last.parametrizations.weight.original0.mul_(PEAK / wav.abs().max())


def prove(folder):
    """Loads what was written the way users do and makes a second of sound."""
    from transformers import AutoTokenizer, MusicgenForConditionalGeneration

    model, info = MusicgenForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    tokens = AutoTokenizer.from_pretrained(folder)(["soft rain over felt piano"], return_tensors="pt")
    torch.manual_seed(1)
    wav = model.generate(**tokens, max_new_tokens=53, guidance_scale=3.0, do_sample=True, top_k=250)
    assert wav.shape == (1, 2, 32000), wav.shape
    peak, rms = float(wav.abs().max()), float(wav.square().mean().sqrt())
    assert 0.1 < peak < 0.9 and rms > 0.02, (peak, rms)
    print("ids %s, peak %.3f, rms %.3f, mean %.4f" % (tokens.input_ids.tolist()[0], peak, rms, float(wav.mean())))


def main():
    transformers.logging.set_verbosity_error()
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "tests", "data", "model")
    os.makedirs(folder, exist_ok=True)
    model = make()
    level(model)
    model.half().save_pretrained(folder)
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)
    vocab = tiny.pieces(list(dict.fromkeys(WORDS)), SUBWORDS)
    cfg = model.config
    assert len(vocab) <= cfg.text_encoder.vocab_size, len(vocab)
    tiny.tokenizer_files(folder, vocab, "replace")
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    with open(os.path.join(folder, "README.md"), "w") as f:
        f.write(CARD.format(size="%.1f MB" % (size / 1e6), seed=SEED, tw=cfg.text_encoder.d_model,
                            tl=cfg.text_encoder.num_layers, tv=len(vocab), dw=cfg.decoder.hidden_size,
                            dl=cfg.decoder.num_hidden_layers, dh=cfg.decoder.num_attention_heads,
                            dk=cfg.decoder.num_codebooks, dv=cfg.decoder.vocab_size,
                            cf=cfg.audio_encoder.num_filters, cw=cfg.audio_encoder.hidden_size))
    assert size < 2_000_000, size
    prove(folder)
    print("%s: %d bytes" % (os.path.normpath(folder), size))


if __name__ == "__main__":
    main()
