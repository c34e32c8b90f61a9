#!/usr/bin/env python3
"""The sounds that the server's jobs give: WAV files made from the inputs alone, the same bytes each time.

    python3 sounds.py '{"prompt": "a", "duration": 2}' [SHA-256 of the input's content] >want.wav

Sixteen bits, 32 kHz as MusicGen has it, one channel or two by the version, as long as asked: a tune of four notes a
second, each a sine whose period is a whole number of samples (so that thirty seconds are made in some milliseconds).
"""
import array
import functools
import hashlib
import json
import math
import struct
import subprocess
import sys
import tempfile

import musicgen

RATE_HZ = 32000
NOTE_SAMPLES = RATE_HZ // 4
MIME = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}


@functools.lru_cache(maxsize=512)
def note(period, n_channels):
    """A quarter of a second, a little over it cut off by the caller."""
    one = array.array("h")
    for i in range(period):
        sample = int(round(6000 * math.sin(2 * math.pi * i / period)))
        for channel in range(n_channels):
            one.append(sample if channel == 0 else -sample)
    if sys.byteorder == "big":
        one.byteswap()
    return (one.tobytes() * (NOTE_SAMPLES // period + 1))[: NOTE_SAMPLES * 2 * n_channels]


def make_wav(inputs, asset_sha256=""):
    """inputs: as they were sent; what was not said counts as its default, an asset's id as its content's hash."""
    whole = musicgen.with_defaults(inputs)
    if "inputAudio" in whole:
        whole["inputAudio"] = asset_sha256
    seed = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).digest()
    n_channels = 2 if whole["modelVersion"].startswith("stereo") else 1
    n_samples = int(round(float(whole["duration"]) * RATE_HZ))
    pieces = []
    for i in range(-(-n_samples // NOTE_SAMPLES)):
        # Periods of 40 to 167 samples: 800 to 190 Hz.
        pieces.append(note(40 + hashlib.sha256(seed + struct.pack("<I", i // 8)).digest()[i % 8] % 128, n_channels))
    data = b"".join(pieces)[: n_samples * 2 * n_channels]
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, n_channels, RATE_HZ,
                       RATE_HZ * 2 * n_channels, 2 * n_channels, 16, b"data", len(data))
    return head + data


def encode(wav, form):
    """By sox; None where there is none, or it cannot write this form."""
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/sound." + form
        try:
            # -R, -D: the same bytes each time, no dither.
            subprocess.run(["sox", "-R", "-D", "-t", "wav", "-", out], input=wav, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            with open(out, "rb") as f:
                return f.read()
        except (OSError, subprocess.CalledProcessError):
            return None


def sniff(data):
    """What a file is by its first bytes: a MIME type, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "audio/wav"
    if data[:4] == b"OggS":
        return "audio/ogg"
    if data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0):
        return "audio/mpeg"
    if data[4:8] == b"ftyp":
        return "audio/m4a"
    return None


if __name__ == "__main__":
    sys.stdout.buffer.write(make_wav(json.loads(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
