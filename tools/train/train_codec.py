"""Trains the codec on sound from synth.py; resumable, and paced by the clock instead of by steps.

    python train_codec.py FOLDER --minutes 65 [--pool FOLDER]

Run the same command again after an interruption: it goes on from FOLDER/codec.pt, which is written every two
minutes, and the learning rate reaches its end when the minutes of training (over all runs) are spent. FOLDER/log.csv
gets a line a minute, and the figures of held-out pieces every five minutes; the last checkpoint is what Codec.load() reads.
The pool is rendered once from its seed and read through a memory map afterwards.

The loss is waveform (L1, and the logarithm of the noise-to-signal ratio, which is what SI-SDR counts), log-mel at several
window lengths, and the encoder's distance to the books. The first steps train without the quantiser, since a book
learnt from an untrained encoder is worthless; then the books start as k-means of recent latents and follow them by
moving averages. What is kept and measured is the running average of the weights.
"""

import argparse
import copy
import csv
import json
import math
import os
import time

import numpy as np
import torch
from torch.nn import functional as F

import music
import synth
from codec import BOOKS, BOOK_SIZE, FILTERS, FRAME, HIDDEN, RATE, RATIOS, Codec, check, nearest

CROP = 40  # frames: 0.8 s
BATCH = 12
RATE_OF_LEARNING = 1.5e-3
WARM_UP = 150  # steps
FREE = 250  # steps without the quantiser
KEPT = 60  # steps whose latents the books start from
POOL_PIECES = 1500
MELS = ((2048, 80), (512, 64), (128, 24))  # window, bands
QUIET = 5e-4  # amplitude that the spectral loss takes for silence: -66 dB
# Waveforms are matched easily here, since notes have fixed phases; hiss between the partials is what remains.
WEIGHTS = {"wave": 5.0, "noise": 0.5, "mel": 3.0, "commit": 0.25}
AVERAGE = 0.999
COLUMNS = ("elapsed", "step", "audio_s", "rate", "wave", "noise", "mel", "commit", "gradient",
           "si_sdr", "mel_ratio", "chroma", "p1", "p2", "p3", "p4")


# ---- sound -----------------------------------------------------------------------------------------


