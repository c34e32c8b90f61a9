"""Rows for the language model: codes from the shards, captions drawn anew each time, conditions left out at random.

A row is always a whole clip, with the empty cells of its delays at both ends. Most begin where their piece begins, for
that is where generation begins; a few begin later and are judged only after their first two fifths, which is how a
longer piece is continued.
"""

import glob
import json
import os
from dataclasses import dataclass

import numpy as np
import torch

import captions
import music
from attention import TUNE_ROWS
from lm import BOOKS, SPECIAL, TAIL, Rows, delayed
from losses import AHEAD, CLOCKS, answers, clocks

HOP = music.WINDOW // TUNE_ROWS  # frames of one class of a melody
NULL_BOTH = 0.12  # of all rows: what guidance subtracts
NULL_TUNE = 0.5  # of the others
NULL_TEXT = 0.08  # of rows with a tune
NULL_SHORT = 0.3  # of rows without text: one row of zeros, as where there is no prompt at all
OPENING = 0.4  # of a row that begins later: what is given
EARLY = 50  # frames, those in which a piece shows what it is going to be


class Pool:
    """All pieces of a split that lie in a folder; refresh() takes in shards that have been made since."""

    def __init__(self, folder, split):
        self.pattern, self.seen = os.path.join(folder, split + "-*.npz"), set()
        self.codes, self.attributes, self.pitches, self.onsets, self.chroma = [], [], [], [], []
        self.refresh()

    def refresh(self):
        for path in sorted(set(glob.glob(self.pattern)) - self.seen):
            with np.load(path) as shard:
                self.codes += list(shard["codes"])
                self.attributes += [music.Attributes(**json.loads(text)) for text in shard["attributes"]]
                self.pitches += list(shard["lead_pitch"])
                self.onsets += list(shard["onsets"])
                self.chroma += list(shard["chroma"])
            self.seen.add(path)
        self.frames = np.array([codes.shape[1] for codes in self.codes])

    def __len__(self):
        return len(self.codes)


@dataclass
class Row:
    piece: int
    frames: int
    text: list  # ids; how many decides how many rows of zeros stand for no text
    has_text: bool = True
    tune: int = -1  # 0: heard in the mix, 1: in the lead alone, -1: none
    tune_of: int = -1  # another piece's tune
    start: int = 0
    given: int = 0  # frames that are not judged


@dataclass
class Batch:
    rows: Rows
    targets: torch.Tensor  # [M, 8]
    emphasis: torch.Tensor  # [M, 8]
    wanted: torch.Tensor  # [B, questions]
    pitches: torch.Tensor  # [B, C, AHEAD]
    clocks: torch.Tensor  # [B, C, 3]
    has_tune: torch.Tensor  # [B] bool


