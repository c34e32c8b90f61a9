"""The measurements of evaluation: what the codec keeps, what prompts lead to, whether a melody is followed, whether both
sides play the same.

Every function takes what it needs and returns figures (intervals.py) by name. All pieces are of held-out combinations.
"""

import dataclasses
import os
import re

import numpy as np
import torch

import captions
import hearing
import intervals
import judge as judging
import music
import streams
import synth
import takes
from codec import BOOK_SIZE, BOOKS

BATCH = 8

# ---- pieces, prompts -------------------------------------------------------------------------------


def named(text, a):
    """Does a caption name everything that is judged? (The lead is in all of them.)"""
    key = "%s %s" % (captions.TONIC_NAMES[a.tonic], a.mode)
    tempo = captions.TEMPO_WORDS[a.tempo] + ("%d bpm" % a.bpm,)
    has = lambda words: any(re.search(r"\b%s\b" % re.escape(w), text) for w in words)  # noqa: E731
    return has([key]) and has(tempo) and has(captions.DRUM_WORDS[a.drums])


def prompts(stream, count):
    """`count` held-out attributes, each with a caption that names tempo, key, lead and drums: (attributes, asks)."""
    attributes, asks = [], []
    for index in range(count):
        rng = streams.rng(stream, index)
        a = music.draw(rng, held_out=True)
        text = captions.caption(a, rng)
        while not named(text, a):
            text = captions.caption(a, rng)
        attributes.append(a)
        asks.append(takes.Ask("%s-%03d" % (stream, index), text, 1 + index))
    return attributes, asks


def tunes(folder, count):
    """Slow tunes whose lead alone is written to a WAV that mgbatch is to follow: (pieces, asks)."""
    os.makedirs(folder, exist_ok=True)
    pieces, asks = [], []
    for index in range(count):
        rng = streams.rng("melody", index)
        a = dataclasses.replace(music.draw(rng, held_out=True), kind="tune", density="sparse")
        piece = music.compose(a, rng)
        path = os.path.abspath(os.path.join(folder, "tune-%03d.wav" % index))
        synth.write_wav(path, synth.render(piece)[1][None])
        pieces.append(piece)
        asks.append(takes.Ask("melody-%03d" % index, captions.caption(a, rng), 1 + index, path))
    return pieces, asks


def resung(codec, pieces):
    """The synthesiser's own stereo of each piece, through the codec: what a perfect model would make."""
    for piece in pieces:
        mix = torch.from_numpy(synth.render(piece)[0])
        yield codec.decode(codec.encode(mix))


def composed(attributes):
    return [music.compose(a, streams.rng("ceiling", i)) for i, a in enumerate(attributes)]


# ---- the codec -------------------------------------------------------------------------------------


def codec_rows(codec, count):
    """For each of `count` clips: log-mel distance of the codec and of the clip's mean spectrum, SI-SDR, the classes of chroma kept
    and true, codes of each book counted."""
    rows = []
    for first in range(0, count, BATCH):
        sounds = []
        for index in range(first, min(first + BATCH, count)):
            rng = streams.rng("codec", index)
            mix, _ = synth.render(music.compose(music.draw(rng, held_out=True), rng))
            sounds.append(torch.from_numpy(mix[index % 2]))
        codes = codec.encode(torch.stack(sounds))
        for truth, kept, code in zip(sounds, codec.decode(codes), codes):
            rows.append(codec_row(truth, kept) + ([torch.bincount(c, minlength=BOOK_SIZE).numpy() for c in code],))
    return rows


def codec_row(truth, kept):
    powers = hearing.mel(truth[None])[0]
    level = hearing.decibels(powers, powers.max())
    heard = hearing.decibels(hearing.mel(kept[None])[0], powers.max())
    return (float((heard - level).abs().mean()), float((level.mean(1, keepdim=True) - level).abs().mean()),
            hearing.si_sdr(kept, truth), hearing.classes(kept[None]).numpy(), hearing.classes(truth[None]).numpy())