def pool(folder, seed, pieces):
    """A memory map of float16 [2 * pieces, samples]: both sides of every piece, of training combinations only."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "pool-%d-%d.npy" % (seed, pieces))
    if not os.path.exists(path):
        part = np.lib.format.open_memmap(path + ".part", "w+", np.float16, (2 * pieces, music.WINDOW * FRAME))
        for i in range(pieces):
            rng = np.random.Generator(np.random.PCG64([seed, i]))
            part[2 * i:2 * i + 2] = synth.render(music.compose(music.draw(rng), rng))[0]
        part.flush()
        os.replace(path + ".part", path)
    return np.load(path, mmap_mode="r")


def crops(sound, rng):
    """A batch [BATCH, CROP * FRAME] on frame boundaries, as in use; the level varies by 3 dB either way."""
    rows = rng.integers(len(sound), size=BATCH)
    starts = rng.integers(sound.shape[1] // FRAME - CROP + 1, size=BATCH) * FRAME
    batch = np.stack([sound[r, s:s + CROP * FRAME] for r, s in zip(rows, starts)]).astype(np.float32)
    batch *= 10 ** rng.uniform(-0.15, 0.15, (BATCH, 1)).astype(np.float32)
    return torch.from_numpy(batch)


def held_out_clips(count=24, frames=200):
    """Combinations that training never sees, left and right sides in turn."""
    clips = []
    for i in range(count):
        rng = np.random.Generator(np.random.PCG64([99, i]))
        clips.append(synth.render(music.compose(music.draw(rng, held_out=True), rng, frames))[0][i % 2])
    return torch.from_numpy(np.stack(clips))


# ---- spectra ---------------------------------------------------------------------------------------


def mel_bank(window, bands):
    """[bins, bands] triangles evenly spaced in mel from 40 Hz to 14 kHz, each of sum 1."""
    mel = lambda hz: 2595 * math.log10(1 + hz / 700)  # noqa: E731
    edges = 700 * (10 ** (torch.linspace(mel(40.0), mel(14000.0), bands + 2) / 2595) - 1)
    bins = torch.arange(window // 2 + 1) * RATE / window
    step = RATE / window  # narrow bands still have to reach one bin
    rise = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2]).clamp(min=step)
    fall = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1]).clamp(min=step)
    bank = torch.minimum(rise, fall).clamp(min=0)
    return bank / bank.sum(0).clamp(min=1e-9)


class Spectra:
    """Amplitudes in mel bands; a full-scale sine has about 0.5 at its peak bin."""

    def __init__(self, scales):
        self.scales = [(w, torch.hann_window(w), mel_bank(w, bands)) for w, bands in scales]

    def __call__(self, sound):
        for window, shape, bank in self.scales:
            bins = torch.stft(sound, window, window // 4, window, shape, return_complex=True)
            power = torch.view_as_real(bins).square().sum(-1)
            amplitude = (power + 1e-9).sqrt() * (2 / window)
            yield amplitude.transpose(1, 2) @ bank


def mel_loss(spectra, heard, sound):
    with torch.no_grad():
        wanted = list(spectra(sound))
    return sum(((a + QUIET).log() - (b + QUIET).log()).abs().mean() for a, b in zip(spectra(heard), wanted)) / len(wanted)


# ---- books -----------------------------------------------------------------------------------------


class Books:
    """The four codebooks in training: sums and counts of what chose each entry, forgotten at 1 % a step."""

    def __init__(self, codec):
        self.codec = codec
        self.sizes = torch.ones(BOOKS, BOOK_SIZE)
        self.sums = torch.zeros(BOOKS, BOOK_SIZE, HIDDEN)

    def start(self, rows):
        """k-means of what the books before leave over."""
        for k in range(BOOKS):
            book = rows[torch.randperm(len(rows))[:BOOK_SIZE]].clone()
            for _ in range(12):
                codes = nearest(rows, book)
                count = torch.bincount(codes, minlength=BOOK_SIZE).float()
                total = torch.zeros_like(book).index_add_(0, codes, rows)
                lost = count == 0
                book = total / count.clamp(min=1)[:, None]
                book[lost] = rows[torch.randint(len(rows), (int(lost.sum()),))]
            self.codec.books[k] = book
            self.sizes[k] = 1.0
            self.sums[k] = book
            rows = rows - book[nearest(rows, book)]

    @torch.no_grad()
    def follow(self, rows, codes, revive):
        left = rows
        for k in range(BOOKS):
            count = torch.bincount(codes[:, k], minlength=BOOK_SIZE).float()
            self.sizes[k].lerp_(count, 0.01)
            self.sums[k].lerp_(torch.zeros(BOOK_SIZE, HIDDEN).index_add_(0, codes[:, k], left), 0.01)
            if revive:
                # An entry that hardly anything chooses moves to where something is.
                dead = (self.sizes[k] < 0.1 * len(rows) / BOOK_SIZE).nonzero().flatten()
                self.sums[k, dead] = left[torch.randint(len(left), (len(dead),))] * len(rows) / BOOK_SIZE
                self.sizes[k, dead] = len(rows) / BOOK_SIZE
            taken = self.codec.books[k][codes[:, k]]
            self.codec.books[k] = self.sums[k] / self.sizes[k].clamp(min=1e-4)[:, None]
            left = left - taken


def straight_through(codec, latent, rng):
    """Quantised latent whose gradient is the latent's, the commitment loss, and what was chosen for what."""
    rows = latent.detach().permute(0, 2, 1).reshape(-1, HIDDEN)
    codes, meant = codec.quantise(rows)
    batch, _, frames = latent.shape
    target = meant.view(batch, frames, HIDDEN).permute(0, 2, 1)
    commit, given = F.mse_loss(latent, target), target.clone()
    # One crop in ten has to do with fewer books, so that the first ones carry most.
    kept = torch.from_numpy(np.where(rng.random(batch) < 0.1, rng.integers(1, BOOKS, batch), BOOKS))
    if (kept < BOOKS).any():
        chosen = codes.view(batch, frames, BOOKS)
        for i in (kept < BOOKS).nonzero().flatten().tolist():
            given[i] = sum(codec.books[k][chosen[i, :, k]] for k in range(int(kept[i]))).t()
    return latent + (given - latent).detach(), commit, rows, codes


# ---- figures ---------------------------------------------------------------------------------------


