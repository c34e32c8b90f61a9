"""Small classifiers that hear tempo, key, lead and drums in a clip: how evaluation knows what a prompt led to.

    python judge.py CODEC FOLDER [PIECES]      trains them; CODEC is a checkpoint of train_codec.py or an exported model

They learn from pieces of the synthesiser that went through the frozen codec, never from raw ones: a judge of clean sound would
measure the codec's colour. In half of the pieces some of the finer codes are swapped, because a language model's choice of
them is never perfect either. Each hears one channel; a stereo clip's verdict is the mean of both.
The pieces are drawn from a stream that nothing else uses (streams.py), held-out combinations and others by turns.
"""

import hashlib
import math
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

import hearing
import music
import shipped
import streams
import synth
from music import FRAME, RATE

PIECES = 700
BATCH = 32
MEL_BANDS = 64
LAGS = 240  # frames of autocorrelation: 4.8 s, a bar of the slowest tempo and more
PITCH_FFT = 16384  # 2 Hz a bin: tells semitones apart down to the bass
PITCH_HOP = 6400
LOWEST, HIGHEST = 36, 96  # MIDI pitches that count
# Of the lead: bands of half a semitone, and which multiples of a note its voices have (synth.py).
LEAD_FFT = 4096
LEAD_HOP = 1280
BANDS_FROM, BANDS_TO = 39, 117  # MIDI
NOTES_FROM, NOTES_TO = 58, 94  # where a lead's notes may be, and a little more
MULTIPLES = (0.5, 1, 2, 2.756, 3, 4, 5, 5.404, 6, 7)
CROP_S = 4  # the lead and the drums are learnt from so much of a piece at a time
SIZES = {"tempo": len(music.TEMPOS), "key": len(music.TONICS) * len(music.MODES), "lead": len(music.LEADS),
         "drums": len(music.DRUMS)}


def answers(a):
    """The right class of each question for a piece's attributes; `key` counts the modes fastest."""
    key = music.TONICS.index(a.tonic) * len(music.MODES) + music.MODES.index(a.mode)
    return {"tempo": music.TEMPOS.index(a.tempo), "key": key, "lead": music.LEADS.index(a.lead),
            "drums": music.DRUMS.index(a.drums)}


