"""What evaluation measures in sound: spectra, chroma, levels, and the reading of WAV files.

Sounds are float32 tensors [channels, samples] at 32 kHz. Two channels are never added as samples: the right one of our
pieces is a frame late (synth.py), so that their sum would lose every partial near (k + 1/2) * 50 Hz. Their
powers are added instead.
"""

import functools
import wave

import numpy as np
import torch
import torchaudio
from transformers.audio_utils import chroma_filter_bank

from music import FRAME, RATE

MEL_BANDS = 80
MEL_FFT = 2048
FLOOR_DB = -40.0  # below the loudest cell of a clip's spectrogram nothing counts
# The melody model's own chroma: a class every 0.2 s, from windows of 0.26 s.
CHROMA_FFT = 8192
CHROMA_HOP = 6400
HALF_SECOND = RATE // 2
LATE = FRAME  # samples by which our right channel is late
# What is wrong with a clip, whatever was asked for.
SILENT_DBFS = -50.0  # RMS of a channel
CLIPPED_SHARE = 1e-3  # samples at full scale
CONSTANT_DB = 0.7  # mean distance of the spectra of half seconds from their own mean; noise has 0.3, our pieces 1.4 and more


def read_wav(path):
    """16-bit PCM -> float32 [channels, samples]."""
    with wave.open(str(path), "rb") as f:
        assert f.getsampwidth() == 2 and f.getframerate() == RATE, path
        raw = np.frombuffer(f.readframes(f.getnframes()), "<i2").reshape(-1, f.getnchannels())
    return torch.from_numpy(raw.T.astype(np.float32) / 32768)


def power(sound, size, hop):
    """Power spectrogram [channels, size / 2 + 1, frames]; frame i is centred on sample i * hop."""
    window = torch.hann_window(size)
    spectrum = torch.stft(sound, size, hop, window=window, pad_mode="reflect", return_complex=True)
    return spectrum.abs().square()


@functools.lru_cache
def mel_bank(bands, size, top_hz):
    return torchaudio.functional.melscale_fbanks(size // 2 + 1, 30.0, top_hz, bands, RATE)


def mel(sound, bands=MEL_BANDS, hop=FRAME, size=MEL_FFT, top_hz=12000.0):
    """Mel powers [channels, bands, frames]."""
    return (power(sound, size, hop).transpose(1, 2) @ mel_bank(bands, size, top_hz)).transpose(1, 2)


def decibels(powers, loudest, floor=FLOOR_DB):
    """dB below `loudest`, the loudest cell of a reference; nothing lies below the floor."""
    return (10 * torch.log10(powers / (loudest + 1e-12) + 1e-12)).clamp(min=floor)


@functools.lru_cache
def chroma_bank():
    return torch.from_numpy(chroma_filter_bank(num_frequency_bins=CHROMA_FFT, num_chroma=12, sampling_rate=RATE,
                                               tuning=0)).float()


def chroma(sound):
    """Energies [channels, 12, frames] as MusicgenMelodyFeatureExtractor has them before it picks the loudest class."""
    return chroma_bank() @ power(sound, CHROMA_FFT, CHROMA_HOP)[..., :sound.shape[1] // CHROMA_HOP]


def classes(sound):
    """The pitch class that sounds loudest, for each 0.2 s: int64 [frames]."""
    return chroma(sound).sum(0).argmax(0)


def sides(stereo):
    """The classes of the left and of the right channel, the latter moved to where the left one is."""
    left, right = stereo[:1, :stereo.shape[1] - LATE], stereo[1:, LATE:]
    return classes(left), classes(right)


def rms_dbfs(sound):
    """Of each channel."""
    return 10 * torch.log10(sound.square().mean(1) + 1e-12)


def si_sdr(heard, truth):
    """Scale-invariant signal-to-distortion ratio in dB of [samples] against [samples]."""
    heard, truth = heard - heard.mean(), truth - truth.mean()
    target = truth * (heard @ truth) / (truth @ truth + 1e-12)
    return float(10 * torch.log10(target.square().sum() / ((heard - target).square().sum() + 1e-12) + 1e-12))


def variation_db(sound):
    """How far a clip's spectra of half a second are from their own mean, in dB on average: near 0 for a steady tone or noise."""
    powers = mel(sound).sum(0)[..., :sound.shape[1] // HALF_SECOND * 25].unflatten(1, (-1, 25)).mean(2)
    level = decibels(powers, powers.max())
    return float((level - level.mean(1, keepdim=True)).abs().mean())


def faults(sound):
    """What is wrong with a clip whatever was asked for: the names of what is, of 'silent', 'clipped' and 'constant'."""
    found = []
    if float(rms_dbfs(sound).min()) < SILENT_DBFS:
        found.append("silent")
    if float((sound.abs() >= 32767 / 32768).float().mean()) > CLIPPED_SHARE:
        found.append("clipped")
    if variation_db(sound) < CONSTANT_DB:
        found.append("constant")
    return found
