"""Tiny random MusicGen checkpoints in the Hugging Face layout: what the vector and model makers share.

Random, but not arbitrary. A fresh transformers model has zero codebooks, flat logits, LayerNorms that
do nothing and biases of zero, so most mistakes of an engine would not show; redraw() gives every
parameter a size at which it matters. tokenizer_files() writes a Unigram tokenizer of our own with a
small character map in the binary form that T5's tokenizer.json uses.
"""

import base64
import json
import os
import struct

import torch
from transformers import (EncodecConfig, MusicgenConfig, MusicgenDecoderConfig, MusicgenForConditionalGeneration,
                          MusicgenMelodyConfig, MusicgenMelodyDecoderConfig, MusicgenMelodyForConditionalGeneration, T5Config)

SPACE = "\u2581"  # SentencePiece writes a space so

# ---- the model -------------------------------------------------------------------------------------


def config(*, text, codec, decoder, stereo, melody=None):
    """One MusicgenConfig, or a MusicgenMelodyConfig where melody holds its num_chroma and chroma_length; text, codec
    and decoder hold what differs from the shape of the public ones."""
    t5 = T5Config(
        **{
            "relative_attention_num_buckets": 32,
            "relative_attention_max_distance": 128,
            "feed_forward_proj": "relu",
            "is_encoder_decoder": False,
            "use_cache": False,
            **text,
        }
    )
    encodec = EncodecConfig(
        **{
            "audio_channels": 1,  # of the codec: stereo models decode each side alone
            "normalize": False,
            "chunk_length_s": None,
            "overlap": None,
            "num_residual_layers": 1,
            "norm_type": "weight_norm",
            "kernel_size": 7,
            "last_kernel_size": 7,
            "residual_kernel_size": 3,
            "dilation_growth_rate": 2,
            "use_causal_conv": False,
            "pad_mode": "reflect",
            "compress": 2,
            "num_lstm_layers": 2,
            "use_conv_shortcut": False,
            **codec,
        }
    )
    encodec.codebook_dim = encodec.hidden_size  # no projection around the quantizer
    special = encodec.codebook_size
    kind, of_decoder = (MusicgenMelodyConfig, MusicgenMelodyDecoderConfig) if melody else (MusicgenConfig, MusicgenDecoderConfig)
    dec = of_decoder(
        **{
            "vocab_size": special,
            "num_codebooks": 8 if stereo else 4,
            "audio_channels": 2 if stereo else 1,
            "pad_token_id": special,
            "bos_token_id": special,
            "tie_word_embeddings": False,
            "ffn_dim": 4 * decoder["hidden_size"],  # the field is ffn_dim: d_ff would be ignored and leave 4096
            **decoder,
        }
    )
    whole = kind.from_sub_models_config(t5, encodec, dec, **(melody or {}))
    whole._attn_implementation = "eager"
    return whole


def redraw(model, head_gain):
    """Every parameter anew, each at a size that shows."""
    named = list(model.named_parameters())
    named += [(n, b) for n, b in model.named_buffers() if n.endswith(("codebook.embed", "codebook.embed_avg"))]
    embed = None
    with torch.no_grad():
        for name, p in named:
            if "embed_positions" in name:
                continue  # a table that is computed
            if name.endswith("codebook.embed_avg"):
                p.copy_(embed)  # the running sum of a codebook whose cluster sizes are 1
            elif p.dim() == 1:
                if "norm" in name and name.endswith("weight"):
                    p.uniform_(0.5, 1.5)
                else:
                    p.normal_(0, 0.1)
            elif name.endswith(("weight_g", "original0")):
                p.uniform_(0.5, 1.5)
            elif "embed" in name or "shared" in name:
                p.normal_(0, 1)
            else:
                p.normal_(0, p[0].numel() ** -0.5)
                if "lm_heads" in name:
                    p.mul_(head_gain)  # so that the best and second best differ by more than rounding
            if name.endswith("codebook.embed"):
                embed = p


def build(cfg, seed, head_gain=4.0):
    torch.manual_seed(seed)
    kind = MusicgenMelodyForConditionalGeneration if hasattr(cfg, "chroma_length") else MusicgenForConditionalGeneration
    model = kind(cfg).eval().float()
    redraw(model, head_gain)
    g = model.generation_config
    special = cfg.decoder.pad_token_id
    g.decoder_start_token_id = g.bos_token_id = g.pad_token_id = special
    g.do_sample = True
    g.guidance_scale = 3.0
    g.max_length = 1500
    return model