def si_sdr(heard, sound):
    scale = (heard * sound).sum(1, keepdim=True) / sound.square().sum(1, keepdim=True)
    wanted = scale * sound
    return 10 * torch.log10(wanted.square().sum(1) / (heard - wanted).square().sum(1))


def chroma_argmax(sound):
    """The strongest pitch class of every fifth of a second, by power between 100 Hz and 2 kHz."""
    bins = torch.stft(sound, 8192, 6400, 8192, torch.hann_window(8192), return_complex=True).abs().square()
    hz = torch.arange(bins.shape[1]) * RATE / 8192
    near = (hz > 100) & (hz < 2000)
    classes = (torch.round(12 * torch.log2(hz[near] / 440)).long() + 9) % 12
    return torch.zeros(len(sound), 12, bins.shape[2]).index_add_(1, classes, bins[:, near]).argmax(1)


@torch.no_grad()
def figures(codec, clips):
    """SI-SDR in dB, log-mel error (floor 40 dB below each clip's peak) over that of the clip's mean spectrum, share of
    windows with the same strongest pitch class, and the perplexity of each book."""
    codes = codec.encode(clips)
    heard = codec.decode(codes)
    spectra = Spectra(((2048, 80),))
    wanted, got = next(spectra(clips)), next(spectra(heard))
    floor = 0.01 * wanted.amax((1, 2), keepdim=True)
    decibels = lambda x: 20 * torch.log10(torch.maximum(x, floor))  # noqa: E731
    wanted, got = decibels(wanted), decibels(got)
    ratio = (got - wanted).abs().mean() / (wanted - wanted.mean(1, keepdim=True)).abs().mean()
    row = {"si_sdr": si_sdr(heard, clips).mean(), "mel_ratio": ratio,
           "chroma": (chroma_argmax(heard) == chroma_argmax(clips)).float().mean()}
    for k in range(BOOKS):
        share = torch.bincount(codes[:, k].flatten(), minlength=BOOK_SIZE).float()
        share = share / share.sum()
        row["p%d" % (k + 1)] = torch.exp(-(share * share.clamp(min=1e-9).log()).sum())
    return {name: round(float(value), 4) for name, value in row.items()}


# ---- training --------------------------------------------------------------------------------------


