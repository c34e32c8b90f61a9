"""The language model for training: a T5 encoder and the decoder of a stereo melody MusicGen.

It computes what transformers' MusicgenMelodyForConditionalGeneration computes (export.py proves it) and differs in
form alone: queries, keys and values are one product, the eight books' tables are one table, and the rows of a
batch may have prompts of different lengths. A row is

    [50 rows of melody][its own text rows][columns of codes][what fills it up]

with positions 0, 1, 2, ... from its first melody row. What fills it up lies at the end, where a causal decoder
cannot look, so every row sees what it would see alone.

Null conditions are those of transformers' guidance: no melody is class 0 in all rows, no text is rows of zeros.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

from attention import TUNE_ROWS, Attention, Layout

BOOKS = 8  # left and right of one level are neighbours: L1 R1 L2 R2 ...
SPECIAL = 512  # begins a sequence and fills the cells that the delays leave empty
CLASSES = 12
TAIL = 4  # columns more than frames: one to begin with, three for the delays


@dataclass
class Shape:
    """Sizes of the model; what is not here is fixed by the architecture."""

    pieces: int = 512  # of the vocabulary of text
    text_width: int = 128
    text_heads: int = 2
    text_layers: int = 3
    text_inner: int = 512
    width: int = 256
    heads: int = 4
    layers: int = 6
    inner: int = 1024
    codes: int = SPECIAL
    head_width: int = 64

    def as_dict(self):
        return asdict(self)


def delayed(codes, special=SPECIAL):
    """codes [P, 8, T] -> columns [P, 8, T + 4]: column s of level l holds frame s - 1 - l, else the special id."""
    rows, books, frames = codes.shape
    columns = codes.new_full((rows, books, frames + TAIL), special)
    for book in range(books):
        first = 1 + book // 2
        columns[:, book, first : first + frames] = codes[:, book]
    return columns


def positions(count, width):
    """[count, width]: all cosines, then all sines, as transformers makes them."""
    half = width // 2
    steps = torch.exp(torch.arange(half).float() * -(math.log(10000) / (half - 1)))
    angles = torch.arange(count).float()[:, None] * steps[None]
    return torch.cat([angles.cos(), angles.sin()], 1)


# ---- text ------------------------------------------------------------------------------------------


def distance_buckets(length):
    """[length, length] of 32: T5's classes of key - query, exact up to 7, then logarithmic up to 128."""
    ahead = torch.arange(length)[None] - torch.arange(length)[:, None]
    size = ahead.abs()
    far = 8 + (torch.log(size.clamp(min=1).float() / 8) / math.log(128 / 8) * 8).long()
    return torch.where(size < 8, size, far.clamp(max=15)) + 16 * (ahead > 0)


