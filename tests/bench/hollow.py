"""hollow.py FOLDER SIZE [melody]: a checkpoint of a public size whose weights are all zero, as a hole in a file.

It takes no room on a disk and no time to make, and as much memory and arithmetic to run as one with numbers in it: what
it plays is silence. SIZE: small, medium or large; melody: one that follows tunes. Standard library only.
"""

import json
import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZES = {"small": (1024, 24, 16), "medium": (1536, 48, 24), "large": (2048, 48, 32)}  # width, layers, heads
BOOKS, CODES = 4, 2048
TEXT, TEXT_FFN, TEXT_LAYERS, TEXT_HEADS, TEXT_VOCAB = 768, 3072, 12, 12, 32128  # T5 base
FILTERS, RATIOS, CODEC_WIDTH, KERNEL = 64, [8, 5, 4, 4], 128, 7


def text_encoder(add):
    add("shared.weight", TEXT_VOCAB, TEXT)
    add("encoder.final_layer_norm.weight", TEXT)
    add("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, TEXT_HEADS)
    for i in range(TEXT_LAYERS):
        block = "encoder.block.%d.layer." % i
        for name in "qkvo":
            add(block + "0.SelfAttention.%s.weight" % name, TEXT, TEXT)
        add(block + "0.layer_norm.weight", TEXT)
        add(block + "1.layer_norm.weight", TEXT)
        add(block + "1.DenseReluDense.wi.weight", TEXT_FFN, TEXT)
        add(block + "1.DenseReluDense.wo.weight", TEXT, TEXT_FFN)


def norm(add, name, width):
    add(name + ".weight", width)
    add(name + ".bias", width)


def attention(add, name, width):
    norm(add, name + "_layer_norm", width)
    for part in ("q", "k", "v", "out"):
        add("%s.%s_proj.weight" % (name, part), width, width)


def decoder(add, width, layers, has_cross):
    for k in range(BOOKS):
        add("lm_heads.%d.weight" % k, CODES, width)
        add("model.decoder.embed_tokens.%d.weight" % k, CODES + 1, width)
    norm(add, "model.decoder.layer_norm", width)
    for i in range(layers):
        layer = "model.decoder.layers.%d." % i
        attention(add, layer + "self_attn", width)
        if has_cross:
            attention(add, layer + "encoder_attn", width)
        norm(add, layer + "final_layer_norm", width)
        add(layer + "fc1.weight", 4 * width, width)
        add(layer + "fc2.weight", width, 4 * width)


class Half:
    """One half of the codec: layers by a running number, which activations have too."""

    def __init__(self, add, name):
        self.add, self.name, self.i = add, name, 0

    def activation(self):
        self.i += 1

    def conv(self, n_in, n_out, kernel, is_up=False):
        layer = "%s.layers.%d.conv." % (self.name, self.i)
        self.add(layer + "weight", *((n_in, n_out) if is_up else (n_out, n_in)), kernel)
        self.add(layer + "bias", n_out)
        self.i += 1

    def residual(self, width):
        layer = "%s.layers.%d.block." % (self.name, self.i)
        self.add(layer + "1.conv.weight", width // 2, width, 3)
        self.add(layer + "1.conv.bias", width // 2)
        self.add(layer + "3.conv.weight", width, width // 2, 1)
        self.add(layer + "3.conv.bias", width)
        self.i += 1

    def lstm(self, width):
        for i in range(2):
            for kind in ("ih", "hh"):
                self.add("%s.layers.%d.lstm.weight_%s_l%d" % (self.name, self.i, kind, i), 4 * width, width)
                self.add("%s.layers.%d.lstm.bias_%s_l%d" % (self.name, self.i, kind, i), 4 * width)
        self.i += 1


def codec(add):
    for k in range(BOOKS):
        add("quantizer.layers.%d.codebook.embed" % k, CODES, CODEC_WIDTH)
    widest = FILTERS << len(RATIOS)
    half = Half(add, "encoder")
    half.conv(1, FILTERS, KERNEL)
    for i, ratio in enumerate(reversed(RATIOS)):
        half.residual(FILTERS << i)
        half.activation()
        half.conv(FILTERS << i, FILTERS << i + 1, 2 * ratio)
    half.lstm(widest)
    half.activation()
    half.conv(widest, CODEC_WIDTH, KERNEL)
    half = Half(add, "decoder")
    half.conv(CODEC_WIDTH, widest, KERNEL)
    half.lstm(widest)
    for i, ratio in enumerate(RATIOS):
        half.activation()
        half.conv(widest >> i, widest >> i + 1, 2 * ratio, is_up=True)
        half.residual(widest >> i + 1)
    half.activation()
    half.conv(FILTERS, 1, KERNEL)


def config(width, layers, heads, is_melody):
    kind = dict(model_type="musicgen_melody", num_chroma=12, chroma_length=235) if is_melody else dict(model_type="musicgen")
    return dict(
        kind,
        text_encoder=dict(model_type="t5", num_layers=TEXT_LAYERS, num_heads=TEXT_HEADS, d_model=TEXT, d_ff=TEXT_FFN,
                          vocab_size=TEXT_VOCAB, feed_forward_proj="relu"),
        audio_encoder=dict(model_type="encodec", sampling_rate=32000, upsampling_ratios=RATIOS, num_residual_layers=1,
                           num_lstm_layers=2, dilation_growth_rate=2, use_causal_conv=False, use_conv_shortcut=False),
        decoder=dict(model_type="musicgen_melody_decoder" if is_melody else "musicgen_decoder", hidden_size=width,
                     num_hidden_layers=layers, num_attention_heads=heads, num_codebooks=BOOKS, audio_channels=1,
                     vocab_size=CODES, ffn_dim=4 * width, activation_function="gelu"))


def write(folder, size, is_melody):
    width, layers, heads = SIZES[size]
    header, at = {}, 0

    def adder(prefix):
        def add(name, *shape):
            nonlocal at
            n_bytes = 2
            for dim in shape:
                n_bytes *= dim
            header[prefix + name] = dict(dtype="F16", shape=shape, data_offsets=[at, at + n_bytes])
            at += n_bytes
        return add

    text_encoder(adder("text_encoder."))
    decoder(adder("decoder."), width, layers, not is_melody)
    codec(adder("audio_encoder."))
    for name, n_in in [("enc_to_dec_proj", TEXT)] + ([("audio_enc_to_dec_proj", 12)] if is_melody else []):
        adder(name)(".weight", width, n_in)
        adder(name)(".bias", width)
    text = json.dumps(header).encode()
    os.makedirs(folder)
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        f.truncate(8 + len(text) + at)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config(width, layers, heads, is_melody), f)
    shutil.copy(os.path.join(ROOT, "tests", "data", "model", "tokenizer.json"), folder)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], "melody" in sys.argv[3:])
