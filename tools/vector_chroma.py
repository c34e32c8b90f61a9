"""What MusicgenMelodyFeatureExtractor hears in sounds made of formulas: the classes of tests/vectors/chroma.

Every sound can be made again from its entry in ref.json (tests/vectors/README.md has the formulas), so that no samples
are stored. Noise is drawn until best and second best class of every frame are clear of rounding.
"""

import math

import numpy as np
import torch
from transformers import MusicgenMelodyFeatureExtractor

GAP_MIN = 2e-3  # (best - second) / best energy of a frame, in f64
SEEDS_MAX = 400
# rate, n_fft, hop: the models' own, then shapes that no constant fits: the tiny fixtures', and one whose sizes are
# no powers of two.
SHAPES = ((32000, 16384, 4096), (1000, 4096, 3750), (1000, 2048, 1024), (22050, 1200, 441))
TUNE = (0, 4, 7, 11, 2, 5, 9, 1, 8, 3, 10, 6)  # semitones above 220 Hz
TUNE_NOTE_S = 0.31
BURST = 3000  # samples on, as many off, then on
BANK_BINS = (0, 1, 2, 3, 7, 10, 50, 134, 225, 226, 500, 511, 512, 600)


def lcg(n, seed):
    """n samples in [-1, 1), each exact in f32."""
    out, s = np.empty(n), seed
    for i in range(n):
        s = (s * 1664525 + 1013904223) % 2**32
        out[i] = (s >> 8) / 2**23 - 1
    return out


def samples(spec, rate):
    i = np.arange(spec["n"])
    t = i / rate
    if spec["kind"] == "sine":
        return 0.5 * np.sin(2 * math.pi * spec["hz"] * t)
    if spec["kind"] == "bip":  # silence for an eighth of a second, then 440 Hz for one
        tone = np.cos(2 * math.pi * 440 * t) * ((t % 0.25) / 0.25 >= 0.5)
        return np.where(i < int(spec["seconds"] * rate), tone, 0.0)
    if spec["kind"] == "tune":
        note = np.array(TUNE)[(t / TUNE_NOTE_S).astype(int) % len(TUNE)]
        p = 2 * math.pi * 220 * 2 ** (note / 12) * t
        return 0.3 * (np.sin(p) + np.sin(2 * p) / 2 + np.sin(3 * p) / 3)
    if spec["kind"] == "noise":
        return lcg(spec["n"], spec["seed"]) * (i // BURST % 3 != 1)
    assert spec["kind"] == "zero"
    return np.zeros(spec["n"])


def extractor(shape):
    """shape: rate, n_fft, hop, and the seconds of a sound that are heard where they are not 30."""
    rate, n_fft, hop, *seconds = shape
    return MusicgenMelodyFeatureExtractor(sampling_rate=rate, n_fft=n_fft, hop_length=hop, chunk_length=(seconds or [30])[0])


def energies(fe, wav):
    """[12, frames] in f64, by the extractor's own filters."""
    wav = torch.as_tensor(wav, dtype=torch.float64)
    short = fe.n_fft - len(wav)
    if short > 0:
        wav = torch.nn.functional.pad(wav, (short // 2, short - short // 2))
    spec = torch.stft(wav, fe.n_fft, fe.hop_length, window=torch.hann_window(fe.n_fft, dtype=torch.float64),
                      center=True, pad_mode="reflect", return_complex=True).abs() ** 2
    return fe.chroma_filters.double() @ spec


def listen(fe, wav):
    """classes [frames] and gaps; a frame without any energy has a gap of 1: class 0 by rule, not by rounding."""
    features = fe(wav.astype(np.float32), sampling_rate=fe.sampling_rate, return_tensors="pt").input_features[0]
    top = energies(fe, wav.astype(np.float32)).topk(2, dim=0)
    gap = torch.where(top.values[0] > 0, 1 - top.values[1] / top.values[0].clamp(min=1e-300), 1.0)
    classes = features.argmax(-1)
    assert float(gap.min()) < 1e-5 or torch.equal(torch.where(top.values[0] > 0, top.indices[0], 0), classes)
    return classes, gap.float()


def clear_noise(fe, n):
    """The first noise of n samples whose every frame is clear: its entry, classes and gaps."""
    for seed in range(1, SEEDS_MAX):
        spec = dict(kind="noise", n=n, seed=seed)
        classes, gap = listen(fe, samples(spec, fe.sampling_rate))
        if float(gap.min()) >= GAP_MIN:
            return spec, classes, gap
    raise AssertionError("no noise of %d samples leaves the gap" % n)


def wanted():
    """(name, shape's index, entry); noise has no seed yet."""
    yield "bip-half", 0, dict(kind="bip", n=32000, seconds=0.5)
    yield "bip-one", 0, dict(kind="bip", n=32000, seconds=1.0)
    yield "zero-1", 0, dict(kind="zero", n=1)
    yield "zero-50000", 0, dict(kind="zero", n=50000)
    for i in range(12):
        yield "sine-%d" % i, 0, dict(kind="sine", n=32000, hz=440 * 2 ** ((i - 9) / 12))
    yield "tune-5s", 0, dict(kind="tune", n=160000)
    yield "tune-30s", 0, dict(kind="tune", n=960000)
    for n in (1000, 4095, 4096, 4097, 8192, 16383, 16384, 16385, 20479, 20480, 20481, 100000):
        yield "noise-%d" % n, 0, dict(kind="noise", n=n)
    for shape in range(1, len(SHAPES)):
        _, n_fft, hop = SHAPES[shape]
        for n in (n_fft // 3, hop, n_fft - 1, n_fft, n_fft + 1, 4 * hop - 1, 4 * hop, 4 * hop + 1):
            yield "shape-%d-noise-%d" % (shape, n), shape, dict(kind="noise", n=n)
    yield "shape-3-tune", 3, dict(kind="tune", n=44100)


def chroma_stage(ref):
    """All sounds: classes and gaps into ref; the entries of ref.json."""
    extractors = [extractor(s) for s in SHAPES]
    entries = []
    for name, shape, spec in wanted():
        fe = extractors[shape]
        if spec["kind"] == "noise":
            spec, classes, gap = clear_noise(fe, spec["n"])
        else:
            classes, gap = listen(fe, samples(spec, fe.sampling_rate))
        ref[name + ".classes"], ref[name + ".gap"] = classes, gap
        entries.append(dict(name=name, shape=shape, **spec))
    for i, fe in enumerate(extractors):
        bins = [b for b in BANK_BINS if b < fe.n_fft // 2] + [fe.n_fft // 2 - 1, fe.n_fft // 2]
        ref["bank.%d.bins" % i] = torch.tensor(bins)
        ref["bank.%d.values" % i] = fe.chroma_filters[:, bins]
        ref["bank.%d.sum" % i] = fe.chroma_filters.double().sum(1)
    shapes = [dict(rate_hz=r, n_fft=f, hop=h) for r, f, h in SHAPES]
    return shapes, entries
