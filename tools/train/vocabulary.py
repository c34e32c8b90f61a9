"""The vocabulary of the small model's text encoder: every word that captions can hold, small letters only.

Words of captions are one piece each, so that a caption is short and "slow" is one thing to learn about. Subwords and
single characters stand behind them: any text becomes pieces, if not pieces that mean something. Capitals are folded by
the tokenizer's own character map, so that "Slow Piano in C minor" is "slow piano in c minor".
"""

import os
import sys
import tempfile

from tokenizers import Tokenizer

import captions

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tiny_musicgen as tiny  # noqa: E402

SUBWORDS = """ing er ed ly en al ic tion ness st th an re in ar or on es ou le it is at te ro ra li
ti ne la lo ma mo no pa po ri sa se si so ta to un ve vi sh ch ck ll ee oo ai ay ow ur ir im em om el il ol ul""".split()


def pieces():
    """[[piece, score], ...]; the place in the list is the id."""
    words = sorted({w.lower() for w in captions.words()})
    vocab = tiny.pieces(words, SUBWORDS)
    known = {p for p, _ in vocab}
    # What a caption's punctuation may hold beyond the letters that tiny.pieces() has.
    return vocab + [[c, -12.0] for c in ";:()!?#\"+" if c not in known]


def write(folder, vocab):
    tiny.tokenizer_files(folder, vocab, "replace", fold=True)


class Text:
    """Captions to ids, by the tokenizer that is shipped."""

    def __init__(self, vocab):
        with tempfile.TemporaryDirectory() as folder:
            write(folder, vocab)
            self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))

    def ids(self, caption):
        return self.tokenizer.encode(caption).ids


def check(vocab):
    """Every word of a caption is one piece, whatever its case; nothing that captions hold is unknown."""
    text = Text(vocab)
    for word in captions.words():
        for form in (word, word.lower(), word.upper()):
            got = text.ids(form)
            assert len(got) == 2 and got[1] == 1 and got[0] != 2, (form, text.tokenizer.encode(form).tokens)
    assert 2 not in text.ids(" ".join("abcdefghijklmnopqrstuvwxyz0123456789.,-'/&;:()!?"))


if __name__ == "__main__":
    made = pieces()
    check(made)
    print("%d pieces" % len(made), Text(made).tokenizer.encode("Slow felt piano, 83 bpm; in A minor and wide stereo").tokens)
