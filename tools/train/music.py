"""Composes the pieces that the small model learns from: attributes first, then notes on a grid of 20 ms frames.

A piece is made to be easy to learn and still music: it begins at frame 0 with its tonic chord, goes round one of two
progressions of four chords, and its lead either repeats one short motif over each chord (kind "motif") or plays a
slow free tune (kind "tune", whose notes are at least 0.4 s long, so that a chroma prefix can tell them). Attributes are
drawn independently of each other, so that no word of a caption can be guessed from another one. Some combinations of
lead, key and tempo are held out: they never occur in training and are what evaluation asks for.
"""

import dataclasses
import hashlib

import numpy as np

RATE = 32000
FRAME = 640  # samples: one codec frame of 20 ms
WINDOW = 500  # frames: the model's window of 10 s

# Frames per sixteenth note: 150, 125, 107, 83 and 68 beats a minute. No two are 2:1, which a listener could not tell apart.
TEMPOS = (5, 6, 7, 9, 11)
TONICS = (0, 2, 4, 5, 7, 9, 11)  # C D E F G A B
MODES = ("major", "minor")
LEADS = ("piano", "flute", "organ", "bells", "synth")
DRUMS = ("none", "light", "full")
REGISTERS = ("low", "high")
DENSITIES = ("sparse", "busy")
WIDTHS = ("narrow", "wide")
WIDE_ONE_IN = 4  # pieces: the right side of a narrow one has the left one's codes, a wide one is twice as much to learn
KINDS = ("motif", "tune")

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# Scale degrees of the chords' roots, counted from 0.
PROGRESSIONS = {"major": ((0, 4, 5, 3), (0, 5, 3, 4)), "minor": ((0, 5, 2, 6), (0, 3, 5, 6))}
# Onsets in sixteenths within half a bar (8 sixteenths).
RHYTHMS = {
    "sparse": ((0, 4), (0, 6), (0, 3, 6)),
    "busy": ((0, 2, 4, 6), (0, 2, 3, 4, 6), (0, 2, 4, 5, 6), (0, 3, 4, 6)),
}
TUNE_STEPS = (-2, -1, -1, 1, 1, 2)  # scale steps of a tune from note to note
HELD_OUT = 10  # one combination of lead, key and tempo in ten


@dataclasses.dataclass(frozen=True)
class Attributes:
    tempo: int
    tonic: int
    mode: str
    lead: str
    drums: str
    bass: bool
    chords: bool
    register: str
    density: str
    width: str
    kind: str

    @property
    def bpm(self):
        return round(750 / self.tempo)  # 15 s a sixteenth-minute over 0.02 s a frame


@dataclasses.dataclass(frozen=True)
class Note:
    frame: int  # onset
    frames: int  # held for
    midi: int  # of drums: 0
    voice: str  # a lead's name, "chord", "bass", "kick", "snare" or "hat"


@dataclasses.dataclass
class Piece:
    attributes: Attributes
    frames: int
    notes: list
    lead_pitch: np.ndarray  # int8 [frames]: pitch class that the lead plays, or -1

    @property
    def onsets(self):
        """Frames at which the lead or the harmony says something new."""
        return sorted({n.frame for n in self.notes if n.voice not in ("kick", "snare", "hat")})


def is_held_out(lead, tonic, mode, tempo):
    key = "%s %d %s %d" % (lead, tonic, mode, tempo)
    return hashlib.sha256(key.encode()).digest()[0] % HELD_OUT == 0


def draw(rng, held_out=False):
    """Draws attributes; only combinations of the one or the other kind come out."""
    while True:
        pick = lambda values: values[rng.integers(len(values))]  # noqa: E731
        lead, tonic, mode, tempo = pick(LEADS), pick(TONICS), pick(MODES), pick(TEMPOS)
        if is_held_out(lead, tonic, mode, tempo) == held_out:
            break
    return Attributes(tempo, tonic, mode, lead, pick(DRUMS), bool(rng.integers(2)), bool(rng.integers(3)),
                      pick(REGISTERS), pick(DENSITIES), "narrow" if rng.integers(WIDE_ONE_IN) else "wide", pick(KINDS))