class RootMeanSquare(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class TextBlock(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads, inner = shape.text_heads, shape.text_heads * shape.head_width
        self.before_attention = RootMeanSquare(shape.text_width)
        self.qkv = nn.Linear(shape.text_width, 3 * inner, bias=False)
        self.out = nn.Linear(inner, shape.text_width, bias=False)
        self.before_ffn = RootMeanSquare(shape.text_width)
        self.up = nn.Linear(shape.text_width, shape.text_inner, bias=False)
        self.down = nn.Linear(shape.text_inner, shape.text_width, bias=False)

    def forward(self, x, bias):
        rows, length, _ = x.shape
        q, k, v = self.qkv(self.before_attention(x)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = torch.softmax(q @ k.transpose(-1, -2) + bias, -1) @ v  # T5 does not divide by the root of the width
        x = x + self.out(found.transpose(1, 2).reshape(rows, length, -1))
        return x + self.down(F.relu(self.up(self.before_ffn(x))))


class TextEncoder(nn.Module):
    """Padded rows come out as if they were alone: padding is masked and T5's positions are relative."""

    def __init__(self, shape):
        super().__init__()
        self.embed = nn.Embedding(shape.pieces, shape.text_width)
        self.distance = nn.Embedding(32, shape.text_heads)
        self.blocks = nn.ModuleList(TextBlock(shape) for _ in range(shape.text_layers))
        self.last = RootMeanSquare(shape.text_width)

    def forward(self, ids, lengths):
        longest = ids.shape[1]
        bias = self.distance(distance_buckets(longest)).permute(2, 0, 1)[None]
        padded = torch.arange(longest)[None] >= lengths[:, None]
        bias = bias.masked_fill(padded[:, None, None], torch.finfo(torch.float32).min)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, bias)
        return self.last(x)


# ---- decoder ---------------------------------------------------------------------------------------


def product(x, layer, fast):
    """The layer's product in the fast type, whatever the weights are kept in."""
    return F.linear(x.to(fast), layer.weight.to(fast))


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        self.before_attention = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.before_ffn = nn.LayerNorm(shape.width)
        self.up = nn.Linear(shape.width, shape.inner, bias=False)
        self.down = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, x, layout, fast, dropout):
        found = Attention.apply(product(self.before_attention(x), self.qkv, fast), layout, self.heads)
        x = x + F.dropout(product(found, self.out, fast), dropout, self.training)
        made = F.gelu(product(self.before_ffn(x), self.up, fast))
        return x + F.dropout(product(made, self.down, fast), dropout, self.training)


@dataclass
class Rows:
    """What a batch feeds. Rows without a tune come first, and `tune` holds the classes of the others alone."""

    tune: torch.Tensor  # [rows with a tune, 50]
    ids: torch.Tensor  # [B, L], padded at the end
    lengths: torch.Tensor  # [B]: pieces of each row's text
    has_text: torch.Tensor  # [B]: 1.0, or 0.0 for a row whose text rows are zeros
    columns: torch.Tensor  # [B, 8, C]
    counts: torch.Tensor  # [B]: columns of each row that count, 1..C
    length: int = 0  # positions of a row, where more than needed makes the products faster


class MusicLM(nn.Module):
    """forward() gives the states after the middle layer and after the last norm, at the columns that count alone."""

    def __init__(self, shape, dropout=0.0, fast=torch.float32):
        super().__init__()
        self.shape, self.dropout, self.fast, self.middle = shape, dropout, fast, (shape.layers + 1) // 2
        self.text = TextEncoder(shape)
        self.of_text = nn.Linear(shape.text_width, shape.width)
        self.of_tune = nn.Linear(CLASSES, shape.width)
        self.embed = nn.Embedding(BOOKS * (shape.codes + 1), shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.last = nn.LayerNorm(shape.width)
        self.heads = nn.Linear(shape.width, BOOKS * shape.codes, bias=False)
        self.register_buffer("first_rows", torch.arange(BOOKS) * (shape.codes + 1), persistent=False)
        self.register_buffer("places", positions(2048, shape.width), persistent=False)
        self.draw()

    def draw(self):
        """Random beginnings: codes and conditions about half as large as the positions that are added to them."""
        shape = self.shape
        deep = (2 * shape.layers) ** -0.5
        fixed = {"embed.weight": 0.14, "of_tune.weight": 0.4, "of_text.weight": 0.4 * shape.text_width**-0.5,
                 "heads.weight": 0.02, "text.distance.weight": 0.1, "text.embed.weight": 1.0}
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif name in fixed:
                nn.init.normal_(p, std=fixed[name])
            elif p.dim() == 2:
                back = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(p, std=p.shape[1] ** -0.5 * (deep if back else 0.8))
        with torch.no_grad():  # T5 does not scale its scores, so its queries begin small
            for block in self.text.blocks:
                block.qkv.weight[: block.qkv.weight.shape[0] // 3] *= shape.head_width**-0.5

    def melodies(self, tune, plain):
        """[melodies, 50, d]: of class 0 where any row has no tune, then those of the rows that have one."""
        if plain:
            tune = torch.cat([tune.new_zeros(1, TUNE_ROWS), tune])
        return F.embedding(tune, self.of_tune.weight.t()) + self.of_tune.bias

    def bodies(self, rows, text):
        """[B, body, d]: each row's own text rows, then its columns, then what fills it up."""
        longest, count = text.shape[1], rows.columns.shape[2]
        needed = int((rows.lengths + rows.counts).max())
        at = torch.arange(max(needed, rows.length - TUNE_ROWS))[None]
        source = torch.where(at < rows.lengths[:, None], at, at - rows.lengths[:, None] + longest)
        source = source.clamp(max=longest + count - 1)
        codes = F.embedding(rows.columns.transpose(1, 2) + self.first_rows, self.embed.weight).sum(2)
        return torch.cat([text, codes], 1).gather(1, source[:, :, None].expand(-1, -1, codes.shape[2]))

    def forward(self, rows):
        """-> (middle [M, d], last [M, d], T5's states [B, L, .], row of each [M], column of each [M])"""
        plain = rows.ids.shape[0] - rows.tune.shape[0]
        states = self.text(rows.ids, rows.lengths)
        body = self.bodies(rows, self.of_text(states) * rows.has_text[:, None, None])
        layout = Layout(plain, rows.tune.shape[0], body.shape[1])
        tunes = self.melodies(rows.tune, plain) + self.places[:TUNE_ROWS]
        body = body + self.places[TUNE_ROWS : layout.length]
        x = torch.cat([tunes.flatten(0, 1), body.flatten(0, 1)])
        x, middle = F.dropout(x, self.dropout, self.training), None
        for i, layer in enumerate(self.layers):
            x = layer(x, layout, self.fast, self.dropout)
            middle = x if i + 1 == self.middle else middle
        row, column = (torch.arange(rows.columns.shape[2])[None] < rows.counts[:, None]).nonzero(as_tuple=True)
        at = layout.first + row * layout.body + rows.lengths[row] + column
        return middle[at], self.last(x[at]), states, row, column

    @torch.no_grad()
    def logits(self, rows):
        """[B, 8, C, codes] for looking at; rows of equal counts only."""
        hidden = self(rows)[1]
        return self.heads(hidden).view(rows.columns.shape[0], -1, BOOKS, self.shape.codes).transpose(1, 2)


# ---- transformers' names ---------------------------------------------------------------------------


def text_tensors(text):
    """The encoder's tensors under transformers' names."""
    out = {"text_encoder.shared.weight": text.embed.weight, "text_encoder.encoder.embed_tokens.weight": text.embed.weight}
    stack = "text_encoder.encoder."
    for i, block in enumerate(text.blocks):
        attention, ffn = "%sblock.%d.layer.0." % (stack, i), "%sblock.%d.layer.1." % (stack, i)
        for name, weight in zip("qkv", block.qkv.weight.chunk(3)):
            out["%sSelfAttention.%s.weight" % (attention, name)] = weight
        out[attention + "SelfAttention.o.weight"] = block.out.weight
        out[attention + "layer_norm.weight"] = block.before_attention.weight
        out[ffn + "DenseReluDense.wi.weight"] = block.up.weight
        out[ffn + "DenseReluDense.wo.weight"] = block.down.weight
        out[ffn + "layer_norm.weight"] = block.before_ffn.weight
    out[stack + "block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = text.distance.weight
    out[stack + "final_layer_norm.weight"] = text.last.weight
    return out


def tensors(model):
    """All tensors of the language model under transformers' names; the codec's are not among them."""
    out = text_tensors(model.text)
    for ours, theirs in ((model.of_text, "enc_to_dec_proj"), (model.of_tune, "audio_enc_to_dec_proj")):
        out[theirs + ".weight"], out[theirs + ".bias"] = ours.weight, ours.bias
    stack = "decoder.model.decoder."
    for book in range(BOOKS):
        rows = model.shape.codes + 1
        out["%sembed_tokens.%d.weight" % (stack, book)] = model.embed.weight[book * rows : (book + 1) * rows]
        out["decoder.lm_heads.%d.weight" % book] = model.heads.weight[book * (rows - 1) : (book + 1) * (rows - 1)]
    for i, layer in enumerate(model.layers):
        name = "%slayers.%d." % (stack, i)
        for part, weight in zip("qkv", layer.qkv.weight.chunk(3)):
            out["%sself_attn.%s_proj.weight" % (name, part)] = weight
        out[name + "self_attn.out_proj.weight"] = layer.out.weight
        out[name + "fc1.weight"], out[name + "fc2.weight"] = layer.up.weight, layer.down.weight
        for ours, theirs in ((layer.before_attention, "self_attn_layer_norm"), (layer.before_ffn, "final_layer_norm")):
            out["%s%s.weight" % (name, theirs)], out["%s%s.bias" % (name, theirs)] = ours.weight, ours.bias
    out[stack + "layer_norm.weight"], out[stack + "layer_norm.bias"] = model.last.weight, model.last.bias
    return {name: weight.detach().clone().contiguous() for name, weight in out.items()}
