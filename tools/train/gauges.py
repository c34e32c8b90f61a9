"""The numbers to steer by: how much better held-out pieces are predicted because of their text and their melody.

Likelihood alone does not tell whether a model obeys. Each piece is read with its own caption, with none and with
another piece's, with its tune, without and with another one: what the right condition is worth, in nats a code of the
first book, is the difference. 0 means that the condition is ignored.
"""

import numpy as np
import torch

import captions
from batches import Row, build
from losses import QUESTIONS, cell_weights
from lm import SPECIAL, product

FRAMES = 150
START = 60  # frames: what text decides, it decides first
ROWS = 16

# What is told: text and tune are "right", "none" or "wrong".
READINGS = {
    "text": ("right", "none"),
    "no text": ("none", "none"),
    "wrong text": ("wrong", "none"),
    "tune": ("right", "right"),
    "wrong tune": ("right", "wrong"),
}


def other(pool, piece, count):
    """The next piece whose lead, key and tempo are all different."""
    a = pool.attributes[piece]
    for step in range(1, count):
        b = pool.attributes[(piece + step) % count]
        if a.lead != b.lead and a.tempo != b.tempo and (a.tonic, a.mode) != (b.tonic, b.mode):
            return (piece + step) % count
    return (piece + 1) % count


def rows_of(pool, count, text, reading):
    """The same captions at every call: a change of the numbers is a change of the model."""
    told, heard = READINGS[reading]
    rows = []
    for piece in range(count):
        false = other(pool, piece, count)
        named = false if told == "wrong" else piece
        rng = np.random.Generator(np.random.PCG64([3, named]))
        ids = text.ids(captions.caption(pool.attributes[named], rng))
        frames = min(FRAMES, pool.codes[piece].shape[1])
        rows.append(Row(piece, frames, ids, has_text=told != "none", tune=-1 if heard == "none" else 1,
                        tune_of=false if heard == "wrong" else -1))
    return rows


def entropies(model, hidden, targets):
    logits = product(hidden, model.heads, model.fast).float().view(*targets.shape, -1)
    real = targets.clamp(max=SPECIAL - 1)
    return -torch.log_softmax(logits, -1).gather(2, real[:, :, None])[:, :, 0]


def read(model, questions, pool, count, text, reading):
    """Cross-entropies of the first book at the start and in all, of all books, and the questions' answers."""
    early, first, every, answers, melody, clock = [], [], [], [], [], []
    for at in range(0, count, ROWS):
        batch = build(pool, rows_of(pool, count, text, reading)[at : at + ROWS])
        middle, hidden, _, row, column = model(batch.rows)
        weights = cell_weights(batch.targets, SPECIAL, torch.ones(batch.targets.shape)) > 0
        cost = entropies(model, hidden, batch.targets)
        left = weights[:, 0]
        early.append(cost[:, 0][left & (column < START)])
        first.append(cost[:, 0][left])
        every.append(cost[weights])
        answers.append(questions.state(middle[column == 0], batch.wanted)[1])  # before anything was heard
        asked = column % 5 == 0
        melody.append(questions.melody(middle[asked], batch.pitches[row[asked], column[asked]])[1])
        clock.append(questions.clock(middle[asked], batch.clocks[row[asked], column[asked]])[1])
    mean = [float(torch.cat(part).mean()) for part in (early, first, every)]
    return mean, torch.stack(answers).mean(0), torch.stack(melody).mean(0), torch.stack(clock).mean(0)


@torch.no_grad()
def measure(model, questions, pool, count, text):
    """Names and numbers of one split, in an order that does not change."""
    count = min(count, len(pool))
    got = {reading: read(model, questions, pool, count, text, reading) for reading in READINGS}
    cost = {reading: values[0] for reading, values in got.items()}
    out = {
        "book1": cost["text"][1],
        "all": cost["text"][2],
        "no_text_start": cost["no text"][0] - cost["text"][0],
        "wrong_text_start": cost["wrong text"][0] - cost["text"][0],
        "no_text": cost["no text"][1] - cost["text"][1],
        "wrong_text": cost["wrong text"][1] - cost["text"][1],
        "no_tune": cost["text"][1] - cost["tune"][1],
        "wrong_tune": cost["wrong tune"][1] - cost["tune"][1],
    }
    out.update({"say_" + name: float(share) for name, share in zip(QUESTIONS, got["text"][1])})
    out.update({"hear_%d" % i: float(share) for i, share in enumerate(got["tune"][2])})
    out.update({"count_%d" % i: float(share) for i, share in enumerate(got["text"][3])})
    out["hear_2_untold"] = float(got["text"][2][2])
    return out
