"""Faults from a case file: which request meets which.

A case file is a JSON list of rules; README.md says the words. A rule counts the requests of its step (of each job, upload or
asset for itself with "per": "id") and strikes at some of them. Rules are checked at the start: a misspelt one ends the server.
"""
import json
import random
import threading

STEPS = ["submit", "dry_run", "poll", "list", "cancel", "upload", "part", "complete", "upload_poll", "asset", "download", "model"]
WHICH = ["on", "nth", "every", "probability", "seed", "times", "per", "prompt", "from_ms", "to_ms", "do", "when", "note"]
ANSWERS = ["headers", "html", "body", "reason", "type"]

# What a fault is: where its work is done, the steps it may be on (None: all), the keys it takes.
#   answer  in place of the service's own; "when": "before" (the default: nothing was done) or "after" (done, booked)
#   wire    how the bytes leave
#   effect  what becomes of the job, upload, asset or content
TABLE = {
    "429": ("answer", None, ["retry_after", "retry_after_ms", "action_limit", "remaining_seconds"] + ANSWERS),
    "status": ("answer", None, ["status"] + ANSWERS),
    "html": ("answer", None, ["status"] + ANSWERS),
    "bad_json": ("reshape", None, []),
    "huge": ("reshape", None, ["bytes"]),
    "cut": ("wire", None, ["keep"]),
    "wrong_length": ("wire", None, ["by"]),
    "chunked": ("wire", None, []),
    "stall": ("wire", None, ["ms"]),
    "drip": ("wire", None, ["ms"]),
    "slow": ("wire", None, ["ms"]),
    "lost": ("wire", None, []),
    "reset": ("wire", None, ["keep"]),
    "garbage": ("wire", None, []),
    "drop": ("wire", None, []),
    "down": ("wire", None, ["ms"]),
    "stuck": ("effect", ["submit"], ["at"]),
    "failed": ("effect", ["submit", "complete"], ["error"]),
    "canceled": ("effect", ["submit"], []),
    "word": ("effect", ["submit"], ["word", "at"]),
    "gone": ("effect", ["submit", "asset"], []),
    "hidden": ("effect", ["submit"], ["ms"]),
    "twin": ("effect", ["submit"], []),
    "no_asset": ("effect", ["submit"], []),
    "no_price": ("effect", ["submit"], []),
    "price": ("effect", ["submit", "dry_run"], ["price"]),
    "job_ms": ("effect", ["submit"], ["ms"]),
    "bad_result": ("effect", ["submit"], ["text"]),
    "expired": ("effect", ["asset", "download", "upload", "part"], []),
    "size": ("effect", ["asset"], ["bytes"]),
    "url": ("effect", ["asset", "upload"], ["url"]),
    "wrong_bytes": ("effect", ["download"], ["text"]),
    "empty": ("effect", ["download"], []),
    "larger": ("effect", ["download"], ["bytes"]),
    "no_range": ("effect", ["download"], []),
    "octets": ("effect", ["download"], []),
    "redirect": ("answer", None, ["location"]),
}
for _status in (400, 401, 402, 403, 404, 408, 422, 425, 500, 502, 503, 504):
    TABLE[str(_status)] = ("answer", None, ["retry_after", "retry_after_ms"] + ANSWERS)

# Without these a rule would do nothing, or nobody knows what.
NEEDED = {"status": ["status"], "stall": ["ms"], "drip": ["ms"], "slow": ["ms"], "down": ["ms"], "job_ms": ["ms"], "hidden": ["ms"],
          "word": ["word"], "price": ["price"], "size": ["bytes"], "url": ["url"], "redirect": ["location"]}


class BadCase(Exception):
    pass


def check_rule(rule, where):
    if not isinstance(rule, dict):
        raise BadCase("%s is no object" % where)
    steps = STEPS + ["connect", "any"]
    if rule.get("on") not in steps:
        raise BadCase('%s: "on" must be one of %s' % (where, ", ".join(steps)))
    do = rule.get("do")
    if do not in TABLE:
        raise BadCase('%s: "do" must be one of %s' % (where, ", ".join(sorted(TABLE))))
    _, on, keys = TABLE[do]
    if on is not None and rule["on"] not in on:
        raise BadCase('%s: "%s" goes with "on" %s' % (where, do, ", ".join(on)))
    if rule["on"] == "connect" and do not in ("reset", "lost", "slow", "garbage", "down"):
        raise BadCase('%s: a connection can be met by reset, lost, slow, garbage or down, not by "%s"' % (where, do))
    for key in rule:
        if key not in WHICH and key not in keys:
            raise BadCase('%s: unknown key "%s": "%s" takes %s' % (where, key, do, ", ".join(keys) or "none"))
    for key in NEEDED.get(do, []):
        if key not in rule:
            raise BadCase('%s: "%s" needs "%s"' % (where, do, key))
    if rule.get("when", "before") not in ("before", "after"):
        raise BadCase('%s: "when" must be before or after' % where)
    if rule.get("per", "id") != "id":
        raise BadCase('%s: "per" can only be "id"' % where)


class Rule:
    def __init__(self, rule, at):
        check_rule(rule, "rule %d" % at)
        self.rule = rule
        self.kind = TABLE[rule["do"]][0]
        self.counts = {}
        self.n_struck = 0
        self.random = random.Random(rule.get("seed", 0))

    def strikes(self, step, key, prompt, elapsed_ms):
        rule = self.rule
        if rule["on"] != step and not (rule["on"] == "any" and step != "connect"):
            return False
        if "prompt" in rule and rule["prompt"] not in (prompt or ""):
            return False
        if not rule.get("from_ms", 0) <= elapsed_ms < rule.get("to_ms", float("inf")):
            return False
        key = key if "per" in rule else ""
        n = self.counts[key] = self.counts.get(key, 0) + 1
        if "times" in rule and self.n_struck >= rule["times"]:
            return False
        if "nth" in rule:
            nth = rule["nth"] if isinstance(rule["nth"], list) else [rule["nth"]]
            hit = n in nth
        elif "every" in rule:
            hit = n % rule["every"] == 0
        elif "probability" in rule:
            hit = self.random.random() < rule["probability"]
        else:
            hit = True
        self.n_struck += hit
        return hit


class Faults:
    def __init__(self, path, clock):
        self.clock = clock
        self.began_ms = clock.mono_ms()
        self.lock = threading.Lock()
        rules = []
        if path:
            with open(path, encoding="utf-8") as f:
                try:
                    rules = json.load(f)
                except ValueError as e:
                    raise BadCase("it is no JSON: %s" % e) from e
            if not isinstance(rules, list):
                raise BadCase("it must be a list of rules")
        self.rules = [Rule(rule, i + 1) for i, rule in enumerate(rules)]

    def wants_prompt(self):
        return any("prompt" in r.rule for r in self.rules)

    def pick(self, step, key="", prompt=None):
        """The effects that strike, and the first fault of another kind or None."""
        effects, first = [], None
        with self.lock:
            elapsed = self.clock.elapsed_ms(self.began_ms)
            for one in self.rules:
                if one.strikes(step, key, prompt, elapsed):
                    if one.kind == "effect":
                        effects.append(one.rule)
                    elif first is None:
                        first = one.rule
        return effects, first
