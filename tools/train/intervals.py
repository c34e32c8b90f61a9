"""Shares and means with their 95 % intervals, and what chance would give.

A figure is a dict with `value`, `low`, `high` and `n`, the number of clips: it goes into JSON as it is.
"""

import math

import numpy as np

import streams

Z = 1.959964  # of a normal distribution's middle 95 %
RESAMPLES = 5000


def share(hits):
    """The share of true ones among independent trials, with Wilson's interval."""
    n, p = len(hits), float(np.mean(hits))
    middle = p + Z * Z / (2 * n)
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return {"value": p, "low": (middle - half) / scale, "high": (middle + half) / scale, "n": n}


def resampled(n):
    """How often each of n clips is in each of RESAMPLES draws with replacement [RESAMPLES, n]."""
    return streams.rng("bootstrap").multinomial(n, [1 / n] * n, RESAMPLES)


def of(statistic, n):
    """`statistic` takes counts [draws, n] of clips and gives a number a draw; its interval is as wide as the bootstrap over the
    clips says, around the value: the quantiles themselves lie too low for a perplexity, which any resampling lowers."""
    value = float(statistic(np.ones((1, n)))[0])
    half = Z * float(np.std(statistic(resampled(n))))
    return {"value": value, "low": value - half, "high": value + half, "n": n}


def mean(values):
    values = np.asarray(values, float)
    return of(lambda counts: counts @ values / counts.sum(-1), len(values))


def ratio(above, below):
    """Sum over sum: clips count by their size, as they would if all were one long clip."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    return of(lambda counts: (counts @ above) / (counts @ below), len(above))


def perplexity(histograms):
    """exp(entropy) of codes, whose counts are [clips, entries], as a share of the entries."""
    histograms = np.asarray(histograms, float)

    def statistic(counts):
        p = counts @ histograms
        p = p / p.sum(-1, keepdims=True)
        return np.exp(-(p * np.log(np.maximum(p, 1e-30))).sum(-1)) / histograms.shape[1]

    return of(statistic, len(histograms))


def chance(heard, asked, agree):
    """What a model that does not listen to its prompts would reach: the better of the same clips dealt to other prompts (the
    mean of all ways to deal them) and of one answer for all. agree[heard, asked] says what counts as right."""
    heard, asked = np.asarray(heard), np.asarray(asked)
    table = np.asarray(agree, float)
    n = len(heard)
    dealt = (table[heard][:, asked].sum() - table[heard, asked].sum()) / (n * (n - 1))
    return float(max(dealt, table[:, asked].mean(1).max()))


def shown(figure, digits=2):
    """0.53 [0.46, 0.60]"""
    return "%.*f [%.*f, %.*f]" % (digits, figure["value"], digits, figure["low"], digits, figure["high"])
