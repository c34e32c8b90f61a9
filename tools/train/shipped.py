"""The codec that evaluation listens through: of a training checkpoint, or of the exported model as it ships.

The exported one is read back by transformers, so that what is measured has the file's own precision.
"""

import os

import torch

from codec import BOOKS, Codec


def codec(path):
    """A frozen Codec from a file of train_codec.py or a model's folder."""
    return of_folder(path) if os.path.isdir(path) else Codec.load(path)


def of_folder(folder):
    from transformers import AutoModelForTextToWaveform  # slow to load, and not needed for a checkpoint

    encodec = AutoModelForTextToWaveform.from_pretrained(folder, torch_dtype=torch.float32).audio_encoder
    out = Codec(encodec.config.upsampling_ratios, encodec.config.num_filters)
    out.load_state_dict(plain_weights(encodec.state_dict()))
    return out.eval().requires_grad_(False)


def plain_weights(state):
    """What Codec.hf_state_dict() did, undone: weight norm multiplied out, the books stacked."""
    out = {"books": torch.stack([state["quantizer.layers.%d.codebook.embed" % k] for k in range(BOOKS)])}
    for name, value in state.items():
        if name.endswith(".original1"):
            gain = state[name[:-1] + "0"]
            norm = value.flatten(1).norm(dim=1).view(-1, 1, 1)
            out[name.replace(".conv.parametrizations.weight.original1", ".weight")] = value * (gain / norm)
        elif name.endswith("conv.bias"):
            out[name.replace(".conv.bias", ".bias")] = value
        elif ".lstm." in name:
            out[name.replace(".lstm.", ".")] = value
    return out
