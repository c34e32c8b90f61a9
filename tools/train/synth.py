"""Renders a Piece to stereo sound at 32 kHz.

Every note is made once (voice, pitch, length) with fixed phases and kept: the same note is the same samples wherever it
stands, so that a codec gives it nearly the same codes. Notes start on frame boundaries. The right channel is one frame (20 ms)
behind the left one: both sides of a stereo MusicGen are sampled independently within a frame, and a note that is
chosen on the left is history by the time the right one has to play it, so the sides cannot disagree.

    python tools/train/synth.py FOLDER [COUNT]      writes some pieces as WAV with their captions, to listen to
"""

import functools
import os
import sys
import wave

import numpy as np

import music
from music import FRAME, RATE

TAIL = 5 * FRAME  # a released note fades over 100 ms
# Partials as (multiple of the fundamental, amplitude, decay per second), attack in seconds.
VOICES = {
    "piano": (0.004, [(k, k ** -1.3, 1.2 + 0.7 * k) for k in range(1, 9)]),
    "flute": (0.060, [(1, 1.0, 0.0), (2, 0.18, 0.0), (3, 0.08, 0.0)]),
    "organ": (0.012, [(0.5, 0.35, 0.0), (1, 1.0, 0.0), (2, 0.7, 0.0), (3, 0.4, 0.0), (4, 0.35, 0.0), (6, 0.2, 0.0)]),
    "bells": (0.002, [(1, 1.0, 1.8), (2.756, 0.55, 3.2), (5.404, 0.3, 6.0)]),
    "synth": (0.016, [(k, 1.0 / k, 0.4) for k in (1, 3, 5, 7, 9, 11)]),
    "chord": (0.040, [(1, 1.0, 0.25), (2, 0.3, 0.5), (3, 0.12, 0.5)]),
    "bass": (0.010, [(1, 1.0, 0.8), (2, 0.45, 1.6), (3, 0.2, 2.4)]),
}
# RMS of the first 200 ms of a note; one lead must be as loud as another.
LEVELS = {"chord": 0.030, "bass": 0.060, "kick": 0.11, "snare": 0.075, "hat": 0.030}
LEAD_LEVEL = 0.085
# Gains on the left and right of wide pieces; narrow ones have 1 everywhere.
WIDE = {"lead": (1.0, 0.6), "chord": (0.6, 1.2), "hat": (0.5, 1.2)}


def partials(voice, midi, n):
    attack, rows = VOICES[voice]
    t = np.arange(n) / RATE
    hz = 440.0 * 2.0 ** ((midi - 69) / 12)
    out = np.zeros(n)
    for multiple, amplitude, decay in rows:
        if hz * multiple < 7000:
            out += amplitude * np.exp(-decay * t) * np.sin(2 * np.pi * hz * multiple * t)
    return out * np.minimum(1.0, t / attack)


def drum(voice, n):
    """Drums are the same samples at each stroke, also their noise."""
    t = np.arange(n) / RATE
    noise = np.random.Generator(np.random.PCG64(7)).standard_normal(n)
    if voice == "kick":
        return np.sin(2 * np.pi * (50 * t + 70 * 0.04 * (1 - np.exp(-t / 0.04)))) * np.exp(-t / 0.09)
    if voice == "snare":
        smooth = np.convolve(noise, np.hanning(9) / 4, "same")
        return (0.7 * smooth + np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.06)
    bright = np.convolve(noise, np.hanning(5) * (-1.0) ** np.arange(5), "same")
    return bright * np.exp(-t / 0.025)


@functools.lru_cache(maxsize=4096)
def note(voice, midi, frames):
    """One note with its release, float32. Its beginning does not depend on its length."""
    held = frames * FRAME
    if voice in ("kick", "snare", "hat"):
        out = drum(voice, 12 * FRAME)[:held]
        level = LEVELS[voice]
        reference = drum(voice, RATE // 5)
    else:
        out = partials(voice, midi, held + TAIL)
        out[held:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(TAIL) / TAIL)
        level = LEVELS.get(voice, LEAD_LEVEL)
        reference = partials(voice, midi, RATE // 5)
    return (out * (level / np.sqrt(np.mean(reference ** 2)))).astype(np.float32)


def layer(piece, wanted):
    n = piece.frames * FRAME
    out = np.zeros(n, np.float32)
    for x in piece.notes:
        if wanted(x.voice):
            at = x.frame * FRAME
            sound = note(x.voice, x.midi, x.frames)[:n - at]
            out[at:at + len(sound)] += sound
    return out


def render(piece):
    """Returns the stereo mix [2, n] and the lead alone [n]."""
    lead = layer(piece, lambda v: v in music.LEADS)
    rest = {v: layer(piece, v.__eq__) for v in ("chord", "hat")}
    rest["lead"] = lead
    centre = layer(piece, lambda v: v in ("bass", "kick", "snare"))
    mix = np.stack([centre, centre])
    for name, sound in rest.items():
        gains = WIDE[name] if piece.attributes.width == "wide" else (1.0, 1.0)
        for side in (0, 1):
            mix[side] += np.float32(gains[side]) * sound
    mix[1, FRAME:] = mix[1, :-FRAME].copy()
    mix[1, :FRAME] = 0
    return mix, lead


def write_wav(path, sound, rate_hz=RATE):
    """sound: float [channels, n] within -1..1."""
    with wave.open(path, "wb") as f:
        f.setnchannels(len(sound))
        f.setsampwidth(2)
        f.setframerate(rate_hz)
        f.writeframes((np.clip(sound, -1, 1).T * 32767).astype("<i2").tobytes())


def main():
    import captions

    folder, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8
    os.makedirs(folder, exist_ok=True)
    for i in range(count):
        rng = np.random.Generator(np.random.PCG64(i))
        a = music.draw(rng)
        mix, _ = render(music.compose(a, rng))
        write_wav(os.path.join(folder, "%03d.wav" % i), mix)
        print("%03d  peak %.2f  %s" % (i, np.abs(mix).max(), captions.caption(a, rng)))


if __name__ == "__main__":
    main()