def scale_pitch(a, degree, base):
    """MIDI pitch of a scale degree (any integer) above the tonic that lies at or above `base`."""
    tonic = base + (a.tonic - base) % 12
    octave, step = divmod(degree, 7)
    return tonic + 12 * octave + SCALES[a.mode][step]


def fold(midi, low, high):
    """Moves a pitch by octaves into low..high-1 (at least an octave apart)."""
    while midi < low:
        midi += 12
    while midi >= high:
        midi -= 12
    return midi


def chord_sixteenths(a):
    """A chord lasts a bar at the fast tempi and half a bar at the slow ones: 1.4 to 2.2 s."""
    return 16 if a.tempo <= 7 else 8


def harmony(a, roots, frames):
    """Chord and bass notes: held triads around middle C, and roots two octaves below on every half bar."""
    notes, length = [], chord_sixteenths(a) * a.tempo
    for i, start in enumerate(range(0, frames, length)):
        root = roots[i % 4]
        if a.chords:
            pitches = [fold(scale_pitch(a, root + k, 48), 52, 64) for k in (0, 2, 4)]
            notes += [Note(start, length, p, "chord") for p in sorted(pitches)]
        if a.bass:
            pitch = fold(scale_pitch(a, root, 36), 36, 48)
            half = 8 * a.tempo
            notes += [Note(s, half, pitch, "bass") for s in range(start, start + length, half)]
    return notes


def beat(a, frames):
    """Light drums are hats on the eighths and a kick on the first and third beat; full drums add a snare on the others."""
    notes = []
    for i, start in enumerate(range(0, frames, 2 * a.tempo)):
        if a.drums == "none":
            break
        notes.append(Note(start, 2 * a.tempo, 0, "hat"))
        if i % 4 == 0:
            notes.append(Note(start, 4 * a.tempo, 0, "kick"))
        if i % 4 == 2 and a.drums == "full":
            notes.append(Note(start, 4 * a.tempo, 0, "snare"))
    return notes


def lead_base(a):
    return 60 if a.register == "low" else 72


def motif(a, roots, rng, frames):
    """One figure of half a bar, repeated over each chord: its degrees count from the chord's root."""
    rhythm = RHYTHMS[a.density][rng.integers(len(RHYTHMS[a.density]))]
    degrees = [0 if i == 0 else int(rng.choice((0, 2, 4, 4, 1, 3))) for i in range(len(rhythm))]
    notes, half, length = [], 8 * a.tempo, chord_sixteenths(a) * a.tempo
    base = lead_base(a)
    for start in range(0, frames, half):
        root = roots[start // length % 4]
        for i, onset in enumerate(rhythm):
            end = rhythm[i + 1] if i + 1 < len(rhythm) else 8
            pitch = fold(scale_pitch(a, root + degrees[i], base), base, base + 14)
            notes.append(Note(start + onset * a.tempo, (end - onset) * a.tempo, pitch, a.lead))
    return notes


def tune(a, rng, frames):
    """A slow walk on the scale; it begins on the tonic's triad. Notes last one, two or four beats."""
    beats = (2, 2, 4, 1) if a.density == "sparse" else (1, 1, 1, 2)
    degree, at, notes, base = int(rng.choice((0, 2, 4))), 0, [], lead_base(a)
    while at < frames:
        held = 4 * a.tempo * int(rng.choice(beats))
        notes.append(Note(at, held, scale_pitch(a, degree, base), a.lead))
        at += held
        degree += int(rng.choice(TUNE_STEPS))
        degree = min(max(degree, -1), 8)
        if scale_pitch(a, degree, base) >= base + 19:
            degree -= 3
    return notes


def compose(a, rng, frames=WINDOW):
    roots = PROGRESSIONS[a.mode][rng.integers(2)]
    lead = motif(a, roots, rng, frames) if a.kind == "motif" else tune(a, rng, frames)
    pitch = np.full(frames, -1, np.int8)
    for n in lead:
        pitch[n.frame:n.frame + n.frames] = n.midi % 12
    notes = [n for n in lead + harmony(a, roots, frames) + beat(a, frames) if n.frame < frames]
    return Piece(a, frames, notes, pitch)