class Training:
    """Everything that a checkpoint holds."""

    def __init__(self, args):
        torch.manual_seed(args.seed)
        self.folder, self.seconds = args.folder, args.minutes * 60
        self.rng = np.random.Generator(np.random.PCG64(args.seed))
        self.codec = Codec(args.ratios, args.filters)
        self.average = copy.deepcopy(self.codec).requires_grad_(False)
        self.adam = torch.optim.Adam(self.codec.parameters(), lr=RATE_OF_LEARNING, betas=(0.9, 0.99), fused=True)
        self.books = Books(self.codec)
        self.spectra = Spectra(MELS)
        self.step, self.elapsed, self.usual, self.kept = 0, 0.0, 0.0, []
        self.clock = time.time()

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self):
        state = {"ratios": list(self.codec.ratios), "filters": self.codec.filters, "codec": self.average.state_dict(),
                 "raw": self.codec.state_dict(), "adam": self.adam.state_dict(), "sizes": self.books.sizes,
                 "sums": self.books.sums, "kept": self.kept, "step": self.step, "elapsed": self.elapsed, "usual": self.usual,
                 "rng": json.dumps(self.rng.bit_generator.state), "torch_rng": torch.get_rng_state()}
        torch.save(state, self.path("codec.pt.part"))
        os.replace(self.path("codec.pt.part"), self.path("codec.pt"))

    def resume(self):
        if not os.path.exists(self.path("codec.pt")):
            return
        state = torch.load(self.path("codec.pt"), weights_only=True)
        self.average.load_state_dict(state["codec"])
        self.codec.load_state_dict(state["raw"])
        self.adam.load_state_dict(state["adam"])
        self.books.sizes, self.books.sums, self.kept = state["sizes"], state["sums"], state["kept"]
        self.step, self.elapsed, self.usual = state["step"], state["elapsed"], state["usual"]
        self.rng.bit_generator.state = json.loads(state["rng"])
        torch.set_rng_state(state["torch_rng"])
        print("going on from step %d, %.0f s" % (self.step, self.elapsed), flush=True)

    def tick(self):
        now = time.time()
        self.elapsed += now - self.clock
        self.clock = now

    def pace(self):
        """The learning rate: up over the first steps, down as a cosine of the time that is spent."""
        down = 0.5 + 0.5 * math.cos(math.pi * min(1.0, self.elapsed / self.seconds))
        return RATE_OF_LEARNING * min(1.0, (self.step + 1) / WARM_UP) * max(0.01, down)

    def losses(self, sound):
        """The parts of the loss of one batch; also lets the books follow."""
        with torch.autocast("cpu", torch.bfloat16):
            latent = self.codec.encoder(sound.unsqueeze(1))
        latent, commit = latent.float(), torch.zeros(())
        rows = None
        if self.step >= FREE:
            if self.kept:
                self.books.start(torch.cat(self.kept).float())
                self.kept = []
            latent, commit, rows, codes = straight_through(self.codec, latent, self.rng)
        elif self.step >= FREE - KEPT:
            self.kept.append(latent.detach().permute(0, 2, 1).reshape(-1, HIDDEN)[::2].half())
        with torch.autocast("cpu", torch.bfloat16):
            heard = self.codec.decoder(latent)
        heard = heard.float().squeeze(1)
        if rows is not None:
            self.books.follow(rows, codes, self.step % 20 == 0 and self.elapsed < 0.8 * self.seconds)
        gap = heard - sound
        noise = torch.log10((gap.square().mean(1) + 1e-5) / (sound.square().mean(1) + 1e-5)).mean()
        return {"wave": gap.abs().mean(), "noise": noise, "mel": mel_loss(self.spectra, heard, sound), "commit": commit}

    def advance(self, sound):
        for group in self.adam.param_groups:
            group["lr"] = self.pace()
        parts = self.losses(sound)
        self.adam.zero_grad()
        sum(WEIGHTS[name] * value for name, value in parts.items()).backward()
        # Clipped at twice what is usual, so that one odd batch cannot undo many.
        limit = 2 * self.usual if self.usual else 10.0
        norm = float(torch.nn.utils.clip_grad_norm_(self.codec.parameters(), limit))
        self.usual = 0.98 * self.usual + 0.02 * min(norm, limit) if self.usual else min(norm, limit)
        self.adam.step()
        share = max(1 - AVERAGE, 1 / (1 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.codec.parameters()), share)
            if self.step <= FREE + 1:
                self.average.books.copy_(self.codec.books)
            else:
                self.average.books.lerp_(self.codec.books, share)
        self.step += 1
        return {name: float(value) for name, value in parts.items()} | {"gradient": norm}

    def log(self, row):
        fresh = not os.path.exists(self.path("log.csv"))
        with open(self.path("log.csv"), "a", newline="") as f:
            out = csv.DictWriter(f, COLUMNS)
            if fresh:
                out.writeheader()
            out.writerow(row)
        print("  ".join("%s %s" % (name, row[name]) for name in COLUMNS if name in row), flush=True)


def train(args):
    os.makedirs(args.folder, exist_ok=True)
    sound = pool(args.pool, args.seed, POOL_PIECES)
    clips = held_out_clips()
    run = Training(args)
    run.resume()
    run.clock = time.time()
    sums, count, logged, saved, measured = {}, 0, run.elapsed, run.elapsed, run.elapsed
    while run.elapsed < run.seconds:
        for name, value in run.advance(crops(sound, run.rng)).items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        run.tick()
        done = run.elapsed >= run.seconds
        if run.elapsed - logged >= 60 or done:
            row = {"elapsed": round(run.elapsed), "step": run.step, "audio_s": round(run.step * BATCH * CROP * FRAME / RATE),
                   "rate": "%.2e" % run.pace(), **{name: "%.4f" % (value / count) for name, value in sums.items()}}
            if run.elapsed - measured >= 290 or done:
                row.update(figures(run.average, clips))
                measured = run.elapsed
            run.log(row)
            sums, count, logged = {}, 0, run.elapsed
        if run.elapsed - saved >= 120 or done:
            run.save()
            saved = run.elapsed
    check(run.average)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--pool", default="pool")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filters", type=int, default=FILTERS)
    parser.add_argument("--ratios", type=lambda s: [int(x) for x in s.split(",")], default=RATIOS)
    torch.set_flush_denormal(True)
    torch.set_num_threads(2)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
