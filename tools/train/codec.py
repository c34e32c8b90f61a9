"""EnCodec in a form that two CPU cores can train, and its way out to Hugging Face's EncodecModel.

    python codec.py check [checkpoint]     the same codes and samples as transformers' EncodecModel
    python codec.py speed [ratios [filters]]   audio seconds trained per second

The numbers are those of EncodecModel; the forms are not. A transposed convolution is an ordinary one
with the phases as channels (PyTorch's own backward for it is several times slower), the LSTM gathers its
weight gradients into one product, and weights are plain: weight norm appears only in hf_state_dict().
Weights lie in the layout of the public files, so exporting is renaming.

For users of a trained codec:
    codec = Codec.load(path)
    codes = codec.encode(mono)    # float32 [batch, samples], samples a multiple of 640 -> int64 [batch, 4, frames]
    mono = codec.decode(codes)
"""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

RATE = 32000
FRAME = 640  # samples of one code frame
BOOKS = 4
BOOK_SIZE = 512
HIDDEN = 64
RATIOS = (4, 4, 5, 8)  # of the decoder, first to last; the encoder has them in reverse. A quarter faster than 8, 5, 4, 4
FILTERS = 16


def back_through_elu(grad, result):
    return torch.ops.aten.elu_backward(grad, 1, 1, 1, True, result)


class Bend(torch.autograd.Function):
    """ELU and the mirrored ends of the convolution that follows, in one pass.

    Separate they cost a third of a training step: three more copies of the signal each way, and autocast
    would widen the mirror to 32 bits. The slope follows from the result, so only that is kept.
    """

    @staticmethod
    def forward(ctx, x, left, right):
        batch, channels, length = x.shape
        y = x.new_empty(batch, channels, length + left + right)
        middle = y[..., left:left + length]
        torch.ops.aten.elu.out(x, out=middle)
        if left:
            y[..., :left] = middle[..., 1:left + 1].flip(2)
        if right:
            y[..., left + length:] = middle[..., length - right - 1:length - 1].flip(2)
        ctx.save_for_backward(y)
        ctx.sides = left, right
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        left, right = ctx.sides
        length = y.shape[2] - left - right
        ends = length + left
        slope = back_through_elu(grad[..., left:ends], y[..., left:ends])
        if left:
            slope[..., 1:left + 1] += back_through_elu(grad[..., :left], y[..., :left]).flip(2)
        if right:
            part = back_through_elu(grad[..., ends:], y[..., ends:])
            slope[..., length - right - 1:length - 1] += part.flip(2)
        return slope, None, None


