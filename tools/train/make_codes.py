"""Makes what the language model learns from: pieces, rendered and turned into codes by the frozen codec.

    python tools/train/make_codes.py CODEC FOLDER --split train --pieces 2560 --fast
    python tools/train/make_codes.py CODEC FOLDER --split train --skip 2560 --pieces 6144 --frames 160 --fast
    python tools/train/make_codes.py CODEC FOLDER --split unseen --pieces 256
    python tools/train/make_codes.py CODEC FOLDER --split held --pieces 256

CODEC is a checkpoint of train_codec.py. A shard of 256 pieces is one file, SPLIT-FRAMES-NUMBER.npz, and what is there
stays: the same command goes on where it stopped, a larger --pieces makes more, also while the language model is
trained. "unseen" has other seeds than "train", "held" the combinations of attributes that training never has.

--frames says how many frames are encoded, which is what takes the time. Pieces are always composed and rendered to
their 10 s, so a short one is the beginning of a long one and has the chroma of all of it.

    codes       uint16 [P, 8, frames]   L1 R1 L2 R2 L3 R3 L4 R4
    attributes  str [P]                 JSON of music.Attributes
    lead_pitch  int8 [P, 500]           pitch class of the lead, -1 for none
    onsets      uint8 [P, 500]          1 where a note begins that is not a drum's
    chroma      uint8 [P, 2, 50]        class of each 0.2 s, heard in the mix and in the lead alone
"""

import argparse
import dataclasses
import json
import multiprocessing
import os

import numpy as np
import torch

import music
import synth
from codec import Codec

SHARD = 256  # pieces
SEED = 60
SPLITS = ("train", "unseen", "held")
BATCH = 4  # pieces encoded at a time
MARGIN = 8  # frames encoded beyond those kept, so that the cut cannot be heard in the last ones
HEAD = 8  # frames of a narrow piece's right side that are encoded
TUNE_ROWS = 50

# What transformers' feature extractor is told, here and in the preprocessor_config.json that export.py writes.
CHROMA = {"feature_size": 12, "num_chroma": 12, "sampling_rate": music.RATE, "chunk_length": 10, "n_fft": 8192,
          "hop_length": 6400}


def chroma_extractor():
    from transformers import MusicgenMelodyFeatureExtractor

    return MusicgenMelodyFeatureExtractor(**CHROMA)


def chroma_classes(extractor, sounds):
    """Mono sounds of equal length -> uint8 [n, 50]"""
    rows = extractor(list(sounds), sampling_rate=music.RATE, return_tensors="pt")["input_features"]
    return rows.argmax(-1)[:, :TUNE_ROWS].numpy().astype(np.uint8)


def piece_of(split, number):
    """The piece of that number: attributes, notes and all depend on the split and the number alone."""
    rng = np.random.Generator(np.random.PCG64([SEED, SPLITS.index(split), number]))
    return music.compose(music.draw(rng, held_out=split == "held"), rng)


def encode(codec, sounds, frames, fast=False):
    """float32 [P, n] -> int64 [P, 4, frames]. fast: the encoder in bf16, what is nearest still in f32."""
    kept = torch.from_numpy(np.ascontiguousarray(sounds[:, : (frames + MARGIN) * music.FRAME]))
    with torch.autocast("cpu", torch.bfloat16, enabled=fast), torch.no_grad():
        latent = codec.encoder(kept.unsqueeze(1)).float()[:, :, :frames].permute(0, 2, 1)
    codes = codec.quantise(latent.reshape(-1, latent.shape[2]))[0].view(len(sounds), frames, -1)
    return codes.permute(0, 2, 1)


def encode_sides(codec, mixes, is_narrow, frames, fast):
    """float32 [P, 2, n] -> uint16 [P, 8, frames]. The right side of a narrow piece is the left one a frame later, so its codes
    are (in 99 of 100 cases, seen when both were encoded); only its first frames, which the silence before changes, are encoded."""
    left = encode(codec, mixes[:, 0], frames, fast)
    right = left.roll(1, 2)
    for chosen, count in ((is_narrow, HEAD), (~is_narrow, frames)):
        if chosen.any():
            right[chosen, :, :count] = encode(codec, mixes[chosen, 1], count, fast)
    return torch.stack([left, right], 2).flatten(1, 2).numpy().astype(np.uint16)


def shard(codec, extractor, arguments, index):
    split, frames = arguments.split, arguments.frames
    fields = {"codes": [], "attributes": [], "lead_pitch": [], "onsets": [], "chroma": []}
    for first in range(index * SHARD, (index + 1) * SHARD, BATCH):
        pieces = [piece_of(split, number) for number in range(first, first + BATCH)]
        sounds = [synth.render(piece) for piece in pieces]
        is_narrow = np.array([piece.attributes.width == "narrow" for piece in pieces])
        mixes = np.stack([mix for mix, _ in sounds])
        fields["codes"].append(encode_sides(codec, mixes, is_narrow, frames, arguments.fast))
        heard = chroma_classes(extractor, [mono for mix, lead in sounds for mono in (mix.mean(0), lead)])
        fields["chroma"].append(heard.reshape(BATCH, 2, TUNE_ROWS))
        for piece in pieces:
            onsets = np.zeros(piece.frames, np.uint8)
            onsets[piece.onsets] = 1
            fields["onsets"].append(onsets[None])
            fields["lead_pitch"].append(piece.lead_pitch[None])
            fields["attributes"].append(np.array([json.dumps(dataclasses.asdict(piece.attributes))]))
    return {name: np.concatenate(parts) for name, parts in fields.items()}


def path_of(folder, split, frames, index):
    return os.path.join(folder, "%s-%d-%05d.npz" % (split, frames, index))


def work(task):
    """One shard in a process of its own, which computes on one core."""
    arguments, index = task
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    os.nice(max(0, arguments.nice - os.nice(0)))
    path = path_of(arguments.folder, arguments.split, arguments.frames, index)
    fields = shard(Codec.load(arguments.codec), chroma_extractor(), arguments, index)
    with open(path + ".part", "wb") as f:
        np.savez_compressed(f, **fields)
    os.replace(path + ".part", path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codec")
    parser.add_argument("folder")
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--pieces", type=int, default=SHARD)
    parser.add_argument("--skip", type=int, default=0, help="numbers of pieces that another length has")
    parser.add_argument("--frames", type=int, default=music.WINDOW)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fast", action="store_true", help="encode in bf16: 1.6 times faster, 1 to 3 in 100 codes are others")
    parser.add_argument("--nice", type=int, default=19)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    wanted = range(arguments.skip // SHARD, -(-(arguments.skip + arguments.pieces) // SHARD))
    tasks = [(arguments, i) for i in wanted
             if not os.path.exists(path_of(arguments.folder, arguments.split, arguments.frames, i))]
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for path in pool.imap_unordered(work, tasks):
            print(path, flush=True)


if __name__ == "__main__":
    main()
