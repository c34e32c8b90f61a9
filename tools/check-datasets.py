#!/usr/bin/env python3
"""Does an output folder fit the data set tools as it is?

    check-datasets.py FOLDER [FOLDER ...]     prints TAP

Loads each folder with Hugging Face `datasets` (audiofolder) and, packed into a tar under its own names, with
WebDataset. Versions: tools/requirements-datasets.txt. `make test-datasets` makes the folders and the environment.
"""
import io
import json
import os
import sys
import tarfile
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here needs the network

import datasets
import soundfile
import webdataset

n_checks = 0
n_failed = 0

TYPES = {str: "string", float: "float64", int: "int64", bool: "bool"}


def ok(good, name, why=""):
    global n_checks, n_failed
    n_checks += 1
    n_failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", n_checks, name), flush=True)
    if not good and why:
        print("# " + str(why)[:600].replace("\n", "\n# "))
    return good


def same_type(feature, value):
    if isinstance(value, list):
        return isinstance(feature, datasets.Sequence) or isinstance(feature, list)
    return getattr(feature, "dtype", None) == TYPES[type(value)]


def check_audiofolder(folder, rows, cache):
    loaded = datasets.load_dataset("audiofolder", data_dir=folder, cache_dir=cache)
    ok(list(loaded) == ["train"], "%s: one split" % folder, list(loaded))
    data = loaded["train"]
    if not ok(len(data) == len(rows), "%s: %d rows" % (folder, len(rows)), len(data)):
        return
    want = ["audio" if key == "file_name" else key for key in rows[0]]
    ok(sorted(data.column_names) == sorted(want), "%s: the columns are those of metadata.jsonl" % folder, data.column_names)
    ok(isinstance(data.features["audio"], datasets.Audio), "%s: audio is audio" % folder)
    wrong = [k for k, v in rows[0].items() if k != "file_name" and not same_type(data.features[k], v)]
    ok(not wrong, "%s: every column has its type" % folder, {k: str(data.features[k]) for k in wrong})
    by_id = {row["id"]: row for row in rows}
    bad = []
    for row in data:
        source = by_id[row["id"]]
        audio = row["audio"]
        if any(row[k] != v for k, v in source.items() if k != "file_name"):
            bad.append((row["id"], "values"))
        if not audio["path"].endswith(source["file_name"]) or audio["sampling_rate"] != source["rate_hz"]:
            bad.append((row["id"], audio["path"], audio["sampling_rate"]))
        if abs(audio["array"].shape[-1] / source["rate_hz"] - source["seconds"]) > 0.1:
            bad.append((row["id"], audio["array"].shape, source["seconds"]))
    ok(not bad, "%s: every row has its own audio and values" % folder, bad[:5])


def check_webdataset(folder, rows, temp):
    path = os.path.join(temp, "shard-000000.tar")
    with tarfile.open(path, "w") as tar:
        for row in rows:
            text = json.dumps(row).encode()
            info = tarfile.TarInfo(os.path.splitext(row["file_name"])[0] + ".json")
            info.size = len(text)
            tar.add(os.path.join(folder, row["file_name"]), arcname=row["file_name"])
            tar.addfile(info, io.BytesIO(text))
    samples = list(webdataset.WebDataset(path, shardshuffle=False))
    ok(len(samples) == len(rows), "%s: WebDataset finds a sample a row" % folder, len(samples))
    bad = []
    for sample in samples:
        row = json.loads(sample["json"])
        extension = os.path.splitext(row["file_name"])[1][1:]
        if sample["__key__"] != os.path.splitext(row["file_name"])[0] or extension not in sample:
            bad.append((sample["__key__"], sorted(sample)))
        elif soundfile.info(io.BytesIO(sample[extension])).samplerate != row["rate_hz"]:
            bad.append((sample["__key__"], "rate"))
    ok(not bad, "%s: WebDataset's keys are the names" % folder, bad[:5])


def main():
    for folder in sys.argv[1:]:
        with open(os.path.join(folder, "metadata.jsonl"), encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
        ok(len(rows) > 0, "%s has rows" % folder)
        with tempfile.TemporaryDirectory() as temp:
            check_audiofolder(folder, rows, os.path.join(temp, "cache"))
            check_webdataset(folder, rows, temp)
    print("1..%d" % n_checks)
    return n_failed > 0


sys.exit(main())
