"""What evaluate.py found, as tables for the terminal and as the model's card (card.md is its text)."""

import csv
import itertools
import json
import os
import string

import captions
import music
from intervals import shown

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURABLE = 0.8
TARGETS = {"tempo": 0.6, "key or relative": 0.4, "lead": 0.5, "drums": 0.9}
CHOOSING = tuple(TARGETS)  # the questions that choose the guidance
MELODY_TARGET = 0.15
# Figure, whether more is better, target.
CODEC_TARGETS = {"mel over baseline": (False, 0.6), "SI-SDR, dB": (True, 4.0), "chroma kept": (True, 0.8)}
BOOK_TARGET = (True, 0.4)


def table(head, rows):
    lines = ["| %s |" % " | ".join(head), "|%s" % ("---|" * len(head))]
    return "\n".join(lines + ["| %s |" % " | ".join(row) for row in rows])


def codec_target(name):
    return BOOK_TARGET if name.startswith("perplexity") else CODEC_TARGETS.get(name)


def reached(figure, target):
    more, limit = target
    return figure["value"] >= limit if more else figure["value"] <= limit


def codec_table(found):
    rows = []
    for name, figure in found["codec"].items():
        target = codec_target(name)
        wish = "%s %g" % ("at least" if target[0] else "at most", target[1]) if target else ""
        rows.append([name, shown(figure), "%.2f" % figure["chance"] if "chance" in figure else "", wish,
                     "" if not target else "met" if reached(figure, target) else "missed"])
    return table(("the codec", "figure", "chance", "target", ""), rows)


# ---- prompts ---------------------------------------------------------------------------------------


def best_of(found):
    """The key under which the default guidance's figures are."""
    best = found["setting"]["best guidance"]
    return next(g for g in found["prompts"] if float(g) == best)


def verdict(found, question):
    """What is to be said about a question at the default guidance."""
    figure = found["prompts"][best_of(found)][question]
    if found["ceiling"][question]["value"] < MEASURABLE:
        return "not measurable"
    said = "above chance" if figure["low"] > figure["chance"] else "not above chance"
    if question in TARGETS:
        said += ", target met" if figure["value"] >= TARGETS[question] else ", target missed"
    return said


def prompt_table(found):
    guidances, best = list(found["prompts"]), best_of(found)
    head = ["the prompt's"] + ["guidance %s%s" % (g, " (default)" if g == best else "") for g in guidances]
    rows = []
    for question, limit in found["ceiling"].items():
        figures = [found["prompts"][g][question] for g in guidances]
        rows.append([question] + [shown(f) for f in figures]
                    + ["%.2f" % found["prompts"][best][question]["chance"], shown(limit),
                       "%g" % TARGETS[question] if question in TARGETS else "", verdict(found, question)])
    return table(head + ["chance", "ceiling", "target", ""], rows)


def tuning_table(found):
    rows = [[q] + [shown(found["tuning"][g][q]) for g in found["tuning"]] for q in CHOOSING]
    return table(["prompts that chose"] + ["guidance %s" % g for g in found["tuning"]], rows)


# ---- melody, sides, faults -------------------------------------------------------------------------


def melody_table(found):
    rows = []
    for name, figure in found["melody"].items():
        wish = "%g" % MELODY_TARGET if name == "agreement minus shuffled" else ""
        said = "" if not wish else "met" if melody_met(found) else "missed"
        rows.append([name, shown(figure, 3), shown(found["melody ceiling"][name], 3), wish, said])
    return table(("melody, guidance %g" % found["melody guidance"], "figure", "ceiling", "target", ""), rows)


def melody_met(found):
    figure = found["melody"]["agreement minus shuffled"]
    return figure["low"] > 0 and figure["value"] >= MELODY_TARGET


def sides_table(found):
    limit, rows = found["sides ceiling"], []
    for g, figure in found["sides"].items():
        faults = found["faults"][g]
        rows.append(["guidance %s" % g, shown(figure), "%.2f" % figure["chance"], shown(limit)]
                    + ["%d of %d" % (faults[kind], faults["clips"]) for kind in ("silent", "clipped", "constant")])
    return table(("both sides", "same chroma", "chance", "ceiling", "silent", "clipped", "constant"), rows)


def tables(found):
    """All that was measured, for the terminal."""
    parts = [("codec", codec_table), ("tuning", tuning_table), ("prompts", prompt_table), ("melody", melody_table),
             ("sides", sides_table)]
    return "\n\n".join(make(found) for name, make in parts if name in found)


# ---- the card --------------------------------------------------------------------------------------


def missed(found):
    """A line for each target that was not met, and for what could not be measured."""
    lines = []
    for name, figure in found["codec"].items():
        target = codec_target(name)
        if target and not reached(figure, target):
            lines.append("- Missed: the codec's %s is %s, target %g." % (name, shown(figure), target[1]))
    for question in found["ceiling"]:
        figure, said = found["prompts"][best_of(found)][question], verdict(found, question)
        if said == "not measurable":
            lines.append("- Not measurable: %s. The judge hears it right in only %s of the synthesiser's own clips."
                         % (question, shown(found["ceiling"][question])))
        elif "missed" in said or "not above" in said:
            wish = ", target %g" % TARGETS[question] if question in TARGETS else ""
            lines.append("- Missed: %s is as the prompt says in %s of clips, chance %.2f%s."
                         % (question, shown(figure), figure["chance"], wish))
    if not melody_met(found):
        lines.append("- **This model does not follow melodies** as it should: %s above shuffled tunes, target %g."
                     % (shown(found["melody"]["agreement minus shuffled"], 3), MELODY_TARGET))
    faults = found["faults"][best_of(found)]
    lines += ["- %d of %d clips are %s." % (faults[k], faults["clips"], k) for k in ("silent", "clipped", "constant") if faults[k]]
    return "\n".join(lines) if lines else "- All targets of the figures above were met."


