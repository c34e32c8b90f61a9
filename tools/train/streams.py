"""Random numbers of evaluation: each purpose draws from a stream of its own, which training's seeds never meet.

Training seeds its generators with one small number; a stream here is two numbers, of which the first names the purpose.
"""

import numpy as np

NAMES = ("judge", "judge-check", "codec", "tuning", "prompts", "melody", "ceiling", "bootstrap", "picture")


def seed(name):
    return 40000 + NAMES.index(name)


def rng(name, index=0):
    return np.random.Generator(np.random.PCG64([seed(name), 1 + index]))
