"""Writes the trained model as a folder that transformers and the engine open, and proves it.

    python tools/train/export.py LM CODEC FOLDER [--guidance 2] [--temperature 0.9]

LM and CODEC are the checkpoints of train_lm.py and train_codec.py. The weights are the averaged ones, in F16; the table
of positions, which transformers reads from the file while the engine computes it, stays F32 and so the same
in both. The model card is evaluate.py's. The proof: transformers finds neither a tensor too many nor too few, its logits
are those of lm.py with and without a melody, and what it generates greedily is what lm.py finds most likely.
"""

import argparse
import os

import torch
import transformers

import make_codes
import vocabulary
from attention import TUNE_ROWS
from codec import Codec
from lm import BOOKS, CLASSES, SPECIAL, TAIL, MusicLM, Rows, Shape, tensors
from vocabulary import tiny

PLACES = 1280  # rows of the table of positions: melody, 500 columns, and a prompt of up to 512 pieces
WINDOW = 500
PROMPTS = ("slow felt piano melody, in A minor, 83 bpm, no drums", "Happy church organ loop; full drums and very fast")


def load_lm(path):
    """(model with the averaged weights in f32, vocabulary)"""
    saved = torch.load(path, weights_only=False)
    model = MusicLM(Shape(**saved["shape"]))
    model.load_state_dict(saved["average"])
    return model.eval(), saved["vocab"]


def config(shape, codec):
    return tiny.config(
        text=dict(vocab_size=shape.pieces, d_model=shape.text_width, d_kv=shape.head_width, d_ff=shape.text_inner,
                  num_layers=shape.text_layers, num_heads=shape.text_heads),
        codec=codec.hf_config(),
        decoder=dict(hidden_size=shape.width, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
                     ffn_dim=shape.inner, max_position_embeddings=PLACES),
        stereo=True,
        melody=dict(num_chroma=CLASSES, chroma_length=TUNE_ROWS),
    )


def assemble(lm, codec):
    """transformers' model with our weights, every one of which must find its place."""
    model = transformers.MusicgenMelodyForConditionalGeneration(config(lm.shape, codec)).eval()
    state = {**tensors(lm), **{"audio_encoder." + name: value for name, value in codec.hf_state_dict().items()}}
    left = model.load_state_dict(state, strict=False)
    missing = [name for name in left.missing_keys if "embed_positions" not in name]
    assert not missing and not left.unexpected_keys, (missing, left.unexpected_keys)
    return model


def set_generation(model, guidance, temperature):
    g = model.generation_config
    g.decoder_start_token_id = g.bos_token_id = g.pad_token_id = SPECIAL
    g.do_sample, g.guidance_scale, g.temperature, g.top_k = True, guidance, temperature, 250
    g.max_length = WINDOW + TAIL
    g._from_model_config = False  # or transformers may derive it from config.json again


def write(lm, vocab, codec, folder, guidance, temperature):
    os.makedirs(folder, exist_ok=True)
    model = assemble(lm, codec)
    set_generation(model, guidance, temperature)
    places = model.decoder.model.decoder.embed_positions
    exact = places.weights.data.clone()
    model.half()
    places.weights.data = exact
    model.save_pretrained(folder)
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)
    vocabulary.write(folder, vocab)
    extractor = make_codes.chroma_extractor()
    extractor.num_chroma = CLASSES  # which it takes, but does not keep
    extractor.save_pretrained(folder)


# ---- proof -----------------------------------------------------------------------------------------


def one_row(ids, columns, classes=None):
    """One clip's Rows; ids None: no text. columns [8, C]."""
    length = torch.tensor([1 if ids is None else len(ids)])
    tune = torch.zeros(0, TUNE_ROWS, dtype=torch.long) if classes is None else classes[None]
    return Rows(tune, torch.tensor([ids or [1]]), length, torch.tensor([float(ids is not None)]), columns[None],
                torch.tensor([columns.shape[1]]))


