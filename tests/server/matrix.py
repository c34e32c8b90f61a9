#!/usr/bin/env python3
"""Prints every fault at every step, a case file on each line: what the matrix test runs one by one.

    matrix.py [STEP]...      all steps unless said

The list of jobs is asked for only where an answer was lost, so its cases lose one first. The step "lost" is an answer lost
together with what else can become of that job.
"""
import json
import sys

from faults import STEPS, TABLE, check_rule

ANYWHERE = [
    {"do": "429"}, {"do": "429", "retry_after": 1}, {"do": "429", "retry_after_ms": 200}, {"do": "429", "action_limit": 1},
    {"do": "429", "remaining_seconds": 1}, {"do": "400", "reason": "prompt is too long"}, {"do": "401"}, {"do": "402"},
    {"do": "403", "body": {"name": "ModelAccessRestrictedError", "modelId": "model_meta-musicgen", "requiredPlan": "cu-pro"}},
    {"do": "404"}, {"do": "422"}, {"do": "500"}, {"do": "500", "when": "after"}, {"do": "502", "html": True}, {"do": "503", "retry_after": 1},
    {"do": "503", "when": "after"}, {"do": "504", "when": "after"}, {"do": "html", "when": "after"}, {"do": "redirect", "location": "http://127.0.0.1:1/"},
    {"do": "bad_json"}, {"do": "huge"}, {"do": "cut"}, {"do": "cut", "keep": 0}, {"do": "wrong_length", "by": 10}, {"do": "wrong_length", "by": -10},
    {"do": "chunked"}, {"do": "stall", "ms": 200}, {"do": "drip", "ms": 200}, {"do": "slow", "ms": 200}, {"do": "slow", "ms": 200, "when": "after"},
    {"do": "lost"}, {"do": "reset"}, {"do": "reset", "when": "after"}, {"do": "garbage"}, {"do": "garbage", "when": "after"}, {"do": "drop"},
    {"do": "down", "ms": 300}, {"do": "down", "ms": 300, "when": "after"},
]
EFFECTS = {
    "stuck": [{}], "failed": [{"error": "the model failed"}, {"error": {"message": "the model failed", "code": "E1"}}, {"error": None}],
    "canceled": [{}], "word": [{"word": "thinking"}, {"word": "processing"}, {"word": "completed", "at": "success"}], "gone": [{}],
    "hidden": [{"ms": 500}], "twin": [{}], "no_asset": [{}], "no_price": [{}], "price": [{"price": 7.25}], "job_ms": [{"ms": 1}],
    "bad_result": [{}], "expired": [{}], "size": [{"bytes": 10}], "url": [{"url": "https://example.invalid/sound.wav?Signature=x"}],
    "wrong_bytes": [{}], "empty": [{}], "larger": [{}], "no_range": [{}], "octets": [{}],
}

CONNECTION = [{"do": "reset"}, {"do": "lost"}, {"do": "slow", "ms": 500}, {"do": "garbage"}, {"do": "down", "ms": 500}]
LOST = {"on": "submit", "nth": 1, "do": "lost"}
AND_LOST = ["stuck", "failed", "canceled", "word", "gone", "hidden", "twin", "no_asset", "no_price", "price", "job_ms", "bad_result"]


def cases(step):
    if step == "lost":
        for do in AND_LOST:
            for one in EFFECTS[do]:
                yield [LOST, dict(on="submit", nth=1, do=do, **one)]
        yield [LOST, {"on": "submit", "nth": 1, "do": "hidden", "ms": 3600000}]
        yield [{"on": "submit", "do": "lost"}]
        yield [{"on": "submit", "do": "503", "when": "after"}]
    else:
        for rule in rules(step):
            yield [LOST, rule] if step == "list" else [rule]


def rules(step):
    if step == "connect":
        for nth in range(1, 7):
            for one in CONNECTION:
                yield dict(on=step, nth=nth, **one)
        return
    for one in ANYWHERE:
        yield dict(on=step, nth=1, **one)
    for do, variants in EFFECTS.items():
        if step in TABLE[do][1]:
            for one in variants if step == "submit" else variants[:1]:
                yield dict(on=step, nth=1, do=do, **one)


if __name__ == "__main__":
    for each in sys.argv[1:] or STEPS + ["lost", "connect"]:
        for case in cases(each):
            for rule in case:
                check_rule(rule, "a rule of the matrix")
            print(json.dumps(case))
