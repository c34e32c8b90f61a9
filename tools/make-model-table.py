#!/usr/bin/env python3
"""Writes a table like tests/model/published.tsv with what transformers answers for the model in FOLDER.

    pip install -r tools/requirements.txt
    python tools/make-model-table.py FOLDER >table.tsv
    build/release/tests/model/published FOLDER table.tsv

Takes the rows of tests/model/published.tsv that are about a model of this shape and puts its own numbers in their place. So
`make test-model` can be tried where no published weights are: on a random model (tools/compare-full-size.py makes one). The
inputs are batches of two, as in the tests that the published numbers are from, so all their padding comes from transformers.
"""

import os
import sys
import warnings

import torch
import transformers
from transformers import AutoTokenizer, EncodecFeatureExtractor

import full_size
import vector_chroma

PROMPTS = ["80s music", "Club techno"]
IDS_PROMPT = "90s rock song with loud guitars and heavy drums"
HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "..", "tests", "model", "published.tsv")
SHAPES = {(1024, 4, False): "small", (1024, 8, False): "stereo-small", (1536, 4, True): "melody",
          (1536, 8, True): "stereo-melody"}


def name_of(m):
    d = m.config.decoder
    return SHAPES[d.hidden_size, d.num_codebooks, full_size.is_melody(m)]


def bips(rate):
    return [full_size.sound(dict(kind="bip", n=int(s * rate), seconds=s), rate).numpy() for s in (0.5, 1.0)]


def text_inputs(m, tokenizer, has_text):
    """With text both prompts, padded to the longer one; without it one item, an empty text with a mask of 0."""
    if has_text:
        return dict(tokenizer(PROMPTS, padding=True, return_tensors="pt"))
    if full_size.is_melody(m):
        return dict(input_ids=torch.ones(1, 1, dtype=torch.long), attention_mask=torch.zeros(1, 1, dtype=torch.long))
    nothing = m.get_unconditional_inputs(1)
    return dict(encoder_outputs=nothing.encoder_outputs, attention_mask=nothing.attention_mask)


def case_inputs(m, folder, tokenizer, words):
    inputs = text_inputs(m, tokenizer, "text" in words)
    rate = m.config.audio_encoder.sampling_rate
    if "tune" in words:
        fe = vector_chroma.MusicgenMelodyFeatureExtractor.from_pretrained(folder)
        inputs["input_features"] = fe(bips(rate), sampling_rate=rate, return_tensors="pt").input_features
    if words.count("sound") > (words[0] == "sound"):
        channels = m.config.decoder.audio_channels
        fe = EncodecFeatureExtractor(feature_size=channels, sampling_rate=rate, padding_side="left")
        waves = [b if channels == 1 else b[None].repeat(2, 0) for b in bips(rate)]
        inputs.update(fe(waves, sampling_rate=rate, padding=True, return_tensors="pt"))
    return inputs


def logits(m, inputs):
    """[items, K, V] of the last column."""
    if "input_values" not in inputs:
        k = m.config.decoder.num_codebooks
        inputs["decoder_input_ids"] = torch.full((2 * k, 1), m.config.decoder.pad_token_id)
    out = m(**inputs).logits[:, -1]
    return out.reshape(2, -1, out.shape[-1])


@torch.no_grad()
def answer(m, folder, tokenizer, case):
    """[items, rows, columns] of a case, whose name says what it is: see published.c."""
    words = case.split("-")
    if words[0] == "t5":
        ids = tokenizer([IDS_PROMPT], return_tensors="pt").input_ids
        return ids[None] if words[1] == "ids" else m.text_encoder(input_ids=ids).last_hidden_state
    inputs = case_inputs(m, folder, tokenizer, words)
    if words[0] == "logits":
        return logits(m, inputs)
    return m.generate(**inputs, do_sample=False, guidance_scale=3.0 if "guided" in words else 1.0,
                      max_new_tokens=int(words[1]))


def rewritten(fields, numbers):
    """The line of a row of the table with numbers [items, rows, columns] in the place of its values."""
    _, case, item, row, begin, _, _, values = fields
    row = min(int(row), numbers.shape[1] - 1)  # another tokenizer makes fewer ids
    count = numbers.shape[2] if case == "t5-ids" else len(values.split())
    own = numbers[int(item), row, int(begin):][:count]
    return "\t".join(fields[:3] + [str(row)] + fields[4:7] + [" ".join("%.6g" % v for v in own.tolist())])


def main():
    warnings.filterwarnings("ignore", message="To copy construct from a tensor")
    transformers.logging.set_verbosity_error()
    folder = sys.argv[1]
    m, tokenizer, made = full_size.load(folder), AutoTokenizer.from_pretrained(folder), {}
    with open(TABLE, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    for fields in rows:
        if fields[0] in ("any", name_of(m)):
            if fields[1] not in made:
                made[fields[1]] = answer(m, folder, tokenizer, fields[1])
            print(rewritten(fields, made[fields[1]]), flush=True)


if __name__ == "__main__":
    main()
