#!/usr/bin/env python3
"""Makes tests/vectors/resample: what julius' resample_frac, MusicGen's own resampler, makes of one short sound.

    pip install -r tools/requirements.txt
    python tools/make-resample-vectors.py [FOLDER]

The sound is noise with a slow swing, so that every frequency and both edges show. julius' code runs unchanged but
in f64, and the result is rounded once: in f32, as the model runs it, the roundings of its kernel alone are up to
2e-5 of full scale (printed here). tests/unit/audio/test_resample.c compares.
"""

import json
import os
import sys
from unittest import mock

import julius
import torch
from safetensors.torch import save_file

FRAMES = 1200
PAIRS = [(32000, 44100), (32000, 48000), (32000, 16000), (32000, 11025), (32000, 8000), (32000, 192000), (44100, 32000)]


def resample(sound, old, new):
    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):  # the one place that says f32
        return julius.resample_frac(sound.double(), old, new)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/vectors/resample"
    rng = torch.Generator().manual_seed(1)
    sound = torch.rand(FRAMES, generator=rng) - 0.5 + 0.4 * torch.cos(torch.arange(FRAMES) / 150)
    tensors = {"in": sound}
    for old, new in PAIRS:
        exact = resample(sound, old, new)
        tensors[f"{old}.{new}"] = exact.float().contiguous()
        print(old, new, "f32 differs by", float((julius.resample_frac(sound, old, new) - exact).abs().max()))
    os.makedirs(folder, exist_ok=True)
    save_file(tensors, os.path.join(folder, "ref.safetensors"))
    with open(os.path.join(folder, "ref.json"), "w") as f:
        json.dump({"julius": "0.2.7", "torch": torch.__version__.split("+")[0], "pairs": PAIRS}, f)
        f.write("\n")


main()