def codec_trial(codec, count):
    distance, baseline, sdr, kept, true, books = zip(*codec_rows(codec, count))
    own, others, _ = follows(np.stack(kept), np.stack(true), np.arange(count))
    out = {"mel over baseline": intervals.ratio(distance, baseline), "mel, dB": intervals.mean(distance),
           "SI-SDR, dB": intervals.mean(sdr), "chroma kept": intervals.mean(own) | {"chance": float(others.mean())}}
    out["mel over baseline"]["chance"] = 1.0
    for k in range(BOOKS):
        out["perplexity of book %d" % (k + 1)] = intervals.perplexity([b[k] for b in books])
    return out


# ---- prompts ---------------------------------------------------------------------------------------


def agreements():
    """For each question: what is judged, and a table [heard, asked] of what counts as right."""
    n_keys = judging.SIZES["key"]
    related = np.array([[heard in judging.relatives(asked) for asked in range(n_keys)] for heard in range(n_keys)])
    drums = np.arange(judging.SIZES["drums"]) > 0
    return {"tempo": ("tempo", np.eye(judging.SIZES["tempo"], dtype=bool)),
            "key": ("key", np.eye(n_keys, dtype=bool)),
            "key or relative": ("key", related),
            "lead": ("lead", np.eye(judging.SIZES["lead"], dtype=bool)),
            "drums": ("drums", drums[:, None] == drums[None, :]),
            "drums of three kinds": ("drums", np.eye(judging.SIZES["drums"], dtype=bool))}


def judged(judge, sounds, attributes):
    """For each question the share of clips that are as asked, with chance."""
    heard = judge.verdicts(sounds)
    asked = {name: [judging.answers(a)[name] for a in attributes] for name in heard}
    out = {}
    for question, (name, agree) in agreements().items():
        figure = intervals.share([agree[h, a] for h, a in zip(heard[name], asked[name])])
        figure["chance"] = intervals.chance(heard[name], asked[name], agree)
        out[question] = figure
    return out


def best_guidance(tried, ceiling, questions, measurable):
    """The guidance whose mean over the questions that can be measured is highest; the lower one of equals."""
    counted = [q for q in questions if ceiling[q]["value"] >= measurable] or list(questions)
    return max(sorted(tried, key=float), key=lambda g: round(np.mean([tried[g][q]["value"] for q in counted]), 6))


# ---- melodies and sides ----------------------------------------------------------------------------


def follows(heard, tune, groups):
    """[clips, frames] of classes each: agreement of every clip with its own tune, with all others' and with the others' of its
    group (nan where there are none)."""
    table = np.stack([(tune == row).mean(1) for row in heard])
    own = np.diag(table)
    n = len(own)
    others = (table.sum(1) - own) / (n - 1)
    peers = (groups[:, None] == groups[None, :]) & ~np.eye(n, dtype=bool)
    with np.errstate(invalid="ignore"):
        return own, others, (table * peers).sum(1) / peers.sum(1)


def melody_trial(sounds, pieces):
    """Frame agreement of clips with the tunes they were given, beyond that with tunes they were not given."""
    tune = np.stack([hearing.classes(torch.from_numpy(synth.render(p)[1][None])).numpy() for p in pieces])
    heard = np.stack([hearing.classes(s).numpy() for s in sounds])
    n = min(tune.shape[1], heard.shape[1])
    keys = np.array([judging.answers(p.attributes)["key"] for p in pieces])
    own, others, peers = follows(heard[:, :n], tune[:, :n], keys)
    paired = ~np.isnan(peers)
    out = {"agreement": intervals.mean(own), "shuffled": intervals.mean(others),
           "agreement minus shuffled": intervals.mean(own - others)}
    if paired.any():
        out["agreement minus shuffled in the same key"] = intervals.mean((own - peers)[paired])
    return out


def sides_trial(sounds):
    """Share of frames in which both sides' loudest pitch class is the same; chance is the left of one clip, the right of others."""
    left, right = (np.stack(side) for side in zip(*[[c.numpy() for c in hearing.sides(s)] for s in sounds]))
    own, others, _ = follows(left, right, np.arange(len(left)))
    figure = intervals.mean(own)
    figure["chance"] = float(others.mean())
    return figure


def fault_counts(sounds):
    found = [hearing.faults(s) for s in sounds]
    return {name: sum(name in f for f in found) for name in ("silent", "clipped", "constant")} | {"clips": len(found)}