# ---- the tokenizer ---------------------------------------------------------------------------------


def _double_array(keys):
    """A Darts-clone double array: {bytes: value} -> list of u32 units."""
    root = {}
    for key, value in keys.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = value  # label 0 ends a key: no key holds a NUL
    units = {0: 0}

    def place(node, at):
        labels = sorted(node)
        base = 1
        while any((base ^ c) in units for c in labels):
            base += 1
        offset = at ^ base
        assert offset < 1 << 21
        units[at] |= offset << 10 | (1 << 8 if 0 in node else 0)
        for c in labels:
            units[base ^ c] = 1 << 31 | node[c] if c == 0 else c
        for c in labels:
            if c:
                place(node[c], base ^ c)

    place(root, 0)
    size = (max(units) | 255) + 1  # a reader may look at any byte beside a used unit
    return [units.get(i, 0) for i in range(size)]


def charsmap(fold=False):
    """A small precompiled_charsmap: blanks, controls, full-width forms, a ligature, a composed letter. fold: and A-Z
    become a-z, for vocabularies that know small letters only."""
    table = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}  # full-width ASCII
    table.update({c: " " for c in "\t\n\r\u00a0\u2003\u3000"})
    table.update({"\u200b": " ", "\x01": "", "\x7f": "", "\u00ad": ""})
    table.update({"\ufb01": "fi", "\u2026": "...", "\u2122": "TM", "e\u0301": "\u00e9", "\u00bd": "1/2"})
    if fold:
        table = {source: target.lower() for source, target in table.items()}
        table.update({chr(c): chr(c).lower() for c in range(ord("A"), ord("Z") + 1)})
    blob = b""
    keys = {}
    for source, target in sorted(table.items()):
        keys[source.encode()] = len(blob)
        blob += target.encode() + b"\0"
    trie = struct.pack("<%dI" % len(_double_array(keys)), *_double_array(keys))
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + blob).decode()


def pieces(words, subwords=()):
    """[[piece, score], ...]: specials, letters, subwords, whole words; scores like log probabilities."""
    vocab = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], [SPACE, -3.5]]
    letters = "etaoinshrdlucmfwypvbgkjxqz0123456789.,-'/&"
    vocab += [[c, round(-6.0 - 0.13 * i, 3)] for i, c in enumerate(letters)]
    vocab += [[s, round(-5.0 - 0.07 * i, 3)] for i, s in enumerate(subwords)]
    vocab += [[SPACE + w, round(-6.5 - 0.011 * i, 3)] for i, w in enumerate(words)]
    assert len({p for p, _ in vocab}) == len(vocab), "a piece is listed twice"
    return vocab


def _special(i, text):
    return {"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True}


def tokenizer_files(folder, vocab, style, fold=False):
    """tokenizer.json and its two companions. style: "split" as T5's first files spell the rules on
    blanks, "replace" as transformers' present converter does. Both mean the same. fold as in charsmap()."""
    precompiled = {"type": "Precompiled", "precompiled_charsmap": charsmap(fold)}
    metaspace = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}
    if style == "split":
        normalizer = precompiled
        pre = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    else:
        blanks = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": SPACE}
        strip = {"type": "Strip", "strip_left": False, "strip_right": True}
        normalizer = {"type": "Sequence", "normalizers": [precompiled, strip, blanks]}
        pre = metaspace
    one, eos = {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}
    two = {"Sequence": {"id": "B", "type_id": 0}}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_special(0, "<pad>"), _special(1, "</s>"), _special(2, "<unk>")],
        "normalizer": normalizer,
        "pre_tokenizer": pre,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [one, eos],
            "pair": [one, eos, two, eos],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocab, "byte_fallback": False},
    }
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    settings = {"tokenizer_class": "T5Tokenizer", "model_max_length": 512, "extra_ids": 0,
                "additional_special_tokens": [], "clean_up_tokenization_spaces": True, **names}
    for name, value in (("tokenizer.json", tokenizer), ("tokenizer_config.json", settings),
                        ("special_tokens_map.json", names)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(value, f, ensure_ascii=False, indent=None if name == "tokenizer.json" else 2)
            f.write("\n")
