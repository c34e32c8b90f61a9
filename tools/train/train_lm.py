"""Trains the language model on codes; the same command goes on where it was stopped.

    python tools/train/train_lm.py CODES FOLDER --minutes 90 --decay-minutes 15

CODES holds the shards of make_codes.py (splits train, unseen and held); new ones are taken in as they appear. FOLDER
gets lm.pt every few minutes, train.csv every minute and gauges.csv every five.

Time counts, not steps: minutes of training so far are in the checkpoint. The rate of learning rises over the first
steps, stays, and falls over the last --decay-minutes; what was there when it began to fall is kept as lm-stable.pt, so
that a longer training can go on from it (copy it to lm.pt and give more --minutes).

Rows are short at first, because a piece shows in its first seconds what its text decides, and short rows mean many
pieces: CURRICULUM says for how long, and what comes then.
"""

import argparse
import csv
import os
import time

import numpy as np
import torch

import captions
import gauges
import music
import vocabulary
from batches import Drawing, Pool
from lm import SPECIAL, MusicLM, Shape
from losses import HeadsLoss, Questions, answers, cell_weights

# Positions of a row: 50 of melody, some 20 of text, and 3 s, 6 s or 10 s. Multiples of 32 compute faster.
LENGTHS = (224, 384, 576)
# Until which share of the minutes, and how often each of LENGTHS is drawn.
CURRICULUM = ((0.55, (1.0, 0.0, 0.0)), (0.80, (0.25, 0.75, 0.0)), (1.0, (0.15, 0.25, 0.6)))
WARMUP = 200  # steps
CLIP = 1.0
SAVE_EVERY, LOG_EVERY, GAUGE_EVERY = 180, 60, 300  # seconds
AVERAGE = 0.999  # of the weights, a step: what is exported
TEXT_BATCH = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes")
    parser.add_argument("folder")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--decay-minutes", type=float, default=15)
    parser.add_argument("--text-minutes", type=float, default=1, help="of the text encoder alone, before everything")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--positions", type=int, default=3584, help="of a batch: rows times their length")
    parser.add_argument("--emphasis", type=float, default=2.5, help="weight of frames in which something begins")
    parser.add_argument("--ask", type=float, nargs=4, default=(0.05, 0.3, 0.3, 0.3), metavar="WEIGHT",
                        help="of the questions to T5, to the middle layer, about the melody and about the time")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="compute in f32")
    return parser.parse_args()