class Conv(nn.Module):
    """A convolution that keeps length / stride, mirroring the signal at both ends as EnCodec does.

    `bend` applies an ELU first; in the public files that ELU has a number of its own among the layers, so an
    nn.Identity keeps its place here.
    """

    def __init__(self, inputs, outputs, kernel, stride=1, gain=1.0, bend=False):
        super().__init__()
        self.stride, self.bend = stride, bend
        # EnCodec puts the odd sample of an even kernel on the left.
        self.right = (kernel - stride) // 2
        self.left = kernel - stride - self.right
        self.weight = nn.Parameter(spread(inputs * kernel, gain, outputs, inputs, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        if self.bend:
            x = Bend.apply(x, self.left, self.right)
        elif self.left:
            x = F.pad(x, (self.left, self.right), "reflect")
        return F.conv1d(x, self.weight, self.bias, self.stride)


class Rise(nn.Module):
    """The transposed convolution (kernel twice the stride) that makes `ratio` samples out of one.

    Output sample n * ratio + p sees input n through tap p and input n - 1 through tap ratio + p: a
    convolution of two taps with ratio * outputs channels, whose channels are then laid out in time.
    """

    def __init__(self, inputs, outputs, ratio):
        super().__init__()
        self.ratio = ratio
        self.cut = ratio - ratio // 2  # what EnCodec trims on the left
        self.weight = nn.Parameter(spread(inputs * 2, 1.0, inputs, outputs, 2 * ratio))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        inputs, outputs, _ = self.weight.shape
        taps = self.weight.view(inputs, outputs, 2, self.ratio).flip(2)
        taps = taps.permute(3, 1, 0, 2).reshape(self.ratio * outputs, inputs, 2)
        y = F.conv1d(x, taps, self.bias.repeat(self.ratio), padding=1)
        y = y.view(x.shape[0], self.ratio, outputs, -1).permute(0, 2, 3, 1)
        y = y.reshape(x.shape[0], outputs, -1)
        return y[..., self.cut:self.cut + x.shape[-1] * self.ratio]


def spread(fan, gain, *shape):
    """Uniform weights that keep the variance through an ELU: torch's default bound lets it die out in 10 layers."""
    return torch.empty(*shape).uniform_(-1, 1) * gain * math.sqrt(3.3 / fan)


class Residual(nn.Module):
    """ELU, 3 taps to half the channels, ELU, back to all of them, added to the input."""

    def __init__(self, width):
        super().__init__()
        self.block = nn.Sequential(nn.Identity(), Conv(width, width // 2, 3, bend=True),
                                   nn.Identity(), Conv(width // 2, width, 1, gain=0.5, bend=True))

    def forward(self, x):
        return x + self.block(x)


class Recurrence(torch.autograd.Function):
    """An LSTM over [time, batch, 4 * width] of ready input products, from a zero state; gates as in nn.LSTM: i f g o."""

    @staticmethod
    def forward(ctx, products, weight):
        steps, batch, wide = products.shape
        width = wide // 4
        gates = torch.empty_like(products)
        hidden = products.new_zeros(steps + 1, batch, width)
        cell = products.new_zeros(steps + 1, batch, width)
        turned = weight.t().contiguous()
        for t in range(steps):
            g = torch.addmm(products[t], hidden[t], turned, out=gates[t])
            g[:, :2 * width].sigmoid_()
            g[:, 2 * width:3 * width].tanh_()
            g[:, 3 * width:].sigmoid_()
            i, f, new, o = g.split(width, 1)
            torch.addcmul(f * cell[t], i, new, out=cell[t + 1])
            torch.mul(torch.tanh(cell[t + 1]), o, out=hidden[t + 1])
        ctx.save_for_backward(weight, gates, hidden, cell)
        return hidden[1:]

    @staticmethod
    def backward(ctx, grad):
        weight, gates, hidden, cell = ctx.saved_tensors
        steps, batch, wide = gates.shape
        width = wide // 4
        i, f, g, o = gates.split(width, 2)
        shape = torch.tanh(cell[1:])
        by_cell = o * (1 - shape * shape)
        # What one unit of cell gradient does to the four gates, and of hidden gradient to the last: for all steps at once.
        slopes = torch.cat([g * i * (1 - i), cell[:-1] * f * (1 - f), i * (1 - g * g)], 2)
        slope_o = shape * o * (1 - o)
        out = torch.empty_like(gates)
        carry = grad.new_zeros(batch, width)
        back = grad.new_zeros(batch, width)
        for t in range(steps - 1, -1, -1):
            dh = grad[t] + back
            carry = torch.addcmul(carry, dh, by_cell[t])
            row = out[t]
            torch.mul(slopes[t].view(batch, 3, width), carry.unsqueeze(1), out=row[:, :3 * width].view(batch, 3, width))
            torch.mul(slope_o[t], dh, out=row[:, 3 * width:])
            back = row @ weight
            carry = carry * f[t]
        flat = out.view(-1, wide)
        return out, flat.t() @ hidden[:-1].reshape(-1, width)


class Memory(nn.Module):
    """One LSTM layer over time, added to its input."""

    def __init__(self, width):
        super().__init__()
        bound = width ** -0.5
        for name, shape in (("weight_ih_l0", (4 * width, width)), ("weight_hh_l0", (4 * width, width)),
                            ("bias_ih_l0", (4 * width,)), ("bias_hh_l0", (4 * width,))):
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            rows = x.float().permute(2, 0, 1)
            products = F.linear(rows, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
            y = Recurrence.apply(products, self.weight_hh_l0) + rows
            return y.permute(1, 2, 0)


def encoder_layers(ratios, filters):
    layers = [Conv(1, filters, 7)]
    width = filters
    for ratio in reversed(ratios):
        layers += [Residual(width), nn.Identity(), Conv(width, 2 * width, 2 * ratio, ratio, bend=True)]
        width *= 2
    return layers + [Memory(width), nn.Identity(), Conv(width, HIDDEN, 7, bend=True)]


def decoder_layers(ratios, filters):
    width = filters << len(ratios)
    layers = [Conv(HIDDEN, width, 7), Memory(width)]
    for ratio in ratios:
        layers += [nn.ELU(), Rise(width, width // 2, ratio), Residual(width // 2)]
        width //= 2
    return layers + [nn.Identity(), Conv(width, 1, 7, gain=0.5, bend=True)]


class Chain(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)  # numbered as in the public files

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Codec(nn.Module):
    """Encoder, residual quantiser and decoder. Training of the books is train_codec.py's business."""

    def __init__(self, ratios=RATIOS, filters=FILTERS):
        super().__init__()
        assert math.prod(ratios) == FRAME
        self.ratios, self.filters = tuple(ratios), filters
        self.encoder = Chain(encoder_layers(ratios, filters))
        self.decoder = Chain(decoder_layers(ratios, filters))
        self.register_buffer("books", torch.zeros(BOOKS, BOOK_SIZE, HIDDEN))

    def quantise(self, rows):
        """[n, HIDDEN] -> codes [n, BOOKS] and what they stand for, book after book on what is left."""
        left, codes = rows, []
        for book in self.books:
            codes.append(nearest(left, book))
            left = left - book[codes[-1]]
        return torch.stack(codes, 1), rows - left

    @torch.no_grad()
    def encode(self, mono):
        assert mono.shape[1] % FRAME == 0, mono.shape
        latent = self.encoder(mono.unsqueeze(1)).permute(0, 2, 1)
        codes, _ = self.quantise(latent.reshape(-1, HIDDEN))
        return codes.view(mono.shape[0], -1, BOOKS).permute(0, 2, 1)

    @torch.no_grad()
    def decode(self, codes):
        latent = sum(F.embedding(codes[:, k], self.books[k]) for k in range(BOOKS))
        return self.decoder(latent.permute(0, 2, 1)).squeeze(1)

    @staticmethod
    def load(path):
        """The codec of a checkpoint of train_codec.py: its averaged weights, frozen."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        codec = Codec(saved["ratios"], saved["filters"])
        codec.load_state_dict(saved["codec"])
        return codec.eval().requires_grad_(False)

    def hf_config(self):
        """What transformers' EncodecConfig has to be told."""
        return {"sampling_rate": RATE, "audio_channels": 1, "normalize": False, "chunk_length_s": None, "overlap": None,
                "target_bandwidths": [2.0], "hidden_size": HIDDEN, "codebook_dim": HIDDEN, "codebook_size": BOOK_SIZE,
                "num_filters": self.filters, "upsampling_ratios": list(self.ratios), "num_residual_layers": 1,
                "num_lstm_layers": 1, "norm_type": "weight_norm", "kernel_size": 7, "last_kernel_size": 7,
                "residual_kernel_size": 3, "dilation_growth_rate": 2, "compress": 2, "use_causal_conv": False,
                "pad_mode": "reflect", "trim_right_ratio": 1.0, "use_conv_shortcut": False}

    def hf_state_dict(self):
        """EncodecModel's state: weight norm's direction is the weight itself, its gain that weight's norm."""
        state = {}
        for name, value in self.state_dict().items():
            stem, _, kind = name.rpartition(".")
            if name == "books":
                for k in range(BOOKS):
                    state.update(hf_book(k, value[k]))
            elif kind.endswith("_l0"):
                state["%s.lstm.%s" % (stem, kind)] = value.clone()
            elif kind == "bias":
                state[stem + ".conv.bias"] = value.clone()
            else:
                norm = value.flatten(1).norm(dim=1).view(-1, 1, 1)
                state[stem + ".conv.parametrizations.weight.original0"] = norm
                state[stem + ".conv.parametrizations.weight.original1"] = value.clone()
        return state


def hf_book(index, book):
    """One codebook as EncodecModel keeps it: the running sums are those of clusters of size 1."""
    stem = "quantizer.layers.%d.codebook." % index
    return {stem + "inited": torch.ones(1), stem + "cluster_size": torch.ones(BOOK_SIZE),
            stem + "embed": book.clone(), stem + "embed_avg": book.clone()}


def nearest(rows, book):
    """The row of the book nearest to each row; the square of the rows themselves does not matter."""
    return torch.addmm(book.square().sum(1), rows, book.t(), alpha=-2).argmin(1)


def check(codec):
    """transformers' EncodecModel with the exported state against the forms of this file."""
    from transformers import EncodecConfig, EncodecModel

    model = EncodecModel(EncodecConfig(**codec.hf_config())).eval()
    model.load_state_dict(codec.hf_state_dict(), strict=True)
    codec = codec.eval()
    noise = torch.Generator().manual_seed(7)
    time_axis = torch.arange(RATE * 2 // FRAME * FRAME) / RATE
    sound = 0.2 * torch.sin(2 * math.pi * torch.tensor([[220.0], [523.25]]) * time_axis)
    sound = sound + 0.02 * torch.randn(sound.shape, generator=noise)
    with torch.no_grad():
        theirs = model.encode(sound.unsqueeze(1), bandwidth=2.0).audio_codes
        heard = model.decode(theirs, [None]).audio_values.squeeze(1)
    codes = codec.encode(sound)
    same = (codes == theirs[0]).float().mean().item()
    gap = (codec.decode(theirs[0]) - heard).abs().max().item() / max(1e-9, heard.abs().max().item())
    print("codes equal %.5f, samples differ by %.1e of the peak %.3f, %d different codes" % (
        same, gap, heard.abs().max(), codes.unique().numel()))
    assert same >= 0.999 and gap < 1e-4, "the exported codec is not the trained one"


def speed(codec, batch=8, length=25600):
    """Audio seconds per second of forward, backward and Adam, without the spectral loss."""
    adam = torch.optim.Adam(codec.parameters(), fused=True)
    sound = 0.1 * torch.randn(batch, 1, length)
    for step in range(8):
        if step == 3:
            start = time.time()
        with torch.autocast("cpu", torch.bfloat16):
            out = codec.decoder(codec.encoder(sound))
        (out.float() - sound).abs().mean().backward()
        adam.step()
        adam.zero_grad()
    print("%s x %d: %.1f audio s/s" % (codec.ratios, codec.filters, 5 * batch * length / RATE / (time.time() - start)))


def main(words):
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    if words[:1] == ["check"]:
        if len(words) > 1:
            return check(Codec.load(words[1]))
        codec = Codec()
        codec.books.normal_(0, 0.5)
        for p in codec.parameters():
            if p.dim() == 1:
                nn.init.normal_(p, 0, 0.1)  # a bias of zero would hide a mistake
        return check(codec)
    if words[:1] == ["speed"]:
        torch.set_num_threads(2)
        ratios = [int(r) for r in words[1].split(",")] if len(words) > 1 else RATIOS
        return speed(Codec(ratios, int(words[2]) if len(words) > 2 else FILTERS))
    sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
