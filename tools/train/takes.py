"""Has mgbatch make clips: evaluation listens to what the program makes, not to a copy of the model in Python.

A folder holds a table of prompts, a manifest and the output; asking again for what is there makes nothing.
"""

import csv
import dataclasses
import json
import os
import subprocess

MANIFEST = """\
version: 1
name: {name}
checkpoint: {model}
params: {{duration: {duration}, temperature: {temperature}, topK: {top_k}}}
sweep:
  guidance: {guidances}
  ask: {{file: rows.csv, use: {{{use}}}}}
output: {{format: wav, name: "g{{guidance}}/{{clip}}"}}
"""


@dataclasses.dataclass(frozen=True)
class Ask:
    """One clip that is wanted: `name` is its file's, `melody` the WAV to follow, or empty."""
    name: str
    prompt: str
    seed: int
    melody: str = ""


@dataclasses.dataclass(frozen=True)
class Studio:
    """How clips are made: the program, the model's folder, seconds, temperature, how many codes may be drawn."""
    binary: str
    model: str
    duration: float
    temperature: float
    top_k: int = 250


def write_table(path, asks):
    columns = ["clip", "caption", "number"] + (["tune"] if asks[0].melody else [])
    with open(path, "w", newline="", encoding="utf-8") as f:
        rows = csv.writer(f)
        rows.writerow(columns)
        for a in asks:
            rows.writerow([a.name, a.prompt, a.seed] + ([a.melody] if a.melody else []))


def make(studio, folder, asks, guidances):
    """Makes every ask at every guidance; returns {guidance: [path of each ask]}."""
    os.makedirs(folder, exist_ok=True)
    write_table(os.path.join(folder, "rows.csv"), asks)
    use = "prompt: caption, seed: number" + (", inputAudio: tune" if asks[0].melody else "")
    manifest, out = os.path.join(folder, "manifest.yaml"), os.path.join(folder, "out")
    with open(manifest, "w", encoding="utf-8") as f:
        f.write(MANIFEST.format(name=os.path.basename(folder), model=json.dumps(os.path.abspath(studio.model)),
                                duration="%g" % studio.duration, temperature="%g" % studio.temperature, top_k=studio.top_k,
                                guidances=json.dumps(list(guidances)), use=use))
    subprocess.run([studio.binary, "run", manifest, "--output", out, "--remake-stale"], check=True)
    return files(out, asks, guidances)


def files(out, asks, guidances):
    """Reads metadata.jsonl rather than guessing names, and wants every clip to be there."""
    made = {}
    with open(os.path.join(out, "metadata.jsonl"), encoding="utf-8") as f:
        for row in map(json.loads, f):
            made[row["axis_ask_clip"], row["prompt"], float(row["classifierFreeGuidance"])] = os.path.join(out, row["file_name"])
    return {g: [made[a.name, a.prompt, float(g)] for a in asks] for g in guidances}
