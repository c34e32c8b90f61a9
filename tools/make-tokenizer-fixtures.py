#!/usr/bin/env python3
"""Writes tests/data/tokenizer: two small tokenizer.json of our own, and the ids that the `tokenizers` library gives.

  old.json    a character map (nmt_nfkc, as T5's) and [WhitespaceSplit, Metaspace], the form of the published T5 files
  plain.json  Strip, Replace and Metaspace without a map, the form that newer converters write after the map
  *.expected.json    [[text, [ids]], ...], </s> included

Both vocabularies are trained on the sentences below. With --texts N FILE it writes N other random texts and their ids for
three tokenizers instead (old, plain, and new: map, Strip, Replace, Metaspace), to compare on a larger scale.

Run: python3 tools/make-tokenizer-fixtures.py
Needs: pip install tokenizers==0.21.4 sentencepiece==0.2.3 protobuf
"""
import io
import itertools
import json
import pathlib
import random
import sys

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "tokenizer"
MOODS = "calm bright dark lively solemn warm eerie gentle restless proud".split()
KINDS = "rock jazz folk ambient techno waltz march lullaby drone chorale".split()
THINGS = ["felt piano", "muted trumpet", "nylon guitar", "deep bass and heavy drums", "a string quartet", "hand claps", "café chatter",
          "wind over 3 fields", "an old tape at 90 bpm", "bells, slowly"]


def sentences():
    for mood, kind, thing in itertools.product(MOODS, KINDS, THINGS):
        yield f"{mood} {kind} with {thing}"
        yield f"A {kind} song, {mood}; {thing}."


def charsmap():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=sentences(), model_writer=model, vocab_size=100,
                                             hard_vocab_limit=False, normalization_rule_name="nmt_nfkc", minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def make(normalizer, pre_tokenizer):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    t.train_from_iterator(sentences(), trainers.UnigramTrainer(vocab_size=200, show_progress=False, unk_token="<unk>",
                                                               special_tokens=["<pad>", "</s>", "<unk>"]))
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    t.add_special_tokens([f"<extra_id_{i}>" for i in range(11)])
    t.add_tokens([AddedToken("Big Band", lstrip=True, rstrip=True, normalized=True)])
    return t


def tokenizers():
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    strip = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")]
    precompiled = normalizers.Precompiled(charsmap())
    old = make(precompiled, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace]))
    return {"old": old, "plain": make(normalizers.Sequence(strip), metaspace),
            "new": make(normalizers.Sequence([precompiled] + strip), metaspace)}


ODD = ["\u00e9", "e\u0301", "a\u0308\u0323", "\ufb01", "\uff21\uff42", "\u3000", "\u00a0", "\t", "\n", "\r\n", "\u200b", "\u200d", "\ufeff",
       "\u2581", "\u2126", "\ufdfa", "\u0627\u0644", "\u0600a", "\u05d0\u05bc", "\u0e01\u0e33", "\u0915\u094d\u0937", "\uac00", "\u1100\u1161",
       "\U0001f3b8", "\U0001f468\u200d\U0001f3a4", "\U0001f1e9\U0001f1ea", "\u00a9\u200d", "\u2460", "\u00bd", "\u337f", "\x01", "\x7f", "\u0085",
       "\ufffd", "\U0010ffff", "</s>", "<pad>", "<unk>", "<extra_id_7>", "<extra_id_10>", "<extra_id_1", "\uff1cpad\uff1e", "Big Band", "Big  Band",
       "  ", "   ", " "]


def texts(n, seed):
    rng = random.Random(seed)
    words = [w for s in sentences() for w in s.split()]
    blocks = [(0x20, 0x7e)] * 4 + [(0x80, 0x24f), (0x300, 0x36f), (0x370, 0x6ff), (0x900, 0xdff), (0x1e00, 0x22ff), (0x2400, 0x33ff),
                                   (0xac00, 0xac80), (0xf900, 0xffff), (0x1d400, 0x1d7ff), (0x1f300, 0x1faff), (1, 0x10ffff)]

    def any_char():
        low, high = rng.choice(blocks)
        cp = rng.randint(low, high)
        return "?" if 0xD800 <= cp < 0xE000 else chr(cp)

    yield from ["", " ", "  ", "a", " a", "a ", "\u2581", "\u2581\u2581a", "<pad>", "x</s>y", "  Big Band  "]
    for _ in range(n):
        kind = rng.random()
        if kind < 0.2:
            yield " ".join(rng.choices(words, k=rng.randint(1, 12)))
        elif kind < 0.6:
            yield "".join(rng.choice([rng.choice(words), rng.choice(ODD), " ", any_char()]) for _ in range(rng.randint(1, 16)))
        elif kind < 0.8:
            yield "".join(any_char() for _ in range(rng.randint(1, 12)))
        else:  # bases and marks
            yield "".join(rng.choice("aeoun A") + "".join(chr(rng.randint(0x300, 0x36f)) for _ in range(rng.randint(0, 3)))
                          for _ in range(rng.randint(1, 8)))


def expected(t, n, seed):
    return [[s, t.encode(s).ids] for s in texts(n, seed)]


def main():
    made = tokenizers()
    if len(sys.argv) == 4 and sys.argv[1] == "--texts":
        for name, t in made.items():
            t.save(f"{sys.argv[3]}.{name}.json")
            pathlib.Path(f"{sys.argv[3]}.{name}.expected.json").write_text(json.dumps(expected(t, int(sys.argv[2]), 2)))
        return
    OUT.mkdir(parents=True, exist_ok=True)
    for name in ["old", "plain"]:
        made[name].save(str(OUT / f"{name}.json"), pretty=False)
        rows = ",\n".join(json.dumps(row) for row in expected(made[name], 400, 1))
        (OUT / f"{name}.expected.json").write_text(f"[{rows}]\n")


main()
