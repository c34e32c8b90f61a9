"""Draws the README's picture: what the model makes of four prompts, as spectrograms over a logarithmic frequency.

    python draw.py MODEL WORK PICTURE.png [--guidance 2] [--temperature 0.9]

The clips are made by mgbatch, as in evaluate.py, and stay in WORK to be listened to.
"""

import argparse
import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import torch  # noqa: E402

import hearing  # noqa: E402
import takes  # noqa: E402
from music import FRAME, RATE  # noqa: E402

# All of held-out combinations of lead, key and tempo (music.py).
PROMPTS = (
    "piano riff in C major, very fast, 150 bpm, full drums, bass",
    "flute melody in C minor, very slow, 68 bpm, no drums, no chords",
    "bells loop in F major, medium tempo, 107 bpm, light drums, high",
    "organ tune in A minor, slow, 83 bpm, no drums, with chords",
)
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WIDTH, HEIGHT, DPI = 900, 620, 100
FFT = 4096
LOWEST_HZ, OCTAVES, BANDS = 55.0, 7, 24  # bands an octave
FLOOR_DB = -45.0
COLOURS = 16  # few, so that the file stays small
TICKS_HZ = (110, 220, 440, 880, 1760, 3520)


def log_spectrum(sound):
    """dB below the loudest cell [bands, frames], both sides' powers together."""
    powers = hearing.power(sound, FFT, FRAME).sum(0)
    hz = torch.arange(FFT // 2 + 1) * RATE / FFT
    centres = LOWEST_HZ * 2 ** (torch.arange(OCTAVES * BANDS) / BANDS)
    # Where bands are narrower than bins, a band takes what lies between the two bins next to it.
    half = torch.maximum(centres * (2 ** (1 / BANDS) - 1), torch.tensor(RATE / FFT))
    weight = (1 - (hz - centres[:, None]).abs() / half[:, None]).clamp(min=0)
    rows = (weight / weight.sum(1, keepdim=True)) @ powers
    return hearing.decibels(rows, rows.max(), FLOOR_DB)


def panel(axes, sound, prompt):
    level = log_spectrum(sound)
    seconds = sound.shape[1] / RATE
    axes.imshow(level, origin="lower", aspect="auto", interpolation="nearest", vmin=FLOOR_DB, vmax=0,
                cmap=plt.get_cmap("GnBu", COLOURS), extent=(0, seconds, 0, OCTAVES * BANDS))
    axes.set_title(prompt, fontsize=8.5, loc="left", color="#222222", pad=4)
    axes.set_yticks([BANDS * float(torch.log2(torch.tensor(hz / LOWEST_HZ))) for hz in TICKS_HZ])
    axes.set_yticklabels(["%d" % hz for hz in TICKS_HZ])
    axes.set_xticks(range(0, int(seconds) + 1, 2))
    axes.tick_params(labelsize=8, color="#bbbbbb", labelcolor="#555555", length=3)
    for side in axes.spines.values():
        side.set_color("#cccccc")


def picture(path, sounds):
    figure, grid = plt.subplots(2, 2, figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, sharex=True, sharey=True,
                                facecolor="white", layout="constrained")
    for axes, sound, prompt in zip(grid.flat, sounds, PROMPTS):
        panel(axes, sound, prompt)
    figure.supxlabel("seconds", fontsize=8, color="#555555")
    figure.supylabel("Hz", fontsize=8, color="#555555")
    figure.savefig(path, dpi=DPI, pil_kwargs={"optimize": True}, metadata={"Software": None})
    print("%s: %d KB" % (path, os.path.getsize(path) // 1000))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("work")
    p.add_argument("picture")
    p.add_argument("--guidance", type=float, default=2)
    p.add_argument("--temperature", type=float, default=0.9)
    p.add_argument("--top-k", type=int, default=250)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--binary", default=os.path.join(TOP, "build/release/mgbatch"))
    o = p.parse_args()
    asks = [takes.Ask("picture-%d" % i, prompt, o.seed) for i, prompt in enumerate(PROMPTS)]
    studio = takes.Studio(o.binary, o.model, 10, o.temperature, o.top_k)
    paths = takes.make(studio, os.path.join(o.work, "picture"), asks, [o.guidance])
    picture(o.picture, [hearing.read_wav(path) for path in paths[o.guidance]])


if __name__ == "__main__":
    main()