def relatives(key):
    """The keys that count as right for `key` where its relative does: those of the same seven notes."""
    tonic, mode = music.TONICS[key // 2], key % 2
    other = (tonic + (3 if mode else 9)) % 12
    return {key} | ({music.TONICS.index(other) * 2 + 1 - mode} if other in music.TONICS else set())


# ---- what they hear --------------------------------------------------------------------------------


def pitch_bank():
    """Triangles of a semitone on each side of every pitch [pitches, bins]."""
    hz = torch.arange(PITCH_FFT // 2 + 1) * RATE / PITCH_FFT
    midi = 69 + 12 * torch.log2(hz.clamp(min=1) / 440)
    return (1 - (midi - torch.arange(LOWEST, HIGHEST)[:, None]).abs()).clamp(min=0)


def half_semitone_bank():
    """Triangles around every half semitone, at least two bins wide [bands, bins]."""
    hz = torch.arange(LEAD_FFT // 2 + 1) * RATE / LEAD_FFT
    centres = 440 * 2 ** ((torch.arange(2 * BANDS_FROM, 2 * BANDS_TO) / 2 - 69) / 12)
    half = torch.maximum(centres * (2 ** (1 / 24) - 1), torch.tensor(RATE / LEAD_FFT))
    weight = (1 - (hz - centres[:, None]).abs() / half[:, None]).clamp(min=0)
    return weight / weight.sum(1, keepdim=True)


def scaled(powers, floor):
    """Decibels below the loudest cell of each channel, as 1 (loudest) to 0 (at or below the floor)."""
    loudest = powers.amax((1, 2), keepdim=True)
    return 1 - hearing.decibels(powers, loudest, floor) / floor


def onset_rhythm(level):
    """[n, bands, frames] -> autocorrelation of what rises, in four regions of pitch and over all [n, 5 * (LAGS - 1)]."""
    rise = level.diff(dim=2).clamp(min=0)
    regions = rise.unflatten(1, (4, -1)).mean(2)
    regions = torch.cat([regions, rise.mean(1, keepdim=True)], 1)
    regions = regions - regions.mean(2, keepdim=True)
    spectrum = torch.fft.rfft(regions, 2 * regions.shape[2]).abs().square()
    found = torch.fft.irfft(spectrum)[..., :LAGS]
    return (found[..., 1:] / (found[..., :1] + 1e-6)).flatten(1)


def registers(level):
    """[n, pitches, frames] -> the loudest octave of each pitch class in bass, middle and treble [n, 3, 12, frames]."""
    out = []
    for low, high in ((0, 15), (12, 36), (24, HIGHEST - LOWEST)):
        part = level[:, low:high]
        part = F.pad(part, (0, 0, 0, -part.shape[1] % 12))
        out.append(part.unflatten(1, (-1, 12)).amax(1))
    return torch.stack(out, 1)


def features(sound):
    """float32 [n, samples], each a channel for itself -> what the nets take, a row a channel."""
    level = scaled(hearing.mel(sound, MEL_BANDS, top_hz=12000.0), -50.0)
    pitches = scaled(pitch_bank() @ hearing.power(sound, PITCH_FFT, PITCH_HOP), -40.0)
    bands = scaled(half_semitone_bank() @ hearing.power(sound, LEAD_FFT, LEAD_HOP), -50.0)
    return {"mel": level.half(), "rhythm": onset_rhythm(level), "pitch": registers(pitches).half(), "bands": bands.half()}


# ---- the nets --------------------------------------------------------------------------------------


class TempoNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Dropout(0.3), nn.Linear(5 * (LAGS - 1), 64), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(64, SIZES["tempo"]))


class KeyNet(nn.Module):
    """One net asks for all tonics alike, "is this major or minor on the class in row 0?", of chroma turned by each tonic."""

    def __init__(self, width=48):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(36, width, 3, padding=1), nn.ReLU(), nn.Conv1d(width, width, 5, 2, 2), nn.ReLU(),
                                    nn.Conv1d(width, width, 5, 2, 2), nn.ReLU())
        self.out = nn.Sequential(nn.Dropout(0.3), nn.Linear(3 * width + 3 * 36, 64), nn.ReLU(), nn.Dropout(0.3),
                                 nn.Linear(64, len(music.MODES)))

    def forward(self, x):
        turned = torch.stack([x.roll(-tonic, 2) for tonic in music.TONICS], 1).flatten(0, 1).flatten(1, 2)
        y = self.layers(turned)
        # The beginning for itself: a piece starts on its tonic.
        seen = [y.mean(2), y.amax(2), y[..., 0], turned.mean(2), turned[..., :5].mean(2), turned[..., :10].mean(2)]
        return self.out(torch.cat(seen, 1)).view(len(x), -1)


def convolutions(steps):
    """Layers of (inputs, outputs, kernel, stride), each with batch norm and a rectifier."""
    layers = []
    for inputs, outputs, kernel, stride in steps:
        layers += [nn.Conv2d(inputs, outputs, kernel, stride, tuple(k // 2 for k in kernel), bias=False),
                   nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class LeadNet(nn.Module):
    """At every place of time and pitch it sees all multiples of that pitch side by side, so that one note teaches it all notes;
    it then looks where it likes best."""

    def __init__(self, width=32):
        super().__init__()
        self.layers = convolutions(((len(MULTIPLES), width, (3, 5), 1), (width, width, (3, 5), 2), (width, width, (3, 3), (1, 2))))
        self.interest = nn.Conv2d(width, 1, 1)
        self.out = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * width, SIZES["lead"]))

    def forward(self, x):
        first, last, bands = 2 * (NOTES_FROM - BANDS_FROM), 2 * (NOTES_TO - BANDS_FROM), x.shape[1]
        shifts = [round(24 * math.log2(m)) for m in MULTIPLES]
        x = F.pad(x, (0, 0, 0, max(0, last + max(shifts) - bands)))
        y = self.layers(torch.stack([x[:, first + s:last + s] for s in shifts], 1))
        weights = self.interest(y).flatten(2).softmax(2)
        y = y.flatten(2)
        return self.out(torch.cat([(weights * y).sum(2), y.amax(2)], 1))


class DrumNet(nn.Module):
    """A few convolutions over the mel spectrogram; where in the clip does not matter."""

    def __init__(self, width=8):
        super().__init__()
        self.layers = convolutions(((1, width, (3, 3), (1, 2)), (width, 2 * width, (3, 3), 2),
                                    (2 * width, 2 * width, (3, 3), (2, 1)), (2 * width, 4 * width, (3, 3), 2)))
        self.out = nn.Sequential(nn.Dropout(0.3), nn.Linear(8 * width * MEL_BANDS // 8, SIZES["drums"]))

    def forward(self, x):
        y = self.layers(x.unsqueeze(1)).flatten(1, 2)
        return self.out(torch.cat([y.mean(2), y.amax(2)], 1))


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.tempo, self.key, self.lead, self.drums = TempoNet(), KeyNet(), LeadNet(), DrumNet()

    def forward(self, inputs):
        """Logits of each question, a row a channel."""
        return {"tempo": self.tempo(inputs["rhythm"]), "key": self.key(inputs["pitch"].float()),
                "lead": self.lead(inputs["bands"].float()), "drums": self.drums(inputs["mel"].float())}

    @torch.no_grad()
    def verdicts(self, sounds):
        """Clips [channels, samples] -> for each question the class of each clip."""
        found = {name: [] for name in SIZES}
        for sound in sounds:
            for name, logits in self(features(sound)).items():
                found[name].append(int(logits.log_softmax(1).mean(0).argmax()))
        return found


# ---- training --------------------------------------------------------------------------------------


def swapped(codes, rng):
    """Codes [n, books, frames], in every second clip up to a fifth of the two finest books' taken from other frames."""
    n, _, frames = codes.shape
    out = codes.clone()
    for clip in range(0, n, 2):
        for book in (2, 3):
            share = 0.2 * rng.random()
            at = torch.from_numpy(rng.random(frames) < share)
            source = torch.from_numpy(rng.integers(frames, size=frames))
            out[clip, book, at] = codes[clip, book, source][at]
    return out


def lessons(codec, count, stream="judge", swap=True):
    """Pieces through the codec, one channel of each: their features and right answers."""
    rows, right, sounds = [], [], []
    for index in range(count):
        rng = streams.rng(stream, index)
        a = music.draw(rng, held_out=bool(index % 2))
        mix, _ = synth.render(music.compose(a, rng))
        right.append(answers(a))
        sounds.append(torch.from_numpy(mix[index // 2 % 2]))
        if len(sounds) == 8 or index == count - 1:
            codes = codec.encode(torch.stack(sounds))
            rows.append(features(codec.decode(swapped(codes, rng) if swap else codes)))
            sounds = []
    inputs = {name: torch.cat([r[name] for r in rows]) for name in rows[0]}
    return inputs, {name: torch.tensor([r[name] for r in right]) for name in SIZES}


def train(net, loss_of, count, epochs, rate):
    """AdamW over one rise and fall of the learning rate; loss_of takes the rows of a batch."""
    steps = epochs * -(-count // BATCH)
    adam = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, rate, steps)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(count).split(BATCH):
            loss = loss_of(rows)
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    net.eval()


def cut_and_tilted(sound, hop):
    """A part of CROP_S seconds, the same for all rows, each under a spectral tilt of its own."""
    frames = CROP_S * RATE // hop
    at = int(torch.randint(sound.shape[2] - frames, (1,)))
    return sound[:, :, at:at + frames].float() + 0.07 * torch.randn(sound.shape[0], sound.shape[1], 1)


@torch.enable_grad()
def teach(judge, inputs, right):
    count = len(right["tempo"])

    def learn(net, name, inputs_of, epochs, rate):
        train(net, lambda rows: F.cross_entropy(net(inputs_of(rows)), right[name][rows]), count, epochs, rate)

    learn(judge.tempo, "tempo", lambda r: inputs["rhythm"][r], 60, 2e-3)
    learn(judge.key, "key", lambda r: inputs["pitch"][r].float(), 20, 4e-3)
    learn(judge.lead, "lead", lambda r: cut_and_tilted(inputs["bands"][r], LEAD_HOP), 24, 4e-3)
    learn(judge.drums, "drums", lambda r: cut_and_tilted(inputs["mel"][r], FRAME), 10, 4e-3)


def fingerprint(codec, pieces):
    """A judge belongs to one codec: what else it depends on is in this file."""
    h = hashlib.sha256(b"%d " % pieces)
    for name, value in sorted(codec.state_dict().items()):
        h.update(name.encode() + value.contiguous().numpy().tobytes())
    return h.hexdigest()


def obtain(codec, folder, pieces=PIECES):
    """The judge of this codec: from `folder`, or trained now and left there."""
    path, mark, judge = os.path.join(folder, "judge.pt"), fingerprint(codec, pieces), Judge()
    if os.path.exists(path):
        saved = torch.load(path, weights_only=True)
        if saved["fingerprint"] == mark:
            judge.load_state_dict(saved["state"])
            return judge.eval()
    start = time.time()
    torch.manual_seed(streams.seed("judge"))
    judge = Judge()
    inputs, right = lessons(codec, pieces)
    heard = time.time()
    teach(judge, inputs, right)
    print("judge: %d pieces in %.0f s, trained in %.0f s" % (pieces, heard - start, time.time() - heard), flush=True)
    os.makedirs(folder, exist_ok=True)
    torch.save({"fingerprint": mark, "state": judge.state_dict()}, path)
    return judge.eval()


def main(words):
    if len(words) < 2:
        sys.exit(__doc__)
    codec = shipped.codec(words[0])
    judge = obtain(codec, words[1], int(words[2]) if len(words) > 2 else PIECES)
    inputs, right = lessons(codec, 200, "judge-check", swap=False)
    with torch.no_grad():
        heard = judge(inputs)
    for name, logits in heard.items():
        print("%-6s right in %.3f of 200 other pieces, one channel" % (name, (logits.argmax(1) == right[name]).float().mean()))


if __name__ == "__main__":
    main(sys.argv[1:])