def words():
    """What may be said, from the tables that captions are made of."""
    quoted = lambda values: ", ".join("`%s`" % v for v in values)  # noqa: E731
    tempos = "; ".join("%s or `%d bpm`" % (quoted(captions.TEMPO_WORDS[t]), round(750 / t)) for t in music.TEMPOS)
    join = lambda by: "; ".join(quoted(by[key]) for key in by)  # noqa: E731
    rows = [("lead", join(captions.LEAD_WORDS)),
            ("key", "`%s` or `%s` of %s" % (*music.MODES, quoted(captions.TONIC_NAMES.values()))),
            ("tempo", tempos), ("drums", join(captions.DRUM_WORDS)), ("bass", join(captions.BASS_WORDS)),
            ("chords", join(captions.CHORD_WORDS)), ("pitch of the lead", join(captions.REGISTER_WORDS)),
            ("notes of the lead", join(captions.DENSITY_WORDS) + "; " + join(captions.KIND_WORDS)),
            ("mode again", join(captions.MODE_WORDS)), ("width", join(captions.WIDTH_WORDS))]
    return table(("", "words"), [list(r) for r in rows])


def combinations():
    """How many combinations of lead, key and tempo there are, and how many of them training never has."""
    every = list(itertools.product(music.LEADS, music.TONICS, music.MODES, music.TEMPOS))
    return len(every), sum(music.is_held_out(*c) for c in every)


def last_row(path, **where):
    """The last line of a log whose columns have these values; None where there is none."""
    found = None
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            found = row if all(row.get(k) == v for k, v in where.items()) else found
    return found


def training(codec_log, lm_logs):
    """How long and on how much both were trained, by the trainers' own logs."""
    lines = []
    if codec_log:
        row = last_row(codec_log)
        lines.append("- Codec: %.0f minutes, %s steps, %.0f hours of sound heard (crops of 0.8 s, many times); then frozen."
                     % (float(row["elapsed"]) / 60, row["step"], float(row["audio_s"]) / 3600))
    if lm_logs:
        row = last_row(os.path.join(lm_logs, "train.csv"))
        lines.append("- Text encoder and decoder: %s minutes, %s steps on %s pieces." % (row["minute"], row["step"], row["pieces"]))
        gauge = last_row(os.path.join(lm_logs, "gauges.csv"), split="held")
        if gauge:
            lines.append("- What conditions are worth on held-out pieces, nats a code of the first book: the text %s against none and %s "
                         "against another piece's; the melody %s against none and %s against another's."
                         % tuple(gauge[k] for k in ("no_text", "wrong_text", "no_tune", "wrong_tune")))
    lines.append("- The programs, commands and seeds are in `tools/train/`.")
    return "\n".join(lines)


def sizes(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    with open(os.path.join(folder, "generation_config.json"), encoding="utf-8") as f:
        columns = json.load(f)["max_length"]
    text, decoder, codec = config["text_encoder"], config["decoder"], config["audio_encoder"]
    total = sum(e.stat().st_size for e in os.scandir(folder) if e.is_file())
    return {"megabytes": "%.1f" % (total / 1e6), "text_width": text["d_model"], "text_layers": text["num_layers"],
            "text_pieces": text["vocab_size"], "width": decoder["hidden_size"], "layers": decoder["num_hidden_layers"],
            "heads": decoder["num_attention_heads"], "books": decoder["num_codebooks"], "book_size": codec["codebook_size"],
            "melody_rows": config.get("chroma_length", 0), "filters": codec["num_filters"], "latent": codec["hidden_size"],
            "window": "%g" % ((columns - decoder["num_codebooks"] // decoder["audio_channels"]) / 50)}


def write(folder, found, codec_log, lm_logs, notes):
    with open(os.path.join(HERE, "card.md"), encoding="utf-8") as f:
        text = string.Template(f.read())
    said = ""
    if notes:
        with open(notes, encoding="utf-8") as f:
            said = "\n" + f.read().strip() + "\n"
    setting, (every, held_out) = found["setting"], combinations()
    filled = text.substitute(
        sizes(folder), every=every, held_out=held_out, words=words(), training=training(codec_log, lm_logs), codec_table=codec_table(found),
        prompt_table=prompt_table(found), melody_table=melody_table(found), sides_table=sides_table(found),
        missed=missed(found), notes=said, measurable=MEASURABLE, best="%g" % setting["best guidance"], tuning=setting["tuning"],
        temperature="%g" % setting["temperature"], clips=setting["clips"], seconds="%g" % setting["seconds"],
        example="piano melody, C major, slow, 83 bpm, with light drums")
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as f:
        f.write(filled)
