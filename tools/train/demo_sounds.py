"""Writes the two sounds that go into the demo: a tune to follow and a beginning to continue.

    python tools/train/demo_sounds.py manifests/demo

The tune is the theme of the last movement of Beethoven's ninth symphony (1824), one note a beat of 0.72 s, on the synthesiser's
flute; its chroma is all that a model hears. The beginning is 3 s of a piece that no training has seen. Both are small files:
the tune at 8 kHz, the beginning at 16 kHz, which is above all that the synthesiser plays.
"""

import os
import sys

import numpy as np

import music
import synth

TUNE = (64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, 64, 62)  # MIDI, one a beat
BEAT = 4 * 9  # frames: 83 beats a minute
BEGINNING = music.Attributes(tempo=6, tonic=9, mode="minor", lead="piano", drums="full", bass=True, chords=True, register="high",
                             density="busy", width="narrow", kind="motif")
BEGINNING_SEED = 5
BEGINNING_FRAMES = 150


def thinned(sound, step):
    """Every step-th sample after a low pass of windowed sinc: the synthesiser's highest partial is 7 kHz."""
    n = np.arange(-32 * step, 32 * step + 1)
    taps = np.sinc(n / step * 0.95) * np.hanning(len(n))
    taps /= taps.sum()
    return np.stack([np.convolve(row, taps, "same")[::step] for row in sound])


def main():
    folder = sys.argv[1]
    notes = [music.Note(i * BEAT, BEAT, midi, "flute") for i, midi in enumerate(TUNE)]
    frames = len(TUNE) * BEAT
    piece = music.Piece(BEGINNING, frames, notes, np.zeros(frames, np.int8))
    tune = synth.layer(piece, "flute".__eq__)[None] * 2
    synth.write_wav(os.path.join(folder, "tune.wav"), thinned(tune, 4), synth.RATE // 4)
    rng = np.random.Generator(np.random.PCG64(BEGINNING_SEED))
    mix, _ = synth.render(music.compose(BEGINNING, rng, BEGINNING_FRAMES))
    synth.write_wav(os.path.join(folder, "beginning.wav"), thinned(mix, 2), synth.RATE // 2)


if __name__ == "__main__":
    main()
