"""What transformers computes from a tiny melody model: the prefix of classes and text, and what is made after it.

A melody's classes are drawn at random; transformers gets them one-hot and cuts or tiles them to chroma_length itself.
For a generation whose text is absent it gets "" with an attention mask of 0, as its processor's
get_unconditional_inputs does: one text row of zeros.
"""

import torch

from vector_stages import greedy, path_gap, re_delay

N_COLUMNS = 12
LENGTHS = (5, 9, 30)  # shorter than chroma_length, equal, longer
DRAWS_MAX = 400


def one_hot(m, classes):
    return torch.nn.functional.one_hot(classes, m.config.num_chroma).float()[None]


def window(m, classes):
    """[chroma_length]: begun again until it is full, cut where it is too long."""
    times = -(-m.config.chroma_length // len(classes))
    return classes.repeat(times)[: m.config.chroma_length]


def prefix(m, classes, text):
    """[1, chroma_length + text, d], before the positions."""
    return torch.cat([m.audio_enc_to_dec_proj(one_hot(m, window(m, classes))), text], 1)


def null_prefix(m, text):
    return prefix(m, torch.zeros(1, dtype=torch.long), torch.zeros_like(text))


def decoder_stage(ref, m, text, draw):
    """Everything over the whole sequence: prefix first, then columns."""
    cfg = m.config.decoder
    codes = torch.randint(0, cfg.vocab_size, (cfg.num_codebooks, N_COLUMNS), generator=draw)
    grid = re_delay(codes, cfg.audio_channels, cfg.pad_token_id)[:, :N_COLUMNS]
    classes = torch.randint(0, m.config.num_chroma, (5,), generator=draw)
    given = prefix(m, classes, text)
    seen, hooks = {}, []
    for name in "qkv":
        def keep(_m, _i, out, key="lm.self." + name):
            seen[key] = out[0]
        hooks.append(getattr(m.decoder.model.decoder.layers[0].self_attn, name + "_proj").register_forward_hook(keep))
    out = m.decoder(input_ids=grid, encoder_hidden_states=given, output_hidden_states=True)
    for h in hooks:
        h.remove()
    # the same by the whole model, from one-hot features and text: the layout above is transformers' own
    whole = m(decoder_input_ids=grid, encoder_hidden_states=None, input_ids=ref["t5.ids"][None],
              input_features=one_hot(m, classes))
    assert torch.equal(whole.logits, out.logits)
    ref.update(seen)
    every = torch.arange(m.config.num_chroma)
    ref["audio.rows"] = m.audio_enc_to_dec_proj(one_hot(m, every))[0]
    ref["lm.classes"] = window(m, classes)
    ref["lm.prefix"] = given[0]
    ref["lm.ids"] = grid
    ref["lm.x0"] = out.hidden_states[0][0]
    for i, h in enumerate(out.hidden_states[1:]):
        ref["lm.h.%d" % (i + 1)] = h[0]
    ref["lm.logits"] = out.logits
    ref["lm.logits.uncond"] = m.decoder(input_ids=grid, encoder_hidden_states=null_prefix(m, text)).logits
    ref["lm.pos"] = m.decoder.model.decoder.embed_positions.get_embedding(64, cfg.hidden_size)


def guided(m, grid, given, null, guidance):
    """Logits of the columns alone, as generate() sees them."""
    logits = m.decoder(input_ids=grid, encoder_hidden_states=given).logits
    if guidance != 1:
        free = m.decoder(input_ids=grid, encoder_hidden_states=null).logits
        logits = free + guidance * (logits - free)
    return logits[:, given.shape[1]:]


def generate(m, ids, text, classes, guidance, frames, prompt=None):
    """codes, wav and the smallest gap; ids and text None: no text, classes None: no tune."""
    inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids)) if ids is not None else dict(
        input_ids=torch.ones(1, 1, dtype=torch.long), attention_mask=torch.zeros(1, 1, dtype=torch.long))
    if classes is not None:
        inputs["input_features"] = one_hot(m, classes)
    given = 0
    if prompt is not None:
        inputs["decoder_input_ids"] = prompt
        given = prompt.shape[1]
    codes, wav = greedy(m, inputs, guidance, frames - given)
    assert codes.shape[1] == frames and codes.max() < m.config.decoder.vocab_size
    rows = text if text is not None else torch.zeros(1, 1, m.config.decoder.hidden_size)
    first = prefix(m, classes if classes is not None else torch.zeros(1, dtype=torch.long), rows)
    gap = path_gap(m, codes, lambda grid: guided(m, grid, first, null_prefix(m, rows), guidance), given)
    return codes, wav, gap


def plain_stage(ref, m, ids, text, frames):
    """Without a tune: the seed of the model is chosen by these."""
    worst = float("inf")
    for name, i, t, guidance in (("text.nocfg", ids, text, 1.0), ("text.cfg3", ids, text, 3.0), ("uncond", None, None, 1.0)):
        codes, wav, gap = generate(m, i, t, None, guidance, frames)
        ref["gen.%s.codes" % name], ref["gen.%s.wav" % name] = codes, wav
        worst = min(worst, gap)
    return worst


def tune_stage(ref, m, ids, text, frames, gap_min):
    """With tunes, alone and with text: each tune is the first drawn whose greedy paths leave the gap."""
    worst = float("inf")
    for kind, i, t in (("audio", None, None), ("both", ids, text)):
        for n in LENGTHS:
            for seed in range(DRAWS_MAX):
                classes = torch.randint(0, m.config.num_chroma, (n,), generator=torch.Generator().manual_seed(seed))
                made = {}
                for name, guidance in (("nocfg", 1.0), ("cfg3", 3.0)):
                    made[name] = generate(m, i, t, classes, guidance, frames)
                    if made[name][2] < gap_min:
                        break
                else:
                    break
            assert seed + 1 < DRAWS_MAX, "no tune of %d frames leaves the gap" % n
            key = "gen.%s.%d." % (kind, n)
            ref[key + "classes"], ref[key + "window"] = classes, window(m, classes)
            for name, (codes, wav, gap) in made.items():
                ref[key + name + ".codes"], ref[key + name + ".wav"] = codes, wav
                worst = min(worst, gap)
    return worst
