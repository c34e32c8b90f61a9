"""What transformers computes at every stage of a tiny model with cross-attention; make-vectors.py writes it down.

Each stage puts its tensors into `ref` under the names of tests/vectors/README.md. greedy() and what it stands on
serve the other makers of references too.
"""

import torch


def text_stage(ref, m, ids):
    out = m.text_encoder(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
    ref["t5.ids"] = ids[0]
    for i, h in enumerate(out.hidden_states[:-1]):
        ref["t5.h.%d" % i] = h[0]
    ref["t5.out"] = out.last_hidden_state[0]
    n = ids.shape[1]
    ref["t5.bias"] = m.text_encoder.encoder.block[0].layer[0].SelfAttention.compute_bias(n, n)[0]
    cond = out.last_hidden_state
    if hasattr(m, "enc_to_dec_proj"):
        cond = m.enc_to_dec_proj(cond)
    ref["cond"] = cond[0]
    return cond


def run_decoder(m, ids, cond, **more):
    mask = torch.ones(cond.shape[:2], dtype=torch.long)
    return m.decoder(input_ids=ids, encoder_hidden_states=cond, encoder_attention_mask=mask, **more)


def decoder_stage(ref, m, cond, draw):
    cfg = m.config.decoder
    special, n = cfg.pad_token_id, 12
    grid = torch.randint(0, cfg.vocab_size, (cfg.num_codebooks, n), generator=draw)
    _, mask = m.decoder.build_delay_pattern_mask(torch.full((cfg.num_codebooks, 1), special), special, n)
    ids = torch.where(mask == -1, grid, mask)
    seen = {}
    layer = m.decoder.model.decoder.layers[0]
    hooks = []
    for part, module in (("self", layer.self_attn), ("cross", layer.encoder_attn)):
        for name in "qkv" if part == "self" else "kv":
            def keep(_m, _i, out, key="lm.%s.%s" % (part, name)):
                seen[key] = out[0]
            hooks.append(getattr(module, name + "_proj").register_forward_hook(keep))
    out = run_decoder(m, ids, cond, output_hidden_states=True)
    for h in hooks:
        h.remove()
    ref.update(seen)
    ref["lm.ids"] = ids
    ref["lm.x0"] = out.hidden_states[0][0]
    for i, h in enumerate(out.hidden_states[1:]):
        ref["lm.h.%d" % (i + 1)] = h[0]  # the last is after the final norm
    ref["lm.logits"] = out.logits
    ref["lm.logits.uncond"] = run_decoder(m, ids, torch.zeros_like(cond)).logits
    table = m.decoder.model.decoder.embed_positions.get_embedding(1601, cfg.hidden_size)
    ref["lm.pos"] = torch.cat([table[:16], table[1500:1501], table[1600:1601]])


def delay_stage(ref, m):
    special, k = m.config.decoder.pad_token_id, m.config.decoder.num_codebooks
    for length in (7, 8, 20):  # below 7 transformers applies no mask at all; this engine always does
        start = torch.full((k, 1), special)
        ref["delay.mask.%d" % length] = m.decoder.build_delay_pattern_mask(start, special, length)[1]


def re_delay(codes, channels, special):
    k_n, frames = codes.shape
    grid = torch.full((k_n, frames + k_n // channels), special)  # columns 0 to frames + 2 are fed
    for k in range(k_n):
        grid[k, 1 + k // channels: 1 + k // channels + frames] = codes[k]
    return grid


def greedy(m, inputs, guidance, new_frames):
    """codes [K, T], wav [channels, samples] as transformers' own generate makes them; T counts given frames too."""
    taken = []
    decode = m.audio_encoder.decode

    def spy(codes, *args, **kwargs):
        taken.append(codes[0, 0])
        return decode(codes, *args, **kwargs)

    m.audio_encoder.decode = spy
    wav = m.generate(**inputs, do_sample=False, guidance_scale=guidance, max_new_tokens=new_frames + 3)
    m.audio_encoder.decode = decode
    if len(taken) == 1:
        return taken[0], wav[0]
    return torch.stack(taken, 1).flatten(0, 1), wav[0]  # left and right, level by level


def guided(m, grid, cond, guidance):
    """Logits of all columns as generate() sees them."""
    logits = run_decoder(m, grid, cond).logits
    if guidance != 1:
        free = run_decoder(m, grid, torch.zeros_like(cond)).logits
        logits = free + guidance * (logits - free)
    return logits


def path_gap(m, codes, logits_of, given=0):
    """The smallest best-minus-second of the logits along a greedy path, whose first frames may be given; checks the
    path on the way. logits_of(grid): guided logits of its columns."""
    cfg = m.config.decoder
    channels = cfg.audio_channels
    frames = codes.shape[1]
    logits = logits_of(re_delay(codes, channels, cfg.pad_token_id))
    worst = float("inf")
    for k in range(cfg.num_codebooks):
        here = logits[k, k // channels + given: k // channels + frames]
        top = here.topk(2).values
        worst = min(worst, float((top[:, 0] - top[:, 1]).min()))
        assert worst < 1e-4 or torch.equal(here.argmax(-1), codes[k, given:]), "generate and the full pass disagree"
    return worst


def greedy_stage(ref, m, ids, cond, frames):
    worst = float("inf")
    text = dict(input_ids=ids, attention_mask=torch.ones_like(ids))
    nothing = m.get_unconditional_inputs(1)
    free = dict(encoder_outputs=nothing.encoder_outputs, attention_mask=nothing.attention_mask)
    for name, inputs, guidance, c in (("nocfg", text, 1.0, cond), ("cfg3", text, 3.0, cond),
                                      ("uncond", free, 1.0, torch.zeros_like(cond))):
        codes, wav = greedy(m, inputs, guidance, frames)
        assert codes.shape[1] == frames and codes.max() < m.config.decoder.vocab_size
        ref["gen.%s.codes" % name], ref["gen.%s.wav" % name] = codes, wav
        worst = min(worst, path_gap(m, codes, lambda grid: guided(m, grid, c, guidance)))
    return worst


def codec_stage(ref, m, draw):
    codec, cfg = m.audio_encoder, m.config.audio_encoder
    for frames in (1, 2, 7, 50):
        codes = torch.randint(0, cfg.codebook_size, (4, frames), generator=draw)
        seen = []
        hooks = [layer.register_forward_hook(lambda _m, _i, out: seen.append(out[0])) for layer in codec.decoder.layers]
        wav = codec.decode(codes[None, None], [None]).audio_values
        for h in hooks:
            h.remove()
        key = "dec.%d." % frames
        ref[key + "codes"] = codes
        ref[key + "z"] = codec.quantizer.decode(codes[:, None])[0]
        if frames in (2, 7):
            for i, out in enumerate(seen):
                ref[key + "l.%d" % i] = out
        ref[key + "wav"] = wav[0, 0]
    for name, module in codec.decoder.named_modules():
        if isinstance(module, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
            ref["wn.decoder." + name] = module.weight


def kept(tensors):
    """As the files hold them: f32 and i32, contiguous."""
    return {k: v.detach().to(torch.float32 if v.is_floating_point() else torch.int32)
            .clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
