"""What transformers makes of sounds that go in: continuations of codes, and the codec's encoder.

Prompts and sounds are drawn until the greedy path, or the nearest code, is clear of rounding: seeds are the first
that leave the gap, and the gap is written down beside the codes.
"""

import torch

import vector_melody
from vector_stages import greedy, guided, path_gap

PROMPT_FRAMES = (1, 5, 12)
CONTINUED_FRAMES = 16  # of the whole, given ones included
# Around a hop of 20 and its multiples; the shortest meet the reflection of a sound shorter than its padding.
ENCODE_SAMPLES = (1, 19, 20, 21, 399, 400, 401, 1000, 6000)
ENCODE_LAYERS_OF = (19, 401)  # whose inner layers are kept too
ENCODE_GAP_MIN = 1e-3  # second nearest minus nearest squared distance
DRAWS_MAX = 400


def continue_once(m, ids, cond, prompt, guidance):
    """One continuation: codes with the prompt, wav, gap."""
    if hasattr(m.config, "chroma_length"):
        return vector_melody.generate(m, ids, cond, None, guidance, CONTINUED_FRAMES, prompt)
    inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), decoder_input_ids=prompt)
    codes, wav = greedy(m, inputs, guidance, CONTINUED_FRAMES - prompt.shape[1])
    assert codes.shape[1] == CONTINUED_FRAMES and torch.equal(codes[:, : prompt.shape[1]], prompt)
    return codes, wav, path_gap(m, codes, lambda grid: guided(m, grid, cond, guidance), prompt.shape[1])


def continuation_stage(ref, m, ids, cond, gap_min):
    cfg = m.config.decoder
    worst = float("inf")
    for n in PROMPT_FRAMES:
        for seed in range(DRAWS_MAX):
            prompt = torch.randint(0, cfg.vocab_size, (cfg.num_codebooks, n), generator=torch.Generator().manual_seed(seed))
            made = {}
            for name, guidance in (("nocfg", 1.0), ("cfg3", 3.0)):
                made[name] = continue_once(m, ids, cond, prompt, guidance)
                if made[name][2] < gap_min:
                    break
            else:
                break
        assert seed + 1 < DRAWS_MAX, "no prompt of %d frames leaves the gap" % n
        ref["cont.%d.prompt" % n] = prompt
        for name, (codes, wav, gap) in made.items():
            ref["cont.%d.%s.codes" % (n, name)], ref["cont.%d.%s.wav" % (n, name)] = codes, wav
            worst = min(worst, gap)
    return worst


def sound(n, seed):
    """A swing with noise on it, at 1000 Hz."""
    noise = torch.rand(n, generator=torch.Generator().manual_seed(seed)) - 0.5
    t = torch.arange(n) / 1000
    return 0.4 * torch.sin(2 * torch.pi * (3 + seed) * t) + 0.2 * torch.sin(2 * torch.pi * 90 * t + seed) + 0.6 * noise


def quantised(codec, z):
    """Codes [levels, T] of z [1, dim, T], level by level, and second nearest minus nearest squared distance."""
    residual, codes, gaps = z[0].T.double(), [], []
    for layer in codec.quantizer.layers:
        book = layer.codebook.embed.double()
        distance = ((residual[:, None] - book[None]) ** 2).sum(-1)
        near = distance.topk(2, largest=False)
        codes.append(near.indices[:, 0])
        gaps.append(near.values[:, 1] - near.values[:, 0])
        residual = residual - book[codes[-1]]
    return torch.stack(codes), torch.stack(gaps).float()


def encode(codec, wav):
    """z, codes, gap and the encoder's inner layers."""
    seen = []
    hooks = [layer.register_forward_hook(lambda _m, _i, out: seen.append(out[0])) for layer in codec.encoder.layers]
    codes = codec.encode(wav[None, None]).audio_codes[0, 0]
    for h in hooks:
        h.remove()
    again, gap = quantised(codec, seen[-1][None])
    assert float(gap.min()) < 1e-4 or torch.equal(again, codes), "transformers' codes are not the nearest"
    return seen[-1], codes, gap, seen


def encoder_stage(ref, m):
    worst = float("inf")
    for n in ENCODE_SAMPLES:
        for seed in range(DRAWS_MAX):
            wav = sound(n, seed)
            z, codes, gap, layers = encode(m.audio_encoder, wav)
            if float(gap.min()) >= ENCODE_GAP_MIN:
                break
        assert seed + 1 < DRAWS_MAX, "no sound of %d samples leaves the gap" % n
        key = "enc.%d." % n
        ref[key + "in"], ref[key + "z"], ref[key + "codes"], ref[key + "gap"] = wav, z, codes, gap
        if n in ENCODE_LAYERS_OF:
            for i, out in enumerate(layers):
                ref[key + "l.%d" % i] = out
        worst = min(worst, float(gap.min()))
    return worst


def heard_stage(ref, m, ids, cond, gap_min):
    """A sound in, greedy codes out, by generate(input_values): both channels encoded alone, levels alternating."""
    channels = m.config.decoder.audio_channels
    n = 5 * 20 - 7  # five frames, the last not full
    for seed in range(DRAWS_MAX):
        wav = torch.stack([sound(n, 2 * seed + c) for c in range(channels)])
        inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), input_values=wav[None],
                      padding_mask=torch.ones(1, channels, n, dtype=torch.long))
        codes, out = greedy(m, inputs, 3.0, CONTINUED_FRAMES - 5)
        gap = path_gap(m, codes, lambda grid: guided(m, grid, cond, 3.0), 5)
        distance = min(float(encode(m.audio_encoder, side)[2].min()) for side in wav)
        if gap >= gap_min and distance >= ENCODE_GAP_MIN:
            break
    assert seed + 1 < DRAWS_MAX
    ref["heard.in"], ref["heard.codes"], ref["heard.wav"] = wav, codes, out
    return gap
