#!/usr/bin/env python3
"""Writes the three tunes of manifests/melodies/: plain tones, ours, two seconds each at 8 kHz so that they stay small.

    make-melodies.py manifests/melodies
"""
import math
import os
import struct
import sys
import wave

RATE_HZ = 8000
NOTE_S = 0.25

# MIDI numbers of eight notes; 0 rests.
TUNES = {
    "climb": [60, 62, 64, 67, 69, 67, 72, 72],
    "lullaby": [67, 64, 64, 0, 65, 62, 62, 0],
    "march": [55, 55, 62, 55, 60, 59, 57, 55],
}


def tone(note, i):
    """Sample i of a note: two partials that fade, with a short attack against clicks."""
    if note == 0:
        return 0.0
    t = i / RATE_HZ
    hz = 440.0 * 2 ** ((note - 69) / 12)
    shape = min(1.0, t / 0.01) * math.exp(-4 * t)
    return 0.5 * shape * (math.sin(2 * math.pi * hz * t) + 0.3 * math.sin(4 * math.pi * hz * t))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, notes in TUNES.items():
        samples = [tone(note, i) for note in notes for i in range(int(NOTE_S * RATE_HZ))]
        with wave.open(os.path.join(sys.argv[1], name + ".wav"), "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(RATE_HZ)
            f.writeframes(b"".join(struct.pack("<h", round(s * 32767)) for s in samples))


main()
