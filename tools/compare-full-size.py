#!/usr/bin/env python3
"""Holds mgbatch against transformers on a random model of a public size: agreement stage by stage, and both times.

    pip install -r tools/requirements.txt
    make build/release/tests/model/compare
    python tools/compare-full-size.py --model small|stereo-small|melody|stereo-melody [--frames N] [--folder DIR] [--program PATH]

Builds the model in DIR (default build/full-size/MODEL; 1.2 or 3.2 GB as F16) unless it is there, runs transformers in
f32, writes what it found to DIR/compare.safetensors and compare.json, and runs the program on the same
files. The program prints a line for each stage; its exit status is this script's. Peak memory: 4 and 9 GB.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
import warnings

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoTokenizer

import full_size
import vector_chroma
import vector_melody
from vector_stages import greedy, guided, kept, re_delay

PROMPT = "warm piano and soft rain over heavy 80s drums"
GUIDANCE = 3.0
COLUMN_STEP = 20  # logits are kept of every so many columns
ENCODE_SECONDS = 10
TUNE_SECONDS = 30


class Clock:
    """Seconds by stage."""

    def __init__(self):
        self.seconds = {}

    def time(self, stage, fn, *args):
        start = time.monotonic()
        result = fn(*args)
        self.seconds[stage] = round(time.monotonic() - start, 3)
        return result


def text_stage(ref, m, clock, ids):
    def run():
        hidden = m.text_encoder(input_ids=ids).last_hidden_state
        return hidden, m.enc_to_dec_proj(hidden)

    hidden, cond = clock.time("text", run)
    ref["t5.ids"], ref["t5.out"], ref["cond"] = ids[0], hidden[0], cond[0]
    return cond


def tune_stage(ref, m, clock, folder):
    """The classes of a tune, as rows of one window."""
    fe = vector_chroma.MusicgenMelodyFeatureExtractor.from_pretrained(folder)
    wav = full_size.sound(dict(kind="tune", n=TUNE_SECONDS * fe.sampling_rate), fe.sampling_rate)
    heard = clock.time("chroma", lambda: fe(wav.numpy(), sampling_rate=fe.sampling_rate, return_tensors="pt"))
    classes = heard.input_features[0].argmax(-1)
    ref["tune.in"], ref["tune.classes"] = wav, vector_melody.window(m, classes)
    return ref["tune.classes"]


def greedy_stage(ref, m, clock, ids, cond, classes, frames):
    """A greedy path with guidance, and the guided logits of some of its columns by one pass over the whole of it."""
    inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids))
    if classes is not None:
        inputs["input_features"] = vector_melody.one_hot(m, classes)
    codes, _ = clock.time("generate", greedy, m, inputs, GUIDANCE, frames)
    cfg = m.config.decoder
    grid = re_delay(codes, cfg.audio_channels, cfg.pad_token_id)
    if classes is None:
        logits = guided(m, grid, cond, GUIDANCE)
    else:
        first = vector_melody.prefix(m, classes, cond)
        ref["lm.prefix"] = first[0]
        logits = vector_melody.guided(m, grid, first, vector_melody.null_prefix(m, cond), GUIDANCE)
    columns = torch.arange(0, grid.shape[1], COLUMN_STEP)
    ref["gen.codes"], ref["lm.ids"], ref["lm.columns"] = codes, grid, columns
    ref["lm.logits"] = logits[:, columns].transpose(0, 1)
    return codes


def codec_stages(ref, m, clock, codes):
    channels = m.config.decoder.audio_channels

    def decode():
        sides = [m.audio_encoder.decode(codes[None, None, c::channels], [None]).audio_values[0, 0] for c in range(channels)]
        return torch.stack(sides)

    rate = m.config.audio_encoder.sampling_rate
    n = ENCODE_SECONDS * rate
    wav = full_size.sound(dict(kind="tune", n=n), rate) + 0.1 * full_size.sound(dict(kind="noise", n=n, seed=1), rate)
    ref["dec.wav"] = clock.time("decode", decode)
    ref["enc.in"] = wav
    ref["enc.codes"] = clock.time("encode", lambda: m.audio_encoder.encode(wav[None, None]).audio_codes[0, 0])


@torch.no_grad()
def reference(folder, name, frames):
    clock, ref = Clock(), {}
    m = clock.time("load", full_size.load, folder)
    ids = AutoTokenizer.from_pretrained(folder)([PROMPT], return_tensors="pt").input_ids
    cond = text_stage(ref, m, clock, ids)
    classes = tune_stage(ref, m, clock, folder) if full_size.is_melody(m) else None
    codes = greedy_stage(ref, m, clock, ids, cond, classes, frames)
    codec_stages(ref, m, clock, codes)
    facts = dict(model=name, prompt=PROMPT, frames=frames, guidance=GUIDANCE, threads=torch.get_num_threads(),
                 seconds=clock.seconds,
                 versions=dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__))
    save_file(kept(ref), os.path.join(folder, "compare.safetensors"))
    with open(os.path.join(folder, "compare.json"), "w", encoding="utf-8") as f:
        json.dump(facts, f, indent=1)
        f.write("\n")


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--model", choices=sorted(full_size.MODELS), default="small")
    p.add_argument("--frames", type=int, default=100, help="of the greedy path; 50 are a second")
    p.add_argument("--folder", help="where the model is or goes")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, help="of transformers; all cores")
    p.add_argument("--program", default="build/release/tests/model/compare")
    a = p.parse_args()
    a.folder = a.folder or os.path.join("build", "full-size", a.model)
    return a


def main():
    a = arguments()
    warnings.filterwarnings("ignore", message="To copy construct from a tensor")
    transformers.logging.set_verbosity_error()
    if a.threads:
        torch.set_num_threads(a.threads)
    if not os.path.exists(os.path.join(a.folder, "config.json")):
        full_size.build(a.folder, a.model, a.seed)
        gc.collect()
    print("%s: %.2f GB in %s" % (a.model, full_size.folder_bytes(a.folder) / 1e9, a.folder), flush=True)
    reference(a.folder, a.model, a.frames)
    gc.collect()
    return subprocess.run([a.program, a.folder]).returncode


if __name__ == "__main__":
    sys.exit(main())
