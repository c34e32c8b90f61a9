"""The one model that the server has: its record, what it accepts, what it costs.

Written from the model's page (the twelve inputs; nothing is required there) and not from schema/models: what
the program believes is checked against it. The rules between inputs are those of the model's public predictor.
"""
from refusal import Refusal

MODEL = "model_meta-musicgen"
VERSIONS = ["stereo-melody-large", "stereo-large", "melody-large", "large"]
INPUTS = [
    {"name": "modelVersion", "type": "string", "default": "stereo-melody-large", "allowedValues": VERSIONS, "costImpact": True},
    {"name": "prompt", "type": "string", "prompt": True},
    {"name": "inputAudio", "type": "file", "kind": "audio"},
    {"name": "duration", "type": "number", "default": 8, "min": 1, "max": 30, "costImpact": True},
    {"name": "continuation", "type": "boolean", "default": False},
    {"name": "continuationStart", "type": "number", "default": 0, "min": 0},
    {"name": "continuationEnd", "type": "number", "min": 0},
    {"name": "multiBandDiffusion", "type": "boolean", "default": False, "costImpact": True},
    {"name": "normalizationStrategy", "type": "string", "default": "loudness", "allowedValues": ["loudness", "clip", "peak", "rms"]},
    {"name": "temperature", "type": "number", "default": 1},
    {"name": "classifierFreeGuidance", "type": "number", "default": 3, "min": 0, "max": 10},
    {"name": "seed", "type": "number", "step": 1},
]
BY_NAME = {one["name"]: one for one in INPUTS}
PYTHON = {"string": (str,), "file": (str,), "number": (int, float), "boolean": (bool,)}


def record():
    return {"id": MODEL, "name": "MusicGen", "type": "custom", "privacy": "public", "status": "trained", "capabilities": ["txt2audio"],
            "tags": [], "inputs": INPUTS, "uiConfig": {}, "parameters": {}, "accessRestrictions": 25}


def with_defaults(inputs):
    whole = {one["name"]: one["default"] for one in INPUTS if "default" in one}
    whole.update(inputs)
    return whole


def check_one(name, value):
    one = BY_NAME.get(name)
    if one is None:
        raise Refusal(400, 'unknown field "%s": this model has %s' % (name, ", ".join(BY_NAME)))
    kind = one["type"]
    if not isinstance(value, PYTHON[kind]) or (kind == "number" and isinstance(value, bool)):
        raise Refusal(400, "%s must be a %s, not %s" % (name, kind, "null" if value is None else type(value).__name__))
    if kind == "number" and abs(value) == float("inf"):  # 1e999 is JSON
        raise Refusal(400, "%s must be a finite number" % name)
    if "min" in one and value < one["min"]:
        raise Refusal(400, "%s must be at least %s" % (name, one["min"]))
    if "max" in one and value > one["max"]:
        raise Refusal(400, "%s must be at most %s" % (name, one["max"]))
    if "allowedValues" in one and value not in one["allowedValues"]:
        raise Refusal(400, "%s must be one of %s" % (name, ", ".join(one["allowedValues"])))
    if one.get("step") == 1 and value != int(value):
        raise Refusal(400, "%s must be a whole number" % name)


def check(inputs, has_asset):
    """has_asset: whether an id is an asset of this project that is a sound."""
    for name, value in inputs.items():
        check_one(name, value)
    whole = with_defaults(inputs)
    audio = whole.get("inputAudio")
    version = whole["modelVersion"]
    if not whole.get("prompt") and audio is None:
        raise Refusal(400, "prompt or inputAudio must be there")
    if whole["continuation"] and audio is None:
        raise Refusal(400, "inputAudio must be there when continuation is true")
    if audio is not None and not whole["continuation"] and "melody" not in version:
        raise Refusal(400, "inputAudio without continuation needs a melody modelVersion")
    if whole["multiBandDiffusion"] and version.startswith("stereo"):
        raise Refusal(400, "multiBandDiffusion works with non-stereo modelVersion only")
    if "continuationEnd" in whole and whole["continuationEnd"] <= whole["continuationStart"]:
        raise Refusal(400, "continuationEnd must be after continuationStart")
    if audio is not None and not has_asset(audio):
        raise Refusal(404, "inputAudio: asset %s was not found in this project" % audio[:64])


def price(inputs):
    """Of no service: but it depends on what costs, and has fractions as real prices have."""
    whole = with_defaults(inputs)
    units = 3 + 0.25 * whole["duration"]
    units += 1 if whole["modelVersion"].startswith("stereo") else 0
    units += 2 if whole["multiBandDiffusion"] else 0
    units += 0.5 if "inputAudio" in whole else 0
    return round(units, 4)