def inputs_of(ids, classes):
    """The same as transformers wants it; its null text is any text with a mask of 0."""
    known = torch.tensor([ids or [1]])
    out = {"input_ids": known, "attention_mask": torch.full_like(known, int(ids is not None))}
    if classes is not None:
        out["input_features"] = torch.nn.functional.one_hot(classes, CLASSES).float()[None]
    return out


@torch.no_grad()
def compare_logits(model, lm, ids, classes, columns):
    theirs = model(**inputs_of(ids, classes), decoder_input_ids=columns).logits[:, -columns.shape[1] :]
    ours = lm.logits(one_row(ids, columns, classes))[0]
    return float((ours - theirs).abs().max()), float(theirs.abs().max())


@torch.no_grad()
def compare_greedy(model, lm, ids, classes, frames):
    """Codes that transformers generates greedily, and how far each is below lm.py's best choice at its place."""
    made = {}
    kept = model.audio_encoder.decode

    def decode(audio_codes, *rest, **more):
        made.setdefault("codes", []).append(audio_codes[0, 0])
        return kept(audio_codes, *rest, **more)

    model.audio_encoder.decode = decode
    try:
        model.generate(**inputs_of(ids, classes), do_sample=False, guidance_scale=1.0, max_new_tokens=frames + TAIL - 1)
    finally:
        model.audio_encoder.decode = kept
    left, right = made["codes"]
    codes = torch.stack([left, right], 1).flatten(0, 1)
    columns = torch.full((BOOKS, frames + TAIL), SPECIAL)
    for book in range(BOOKS):
        columns[book, 1 + book // 2 : 1 + book // 2 + frames] = codes[book]
    logits = lm.logits(one_row(ids, columns[:, :-1], classes))[0]
    wanted = columns[:, 1:]
    chosen = logits.gather(2, wanted.clamp(max=SPECIAL - 1)[:, :, None])[:, :, 0]
    return codes, float((logits.amax(2) - chosen)[wanted < SPECIAL].max())


def prove(folder, lm_path=None, frames=50):
    """Loads the folder as users do and holds it against lm.py with the same, rounded weights."""
    from transformers import AutoProcessor, MusicgenMelodyForConditionalGeneration

    model, info = MusicgenMelodyForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    processor = AutoProcessor.from_pretrained(folder)
    lm, vocab = load_lm(lm_path)
    with torch.no_grad():
        for p in lm.parameters():
            p.copy_(p.half().float())
    text, draw = vocabulary.Text(vocab), torch.Generator().manual_seed(5)
    classes = torch.randint(0, CLASSES, (TUNE_ROWS,), generator=draw)
    columns = torch.randint(0, SPECIAL + 1, (BOOKS, 40), generator=draw)
    for prompt in PROMPTS:
        ids = processor(text=[prompt], return_tensors="pt").input_ids[0].tolist()
        assert ids == text.ids(prompt), (ids, text.ids(prompt))
        for told, tune in ((ids, None), (ids, classes), (None, None), (None, classes)):
            gap, size = compare_logits(model, lm, told, tune, columns)
            codes, below = compare_greedy(model, lm, told, tune, frames)
            print("%-4s %-4s logits differ by %.1e of %.1f; greedy codes at most %.1e below the best, first %s" % (
                "text" if told else "", "tune" if tune is not None else "", gap, size, below, codes[:4, :3].tolist()))
            assert gap < 1e-3 and below < 1e-3
    size = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))
    print("%s: %d bytes" % (folder, size))
    assert size < 24_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lm")
    parser.add_argument("codec")
    parser.add_argument("folder")
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--temperature", type=float, default=0.9)
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    lm, vocab = load_lm(args.lm)
    write(lm, vocab, Codec.load(args.codec), args.folder, args.guidance, args.temperature)
    prove(args.folder, args.lm)


if __name__ == "__main__":
    main()
