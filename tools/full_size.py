"""Random MusicGen checkpoints at the public sizes, and the sounds that they are tried with.

What compare-full-size.py and make-model-table.py share. The weights are drawn as in tiny_musicgen.py, at sizes at
which every parameter shows; on disk they are F16. Nothing is trained: what such a model plays is noise.
"""

import os

import torch
from transformers import AutoConfig, MusicgenForConditionalGeneration, MusicgenMelodyForConditionalGeneration
from transformers.modeling_utils import no_init_weights

import tiny_musicgen as tiny
import vector_chroma

TEXT = dict(vocab_size=32128, d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12)  # T5 base
CODEC = dict(sampling_rate=32000, upsampling_ratios=[8, 5, 4, 4], target_bandwidths=[2.2], hidden_size=128,
             num_filters=64, codebook_size=2048)
SMALL = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)
MEDIUM = dict(hidden_size=1536, num_hidden_layers=48, num_attention_heads=24)
TUNE = dict(num_chroma=12, chroma_length=235)
MODELS = {
    "small": dict(decoder=SMALL, stereo=False),
    "stereo-small": dict(decoder=SMALL, stereo=True),
    "melody": dict(decoder=MEDIUM, stereo=False, melody=TUNE),
    "stereo-melody": dict(decoder=MEDIUM, stereo=True, melody=TUNE),
}
WORDS = """80s 90s music techno rock song with loud guitars and heavy drums piano rain soft warm slow bass over felt
strings brass hook""".split()
SUBWORDS = ["ing", "er", "ed", "ly", "st", "th", "an", "in", "ar", "or", "club"]


def quieten(model):
    """What the decoder's layers add, less: with so many of them the codes fed would not show any more, and greedy paths
    would stand still."""
    share = (2 * model.config.decoder.num_hidden_layers) ** -0.5
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.startswith("decoder.") and name.endswith(("out_proj.weight", "fc2.weight")):
                p.mul_(share)


def build(folder, name, seed):
    """A folder as save_pretrained writes it, F16, with a tokenizer of ours."""
    spec = MODELS[name]
    cfg = tiny.config(text=TEXT, codec=CODEC, decoder=dict(spec["decoder"], max_position_embeddings=2048),
                      stereo=spec["stereo"], melody=spec.get("melody"))
    with no_init_weights():  # redraw() gives every parameter a value
        model = tiny.build(cfg, seed)
    quieten(model)
    model.half().save_pretrained(folder)
    tiny.tokenizer_files(folder, tiny.pieces(WORDS, SUBWORDS), "replace")
    if "melody" in spec:
        vector_chroma.extractor(vector_chroma.SHAPES[0]).save_pretrained(folder)


def load(folder):
    """The model in f32 on the CPU with eager attention, its weights as the files have them."""
    is_melody = AutoConfig.from_pretrained(folder).model_type == "musicgen_melody"
    kind = MusicgenMelodyForConditionalGeneration if is_melody else MusicgenForConditionalGeneration
    m = kind.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    # The table of positions is no weight: files hold it rounded, engines compute it.
    table = m.decoder.model.decoder.embed_positions
    table.make_weights(table.weights.shape[0], table.embedding_dim)
    return m


def is_melody(m):
    return hasattr(m.config, "chroma_length")


def sound(spec, rate):
    """[n] f32: an entry of vector_chroma.samples."""
    return torch.tensor(vector_chroma.samples(spec, rate), dtype=torch.float32)


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
