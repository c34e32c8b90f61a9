"""What the language model is trained on: the codes, and questions that make it look at its condition.

A small model learns to continue music long before it learns to obey a prompt, because looking back one beat pays at
every frame and looking at the text pays a little at the first ones. The questions are linear classifiers that are
thrown away after training. They ask, half way up the decoder, for what the caption says, for the melody's coming
notes and for the place in the bar; to answer, the model must carry its condition to every frame and count, and the upper half
finds both.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import music

CHUNK = 512  # positions whose logits exist at a time
BOOK_WEIGHTS = (1.0, 1.0, 0.7, 0.7, 0.4, 0.4, 0.3, 0.3)

# The attributes that captions name, and their values.
QUESTIONS = {
    "tempo": music.TEMPOS,
    "tonic": music.TONICS,
    "mode": music.MODES,
    "lead": music.LEADS,
    "drums": music.DRUMS,
    "bass": (False, True),
    "chords": (False, True),
    "register": music.REGISTERS,
    "density": music.DENSITIES,
    "width": music.WIDTHS,
    "kind": music.KINDS,
}
AHEAD = (0, 10, 20)  # frames: a melody's pitch now, and before it can be heard
PITCHES = 13  # twelve classes, and silence
# Frames into the eighth note, the eighth within half a bar, the chord of four: what the time says about the next frame.
CLOCKS = (2 * max(music.TEMPOS), 4, 4)


class HeadsLoss(torch.autograd.Function):
    """(hidden [M, d], weight [8 * V, d], targets [M, 8], weights [M, 8], fast) -> weighted sum, cross-entropies [M, 8].

    Makes the gradient on the way, a chunk at a time, so that the logits of a batch never lie in memory.
    """

    @staticmethod
    def forward(ctx, hidden, weight, targets, weights, fast):
        books = targets.shape[1]
        rows, table = hidden.to(fast), weight.to(fast)
        by_hidden, by_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        entropies = hidden.new_empty(targets.shape)
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            logits = F.linear(rows[part], table)
            chances = torch.softmax(logits.view(len(logits), books, -1), -1, dtype=torch.float32)
            at = targets[part, :, None]
            hit = chances.gather(2, at)
            entropies[part] = -hit[:, :, 0].clamp(min=1e-30).log()
            chances.scatter_(2, at, hit - 1).mul_(weights[part, :, None])
            slope = chances.view(len(logits), -1).to(fast)
            by_hidden[part] = slope @ table
            by_weight += slope.t() @ rows[part]
        ctx.save_for_backward(by_hidden, by_weight)
        ctx.mark_non_differentiable(entropies)
        return (entropies * weights).sum(), entropies

    @staticmethod
    def backward(ctx, grad, _):
        by_hidden, by_weight = ctx.saved_tensors
        return by_hidden * grad, by_weight * grad, None, None, None


def cell_weights(targets, special, emphasis):
    """[M, 8] that add up to 1: none for special cells, by level of book and by how much its frame matters [M, 8]."""
    weights = (targets != special) * torch.tensor(BOOK_WEIGHTS) * emphasis
    return weights / weights.sum().clamp(min=1e-9)


# ---- questions -------------------------------------------------------------------------------------


def clocks(attributes, frames):
    """[len(frames), 3]: what CLOCKS say at these frames of a piece."""
    eighth = 2 * attributes.tempo
    chord = music.chord_sixteenths(attributes) * attributes.tempo
    return np.stack([frames % eighth, frames // eighth % 4, frames // chord % 4], -1)


def answers(attributes):
    """[questions] of an Attributes: the place of each value among those that it can have."""
    return [values.index(getattr(attributes, name)) for name, values in QUESTIONS.items()]


class Questions(nn.Module):
    """Classifiers on T5's mean state, on the decoder's middle states, and of the melody on the latter."""

    def __init__(self, text_width, width):
        super().__init__()
        self.sizes = [len(values) for values in QUESTIONS.values()]
        self.norm_text, self.norm = nn.LayerNorm(text_width), nn.LayerNorm(width)
        self.of_text = nn.Linear(text_width, sum(self.sizes))
        self.of_state = nn.Linear(width, sum(self.sizes))
        self.of_melody = nn.Linear(width, len(AHEAD) * PITCHES)
        self.of_clock = nn.Linear(width, sum(CLOCKS))

    def attributes(self, logits, wanted):
        """Mean cross-entropy over all questions, and the share of right answers to each [questions]."""
        losses, right = [], []
        for i, part in enumerate(logits.split(self.sizes, -1)):
            losses.append(F.cross_entropy(part, wanted[:, i]))
            right.append((part.argmax(-1) == wanted[:, i]).float().mean())
        return torch.stack(losses).mean(), torch.stack(right).detach()

    def text(self, states, lengths, wanted):
        inside = (torch.arange(states.shape[1])[None] < lengths[:, None]).float()[:, :, None]
        mean = (states * inside).sum(1) / lengths[:, None]
        return self.attributes(self.of_text(self.norm_text(mean)), wanted)

    def state(self, middle, wanted):
        return self.attributes(self.of_state(self.norm(middle)), wanted)

    def melody(self, middle, pitches):
        """pitches [N, AHEAD], -100 where not asked -> cross-entropy, share of right answers to each of AHEAD"""
        logits = self.of_melody(self.norm(middle)).view(-1, len(AHEAD), PITCHES)
        loss = F.cross_entropy(logits.flatten(0, 1), pitches.flatten(), ignore_index=-100)
        asked = pitches >= 0
        right = ((logits.argmax(-1) == pitches) & asked).sum(0) / asked.sum(0).clamp(min=1)
        return loss, right.detach()

    def clock(self, middle, told):
        """told [N, 3] as clocks() gives them -> cross-entropy, share of right answers to each"""
        parts = self.of_clock(self.norm(middle)).split(CLOCKS, -1)
        losses = [F.cross_entropy(part, told[:, i]) for i, part in enumerate(parts)]
        right = [(part.argmax(-1) == told[:, i]).float().mean() for i, part in enumerate(parts)]
        return torch.stack(losses).mean(), torch.stack(right).detach()
