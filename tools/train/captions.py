"""Says a piece's attributes in words, each time differently.

A caption names the lead, the key and the tempo nearly always and the rest often, in changing order and wording, so
that the model learns the words and not one sentence. `words()` lists all that can occur: the tokenizer's vocabulary is made
of it, with more words that people type which simply stay without a meaning for the model.
"""

import re

import numpy as np

TONIC_NAMES = {0: "C", 2: "D", 4: "E", 5: "F", 7: "G", 9: "A", 11: "B"}
LEAD_WORDS = {
    "piano": ("piano", "grand piano", "felt piano"),
    "flute": ("flute", "soft flute", "wooden flute"),
    "organ": ("organ", "church organ", "electric organ"),
    "bells": ("bells", "music box", "glockenspiel"),
    "synth": ("synth", "synth lead", "chiptune synth"),
}
TEMPO_WORDS = {5: ("very fast", "rapid"), 6: ("fast", "upbeat"), 7: ("medium tempo", "moderate"), 9: ("slow", "relaxed"),
               11: ("very slow", "calm")}
MODE_WORDS = {"major": ("happy", "bright", "cheerful"), "minor": ("sad", "dark", "melancholic")}
DRUM_WORDS = {"none": ("no drums", "without drums"), "light": ("light drums", "soft percussion", "with light drums"),
              "full": ("drums", "full drums", "with drums", "a drum beat")}
BASS_WORDS = {True: ("bass", "with bass"), False: ("no bass", "without bass")}
CHORD_WORDS = {True: ("with chords", "warm pads", "a pad"), False: ("no chords", "solo")}
REGISTER_WORDS = {"low": ("low register", "low"), "high": ("high register", "high")}
DENSITY_WORDS = {"sparse": ("sparse", "few notes"), "busy": ("busy", "many notes")}
WIDTH_WORDS = {"narrow": ("narrow stereo",), "wide": ("wide stereo", "spacious")}
KIND_WORDS = {"motif": ("riff", "loop", "pattern"), "tune": ("melody", "tune", "song")}
JOINS = (", ", ", ", ", ", ", ", "; ", " and ")
OTHER = """
of the in at on for to by from music track piece theme sound sounds game film night day morning rain ambient lofi pop rock jazz folk techno
house classical electronic acoustic gentle warm cold soft loud dreamy tense epic playful hopeful energetic relaxing background instrumental guitar
violin strings vocals rhythm beat tempo key note notes harmony lead bassline arpeggio simple short long minute second hall room
""".split()


def lead_part(a, pick):
    kind = pick(KIND_WORDS[a.kind])
    lead = pick(LEAD_WORDS[a.lead])
    return pick(("%s %s" % (lead, kind), "%s on %s" % (kind, lead)))


def tempo_part(a, pick):
    word, bpm = pick(TEMPO_WORDS[a.tempo]), "%d bpm" % a.bpm
    return pick((bpm, word, "%s, %s" % (word, bpm), "%s, %s" % (bpm, word)))


def key_part(a, pick):
    return pick(("in %s %s", "%s %s", "key of %s %s")) % (TONIC_NAMES[a.tonic], a.mode)


def parts(a, rng):
    """The parts of a caption in no order: lead, key and tempo, then those of the rest that are named this time."""
    pick = lambda values: values[rng.integers(len(values))]  # noqa: E731
    out = [lead_part(a, pick)]
    out += [key_part(a, pick)] if rng.random() < 0.95 else []
    out += [tempo_part(a, pick)] if rng.random() < 0.95 else []
    rest = [(0.9, DRUM_WORDS[a.drums]), (0.5, BASS_WORDS[a.bass]), (0.5, CHORD_WORDS[a.chords]),
            (0.5, REGISTER_WORDS[a.register]), (0.5, DENSITY_WORDS[a.density]), (0.3, WIDTH_WORDS[a.width]),
            (0.3, MODE_WORDS[a.mode])]
    return out + [pick(words) for share, words in rest if rng.random() < share]


def caption(a, rng):
    out = parts(a, rng)
    rng.shuffle(out)
    text = out[0]
    for part in out[1:]:
        text += JOINS[rng.integers(len(JOINS))] + part
    return text


def words():
    """Every word that captions can hold, and OTHER; numbers whole. Sorted."""
    tables = (LEAD_WORDS, TEMPO_WORDS, MODE_WORDS, DRUM_WORDS, BASS_WORDS, CHORD_WORDS, REGISTER_WORDS, DENSITY_WORDS,
              WIDTH_WORDS, KIND_WORDS)
    text = " ".join(" ".join(values) for table in tables for values in table.values())
    text += " on in key of with and bpm major minor C D E F G A B 150 125 107 83 68 " + " ".join(OTHER)
    return sorted(set(re.findall(r"[A-Za-z0-9]+", text)))


if __name__ == "__main__":
    import music

    for seed in range(20):
        g = np.random.Generator(np.random.PCG64(seed))
        print(caption(music.draw(g), g))
