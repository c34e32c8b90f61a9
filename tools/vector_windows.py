"""A piece longer than its model's window, as transformers makes it window by window.

transformers itself has no such loop: asked for more it walks past the positions that the model was trained on. So each
window is one call of generate, which continues the frames that the window before made of it and follows the tune as it
goes on from there (src/engine/MODEL.md 4); the codes of all go through the codec at once.
"""

import numpy as np
import torch

import vector_chroma
import vector_melody

SAMPLES = 3100  # of the sound that is followed: it ends, and begins again, within the second window
FRAMES = 130
GUIDANCE = 3.0
SEEDS_MAX = 2000


def plan(m):
    """(first frame, frames that are known, frames with those) of each window."""
    full = m.generation_config.max_length - m.config.decoder.num_codebooks // m.config.decoder.audio_channels
    stride = full * 18 // 30
    count = 1 + max(0, -(-(FRAMES - full) // stride))
    return [(i * stride, full - stride if i else 0, min(full, FRAMES - i * stride)) for i in range(count)]


def heard(fe, sound, begin):
    """Classes of the part of a sound that a window hears, and the gap."""
    part = sound[(begin + np.arange(fe.n_samples)) % len(sound)]
    classes, gap = vector_chroma.listen(fe, part)
    return classes, float(gap.min())


def decode(m, codes):
    sides = m.config.decoder.audio_channels
    return torch.cat([m.audio_encoder.decode(codes[None, None, side::sides], [None]).audio_values[0] for side in range(sides)])


def make(m, ids, text, tunes, gap_min):
    """Codes of the whole, and the smallest gap; None where it is below gap_min."""
    codes, worst = None, float("inf")
    for (begin, known, frames), classes in zip(plan(m), tunes):
        prompt = codes[:, begin: begin + known] if known else None
        made, _, gap = vector_melody.generate(m, ids, text, classes, GUIDANCE, frames, prompt)
        worst = min(worst, gap)
        if worst < gap_min:
            return None, worst
        codes = made if codes is None else torch.cat([codes, made[:, known:]], 1)
    return codes, worst


def long_stage(ref, m, fe, ids, text, gap_min):
    """By the first noise whose every class and every code is clear of rounding."""
    frame = fe.n_samples // plan(m)[0][2]
    for seed in range(1, SEEDS_MAX):
        sound = vector_chroma.samples(dict(kind="noise", n=SAMPLES, seed=seed), fe.sampling_rate)
        found = [heard(fe, sound, begin * frame) for begin, _, _ in plan(m)]
        if min(gap for _, gap in found) < vector_chroma.GAP_MIN:
            continue
        codes, gap = make(m, ids, text, [classes for classes, _ in found], gap_min)
        if codes is not None:
            break
    assert codes is not None and codes.shape[1] == FRAMES, "no sound leaves the gap"
    ref["long.in"] = torch.tensor(sound)
    ref["long.window"] = torch.cat([vector_melody.window(m, classes) for classes, _ in found])
    ref["long.codes"], ref["long.wav"] = codes, decode(m, codes)
    return gap
