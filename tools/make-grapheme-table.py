#!/usr/bin/env python3
"""Writes src/engine/grapheme_table.h: which characters join their neighbours (Unicode UAX 29, extended grapheme clusters).

"joins" (no break before: Extend, ZWJ, SpacingMark) is asked of the `tokenizers` library itself, as its Unicode version
is what our ids must equal: with a charsmap that turns "a" into "X", its Precompiled normaliser answers "X" for "a" and a
character that joins it, and "X" and the character else. "control" and "prepend" are the property values of the `regex`
package; they have not changed for years.

Run: python3 tools/make-grapheme-table.py >src/engine/grapheme_table.h
Needs: pip install tokenizers==0.21.4 sentencepiece==0.2.3 protobuf regex
"""
import io
import tempfile

import regex
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import normalizers


def charsmap_of_a_to_x():
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write("61\t58\n")
        rules.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([f"some words to count {i} and more" for i in range(500)]), model_writer=model,
            vocab_size=40, hard_vocab_limit=False, minloglevel=2, normalization_rule_tsv=rules.name)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def ranges(test):
    out = []
    for cp in range(1, 0x110000):
        if 0xD800 <= cp < 0xE000 or not test(chr(cp)):
            continue
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def show(name, what, rows):
    print(f"/* {what} */\nstatic const struct code_range {name}[] = {{")
    for i in range(0, len(rows), 5):
        print("\t" + " ".join(f"{{ 0x{a:04x}, 0x{b:04x} }}," for a, b in rows[i:i + 5]))
    print("};\n")


normalizer = normalizers.Precompiled(charsmap_of_a_to_x())
control = regex.compile(r"[\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]")
prepend = regex.compile(r"\p{GCB=Prepend}")

print("""/*
 * engine/grapheme_table: made by tools/make-grapheme-table.py, see there. Ranges are sorted, both ends belong to them.
 */
#ifndef ENGINE_GRAPHEME_TABLE_H
#define ENGINE_GRAPHEME_TABLE_H

#include <stdint.h>

struct code_range {
	uint32_t first, last;
};
""")
show("joining", "no break before them", ranges(lambda c: normalizer.normalize_str("a" + c) == "X"))
show("control", "a break on both sides", ranges(lambda c: control.match(c)))
show("prepended", "no break after them", ranges(lambda c: prepend.match(c)))
print("#endif")