class State:
    """All that a checkpoint holds."""

    def __init__(self, args):
        torch.manual_seed(args.seed)
        self.path = os.path.join(args.folder, "lm.pt")
        saved = torch.load(self.path, weights_only=False) if os.path.exists(self.path) else None
        self.vocab = saved["vocab"] if saved else vocabulary.pieces()
        self.shape = Shape(**saved["shape"]) if saved else Shape(pieces=len(self.vocab))
        self.model = MusicLM(self.shape, args.dropout, torch.float32 if args.full else torch.bfloat16)
        self.questions = Questions(self.shape.text_width, self.shape.width)
        self.optimizer = optimizer(self.model, self.questions, args.rate)
        self.step, self.seconds, self.text_done = 0, 0.0, False
        self.rng = np.random.Generator(np.random.PCG64([args.seed, 1]))
        if saved:
            self.model.load_state_dict(saved["model"])
            self.questions.load_state_dict(saved["questions"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.step, self.seconds, self.text_done = saved["step"], saved["seconds"], saved["text_done"]
            self.rng.bit_generator.state = saved["rng"]
        self.weights = list(self.model.parameters())
        self.average = [p.detach().clone() for p in self.weights]
        if saved:
            for mine, theirs in zip(self.average, saved["average"].values()):
                mine.copy_(theirs)

    def save(self, name="lm.pt"):
        """Whole or not at all."""
        path = os.path.join(os.path.dirname(self.path), name)
        names = [name for name, _ in self.model.named_parameters()]
        torch.save({"vocab": self.vocab, "shape": self.shape.as_dict(), "model": self.model.state_dict(),
                    "average": dict(zip(names, self.average)), "questions": self.questions.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "step": self.step, "seconds": self.seconds,
                    "text_done": self.text_done, "rng": self.rng.bit_generator.state}, path + ".part")
        os.replace(path + ".part", path)

    def swap(self):
        """Puts the averaged weights into the model, or takes them out again."""
        with torch.no_grad():
            for mine, theirs in zip(self.weights, self.average):
                kept = mine.clone()
                mine.copy_(theirs)
                theirs.copy_(kept)


def optimizer(model, questions, rate):
    """Decay for matrices that multiply; none for tables, norms and biases."""
    held, free = [], []
    for name, p in list(model.named_parameters()) + list(questions.named_parameters()):
        is_table = name in ("embed.weight", "text.embed.weight", "text.distance.weight")
        (free if p.dim() == 1 or is_table else held).append(p)
    groups = [{"params": held, "weight_decay": 0.05}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


def learn_words(state, text, minutes):
    """The text encoder alone learns what its words say, from captions without music."""
    weights = list(state.model.text.parameters()) + list(state.questions.parameters())
    adam = torch.optim.AdamW(weights, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.01)
    until, rng, step = time.time() + 60 * minutes, state.rng, 0
    while time.time() < until:
        drawn = [music.draw(rng) for _ in range(TEXT_BATCH)]
        ids = [text.ids(captions.caption(a, rng)) for a in drawn]
        lengths = torch.tensor([len(row) for row in ids])
        padded = torch.tensor([row + [0] * (int(lengths.max()) - len(row)) for row in ids])
        loss, right = state.questions.text(state.model.text(padded, lengths), lengths, torch.tensor([answers(a) for a in drawn]))
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        adam.step()
        step += 1
    if step:
        print("words: %d steps, loss %.3f, right %s" % (step, loss, " ".join("%.2f" % x for x in right)), flush=True)
    state.average = [p.detach().clone() for p in state.weights]
    state.text_done = True


def rate_now(state, args):
    """Of --rate: up over the first steps, then level, then down over the last minutes."""
    left = (60 * args.minutes - state.seconds) / max(1e-9, 60 * args.decay_minutes)
    return min(1.0, (state.step + 1) / WARMUP, max(left, 0.01))


def draw_length(state, args):
    part = state.seconds / (60 * args.minutes)
    mixture = next(shares for until, shares in CURRICULUM if part < until or until == 1.0)
    return LENGTHS[state.rng.choice(len(LENGTHS), p=mixture)]


def asked(state, batch, out, tell):
    """The questions' losses: to T5, to the middle states about the text, about the melody, about the time."""
    middle, _, states, row, column = out
    has_text = batch.rows.has_text > 0
    of_text = state.questions.text(states[has_text], batch.rows.lengths[has_text], batch.wanted[has_text])[0]
    some = has_text[row] & ((column < 25) | (column % 6 == 0))
    of_state = state.questions.state(middle[some], batch.wanted[row[some]])[0]
    some = batch.has_tune[row] & (column % 3 == state.step % 3)
    of_melody = middle.new_zeros(())
    if some.any():
        of_melody = state.questions.melody(middle[some], batch.pitches[row[some], column[some]])[0]
    some = has_text[row] & (column % 3 == (state.step + 1) % 3)
    of_clock = state.questions.clock(middle[some], batch.clocks[row[some], column[some]])[0]
    losses = torch.stack([of_text, of_state, of_melody, of_clock])
    return (losses * torch.tensor(tell)).sum(), losses.detach()


def learn(state, args, drawing):
    """One step; gives cross-entropy by level of book, the questions' losses and frames."""
    length = draw_length(state, args)
    batch = drawing.batch(max(1, args.positions // length), length, args.emphasis)
    level = rate_now(state, args)
    for group in state.optimizer.param_groups:
        group["lr"] = args.rate * level
    out = state.model(batch.rows)
    weights = cell_weights(batch.targets, SPECIAL, batch.emphasis)
    targets = batch.targets.clamp(max=SPECIAL - 1)
    loss, costs = HeadsLoss.apply(out[1], state.model.heads.weight, targets, weights, state.model.fast)
    fading = min(1.0, level) if state.step > WARMUP else 1.0  # questions fade out with the rate
    extra, told = asked(state, batch, out, [weight * fading for weight in args.ask])
    state.optimizer.zero_grad()
    (loss + extra).backward()
    torch.nn.utils.clip_grad_norm_(state.weights + list(state.questions.parameters()), CLIP)
    state.optimizer.step()
    state.step += 1
    with torch.no_grad():
        torch._foreach_lerp_(state.average, state.weights, 1 - min(AVERAGE, state.step / (state.step + 10)))
    real = (batch.targets < SPECIAL).float()
    by_book = (costs * real).sum(0) / real.sum(0)
    return by_book.view(4, 2).mean(1), told, int(batch.rows.counts.sum())


class Log:
    """Rows of a CSV file whose columns are named by its first row."""

    def __init__(self, path):
        self.path = path

    def add(self, values):
        is_new = not os.path.exists(self.path)
        with open(self.path, "a", newline="") as f:
            writer = csv.writer(f)
            if is_new:
                writer.writerow(values)
            writer.writerow("%.4g" % v if isinstance(v, float) else v for v in values.values())
        print(" ".join("%s %s" % (k, "%.3f" % v if isinstance(v, float) else v) for k, v in values.items()), flush=True)


def gauge(state, pools, text, log):
    state.swap()
    state.model.eval()
    for name, pool in pools.items():
        if len(pool):
            got = gauges.measure(state.model, state.questions, pool, 32, text)
            log.add({"minute": round(state.seconds / 60, 1), "step": state.step, "split": name, **got})
    state.model.train()
    state.swap()


def train(state, args, text):
    pool = Pool(args.codes, "train")
    pools = {name: Pool(args.codes, name) for name in ("unseen", "held")}
    drawing = Drawing(pool, text, state.rng)
    steps, questions = Log(os.path.join(args.folder, "train.csv")), Log(os.path.join(args.folder, "gauges.csv"))
    saved = logged = state.seconds
    gauged, sums, count, frames = state.seconds, 0, 0, 0
    decay_from = 60 * (args.minutes - args.decay_minutes)
    while state.seconds < 60 * args.minutes:
        began = time.time()
        costs, told, fed = learn(state, args, drawing)
        sums, count, frames = sums + torch.cat([costs, told]), count + 1, frames + fed
        before, state.seconds = state.seconds, state.seconds + time.time() - began
        if before < decay_from <= state.seconds:
            state.save("lm-stable.pt")
        if state.seconds - logged >= LOG_EVERY:
            names = ("book1", "book2", "book3", "book4", "ask_text", "ask_state", "ask_melody", "ask_clock")
            steps.add({"minute": round(state.seconds / 60, 1), "step": state.step, "pieces": len(pool),
                       "rate": args.rate * rate_now(state, args), "audio_per_s": frames / 50 / (state.seconds - logged),
                       **dict(zip(names, (sums / count).tolist()))})
            logged, sums, count, frames = state.seconds, 0, 0, 0
            pool.refresh()
        if state.seconds - saved >= SAVE_EVERY:
            state.save()
            saved = state.seconds
        if state.seconds - gauged >= GAUGE_EVERY:
            gauge(state, pools, text, questions)
            gauged = state.seconds
    state.save()
    gauge(state, pools, text, questions)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    os.makedirs(args.folder, exist_ok=True)
    state = State(args)
    text = vocabulary.Text(state.vocab)
    if not state.text_done:
        learn_words(state, text, args.text_minutes)
    state.model.train()
    train(state, args, text)


if __name__ == "__main__":
    main()
