"""Measures the exported model and fills its model card.

    python evaluate.py MODEL WORK [--codec CHECKPOINT] [--clips 200] [--guidance 1,2,3] [--temperature 0.9] [--card]
    python evaluate.py MODEL WORK --quick 40        a look while training goes on: few clips, no card
    python evaluate.py MODEL WORK --only codec      a part: codec, prompts or melody
    python evaluate.py MODEL WORK --report [--card] prints, and writes the card of, what WORK/figures.json holds

MODEL is a folder in Hugging Face's layout. The clips are made by mgbatch (make it first) and stay in WORK, with the judge.
Two hundred clips need about 20 minutes on two cores. What each figure means is said in card.md.
"""

import argparse
import json
import os
import time

import torch

import card
import hearing
import judge as judging
import shipped
import takes
import trials

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ("codec", "prompts", "melody")


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("work")
    p.add_argument("--codec", help="a checkpoint of train_codec.py instead of the model's own codec")
    p.add_argument("--clips", type=int, default=200, help="of each measurement")
    p.add_argument("--tuning", type=int, default=60, help="prompts that choose the guidance")
    p.add_argument("--guidance", default="1,2,3", help="to try, with commas")
    p.add_argument("--temperature", type=float, default=0.9)
    p.add_argument("--top-k", type=int, default=250)
    p.add_argument("--duration", type=float, default=10)
    p.add_argument("--quick", type=int, metavar="N", help="N clips, the guidance chosen by the same prompts")
    p.add_argument("--only", choices=PARTS)
    p.add_argument("--binary", default=os.path.join(TOP, "build/release/mgbatch"))
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--report", action="store_true", help="measure nothing: print what was measured before")
    p.add_argument("--card", action="store_true", help="write MODEL/README.md")
    p.add_argument("--codec-log", help="train_codec.py's log.csv, for the card")
    p.add_argument("--lm-log", help="train_lm.py's folder with its logs, for the card")
    p.add_argument("--notes", help="a Markdown file for the card: what was tried where a target was missed")
    o = p.parse_args()
    o.guidances = [float(g) if "." in g else int(g) for g in o.guidance.split(",")]
    if o.quick:
        o.clips, o.tuning = o.quick, 0
    return o


class Evaluation:
    """One model, its judge, and what was found so far: WORK/figures.json is written after every part."""

    def __init__(self, o):
        self.o, self.start = o, time.time()
        self.codec = shipped.codec(o.codec or o.model)
        self.studio = takes.Studio(o.binary, o.model, o.duration, o.temperature, o.top_k)
        self.path = os.path.join(o.work, "figures.json")
        os.makedirs(o.work, exist_ok=True)
        self.found = {"setting": {}}
        if o.only and os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as f:
                self.found = json.load(f)
        self.found["setting"].update(clips=o.clips, tuning=o.tuning, seconds=o.duration, temperature=o.temperature,
                                     top_k=o.top_k)

    def say(self, what):
        print("%5.0f s  %s" % (time.time() - self.start, what), flush=True)

    def keep(self):
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump(self.found, f, indent=1)
            f.write("\n")

    def folder(self, name):
        return os.path.join(self.o.work, name)

    def measure_codec(self):
        self.say("the codec on %d clips" % self.o.clips)
        self.found["codec"] = trials.codec_trial(self.codec, self.o.clips)

    def tried(self, judge, stream, count):
        """Prompts of one stream at every guidance, judged, and the ceiling of the same attributes: (figures by guidance, ceiling,
        clips by guidance, the ceiling's own clips)."""
        attributes, asks = trials.prompts(stream, count)
        self.say("%d prompts (%s) at guidance %s" % (count, stream, self.o.guidance))
        paths = takes.make(self.studio, self.folder(stream), asks, self.o.guidances)
        self.say("judging them")
        clips = {str(g): [hearing.read_wav(p) for p in paths[g]] for g in self.o.guidances}
        ideal = list(trials.resung(self.codec, trials.composed(attributes)))
        ceiling = trials.judged(judge, ideal, attributes)
        return {g: trials.judged(judge, c, attributes) for g, c in clips.items()}, ceiling, clips, ideal

    def measure_prompts(self):
        o, found = self.o, self.found
        self.say("the judge")
        judge = judging.obtain(self.codec, self.folder("judge"))
        if o.tuning:
            found["tuning"], ceiling, *_ = self.tried(judge, "tuning", o.tuning)
        found["prompts"], found["ceiling"], clips, ideal = self.tried(judge, "prompts", o.clips)
        by, limit = (found["tuning"], ceiling) if o.tuning else (found["prompts"], found["ceiling"])
        best = trials.best_guidance(by, limit, card.CHOOSING, card.MEASURABLE)
        found["setting"]["best guidance"] = float(best)
        found["sides"] = {g: trials.sides_trial(c) for g, c in clips.items()}
        found["sides ceiling"] = trials.sides_trial(ideal)
        found["faults"] = {g: trials.fault_counts(c) for g, c in clips.items()}

    def measure_melody(self):
        best = self.found["setting"].get("best guidance", self.o.guidances[0])
        pieces, asks = trials.tunes(self.folder("tunes"), self.o.clips)
        self.say("%d tunes to follow, guidance %g" % (self.o.clips, best))
        paths = takes.make(self.studio, self.folder("melody"), asks, [best])[best]
        self.found["melody"] = trials.melody_trial([hearing.read_wav(p) for p in paths], pieces)
        self.found["melody ceiling"] = trials.melody_trial(list(trials.resung(self.codec, pieces)), pieces)
        self.found["melody guidance"] = best

    def run(self):
        for part in [self.o.only] if self.o.only else PARTS:
            getattr(self, "measure_" + part)()
            self.keep()
        self.say("done")


def main():
    o = options()
    torch.set_num_threads(o.threads)
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    if not o.report:
        Evaluation(o).run()
    with open(os.path.join(o.work, "figures.json"), encoding="utf-8") as f:
        found = json.load(f)
    print(card.tables(found))
    if o.card and not o.quick:
        card.write(o.model, found, o.codec_log, o.lm_log, o.notes)


if __name__ == "__main__":
    main()