def classes(pool, row):
    """The 50 classes of a row's melody; one that begins later goes on where it ends, as the engine's windows do."""
    piece = row.tune_of if row.tune_of >= 0 else row.piece
    return np.roll(pool.chroma[piece][row.tune], -(row.start // HOP))


def importance(pool, row, weight):
    """float32 [frames]: weight where the piece begins or a note does, 1 elsewhere, 0 for what is given."""
    part = slice(row.start, row.start + row.frames)
    onset = pool.onsets[row.piece][part].astype(bool)
    new = onset.copy()
    new[1:] |= onset[:-1]  # the right side is a frame behind
    new[: max(0, EARLY - row.start)] = True
    out = np.where(new, weight, 1.0).astype(np.float32)
    out[: row.given] = 0
    return out


def coming(pool, row, columns):
    """int64 [columns, AHEAD]: the lead's class when a column's next frame sounds and later; 12 none, -100 not known."""
    pitch = pool.pitches[row.piece].astype(np.int64)
    pitch = np.concatenate([np.where(pitch < 0, 12, pitch), np.full(columns + max(AHEAD), -100)])
    at = row.start + np.arange(columns)[:, None] + np.array(AHEAD)[None]
    return pitch[at]


def build(pool, rows, weight=1.0, length=0):
    """A Batch of Row; rows without a tune come first in it."""
    rows = sorted(rows, key=lambda row: row.tune >= 0)
    most = max(row.frames for row in rows) + TAIL
    columns = torch.full((len(rows), BOOKS, most), SPECIAL)
    emphasis = torch.zeros(len(rows), BOOKS, most)
    pitches = torch.full((len(rows), most - 1, len(AHEAD)), -100)
    times = torch.zeros(len(rows), most - 1, len(CLOCKS), dtype=torch.long)
    ids = torch.zeros(len(rows), max(len(row.text) for row in rows), dtype=torch.long)
    for i, row in enumerate(rows):
        codes = pool.codes[row.piece][:, row.start : row.start + row.frames].astype(np.int64)
        assert codes.shape[1] == row.frames
        columns[i, :, : row.frames + TAIL] = delayed(torch.from_numpy(codes)[None])[0]
        even = torch.from_numpy(importance(pool, row, weight)).expand(BOOKS, -1)
        emphasis[i, :, : row.frames + TAIL] = delayed(even[None], special=0)[0]
        pitches[i, : row.frames] = torch.from_numpy(coming(pool, row, row.frames))
        times[i] = torch.from_numpy(clocks(pool.attributes[row.piece], row.start + np.arange(most - 1)))
        ids[i, : len(row.text)] = torch.tensor(row.text)
    counts = torch.tensor([row.frames + TAIL - 1 for row in rows])
    tunes = [classes(pool, row) for row in rows if row.tune >= 0]
    tune = torch.from_numpy(np.stack(tunes)).long() if tunes else torch.zeros(0, TUNE_ROWS, dtype=torch.long)
    counted = torch.arange(most - 1)[None] < counts[:, None]
    return Batch(
        Rows(tune, ids, torch.tensor([len(row.text) for row in rows]),
             torch.tensor([float(row.has_text) for row in rows]), columns[:, :, :-1], counts, length),
        columns[:, :, 1:].transpose(1, 2)[counted],
        emphasis[:, :, 1:].transpose(1, 2)[counted],
        torch.tensor([answers(pool.attributes[row.piece]) for row in rows]),
        pitches,
        times,
        torch.tensor([row.tune >= 0 for row in rows]),
    )


class Drawing:
    """Draws training rows that fill `length` positions each."""

    def __init__(self, pool, text, rng, later=0.15):
        self.pool, self.text, self.rng, self.later = pool, text, rng, later

    def row(self, length, candidates):
        rng, pool = self.rng, self.pool
        row = Row(int(candidates[rng.integers(len(candidates))]), 0, [])
        row.text = self.text.ids(captions.caption(pool.attributes[row.piece], rng))
        if rng.random() < NULL_BOTH:
            row.has_text = False
        elif rng.random() >= NULL_TUNE:
            row.tune = int(rng.integers(2))
            row.has_text = rng.random() >= NULL_TEXT
        if not row.has_text and rng.random() < NULL_SHORT:
            row.text = row.text[:1]
        stored = pool.codes[row.piece].shape[1]
        row.frames = min(stored, length - TUNE_ROWS - len(row.text) - TAIL + 1)
        if stored - row.frames >= 2 * HOP and row.frames > 200 and rng.random() < self.later:
            row.start = HOP * int(rng.integers(1, (stored - row.frames) // HOP + 1))
            row.given = int(OPENING * row.frames)
        return row

    def batch(self, count, length, weight):
        """count rows of `length` positions, from pieces long enough where there are any."""
        needed = length - TUNE_ROWS - TAIL - 30
        candidates = np.nonzero(self.pool.frames >= min(needed, self.pool.frames.max()))[0]
        return build(self.pool, [self.row(length, candidates) for _ in range(count)], weight, length)
