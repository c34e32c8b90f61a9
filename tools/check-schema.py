#!/usr/bin/python3
"""Does schema/manifest.schema.json say the same as `mgbatch check`, where a schema can?

    check-schema.py PROGRAM     from the repository's root; prints TAP

Read by a public validator (Debian: python3-jsonschema) after a YAML 1.2 reader (python3-ruamel.yaml):
  - every manifest that `check` takes (manifests/, tests/data/manifests/good) is accepted,
  - what the schema rejects is rejected by `check` too, over every manifest of the tests, good or bad,
  - each block of tests/data/mistakes.txt is rejected, or accepted where it says "schema cannot".
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import jsonschema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

n_checks = 0
n_failed = 0


def ok(good, name, why=""):
    global n_checks, n_failed
    n_checks += 1
    n_failed += not good
    print("%s %d - %s" % ("ok" if good else "not ok", n_checks, name))
    if not good and why:
        print("# " + why[:400].replace("\n", "\n# "))


ALIASES_MAX = 20  # aliases of aliases grow beyond any validator's patience; check refuses them by number


def load(text):
    """The document as plain values, or None where it is no YAML, or an alias bomb."""
    if len(re.findall(rb"[ ,\[]\*", text if isinstance(text, bytes) else text.encode())) > ALIASES_MAX:
        return None
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        return json.loads(json.dumps(yaml.load(text)))
    except (YAMLError, ValueError, TypeError):
        return None


def blocks(path):
    """(title, {part: text}, verdict) of tests/data/mistakes.txt; its head says the form."""
    for block in re.split(r"^=== ", open(path).read(), flags=re.M)[1:]:
        title, _, rest = block.partition("\n")
        parts, verdict = {}, None
        for part in re.split(r"^--- ", rest, flags=re.M)[1:]:
            what, _, text = part.partition("\n")
            if what.startswith("schema "):
                verdict = what.split()[1]
            elif what == "manifest":
                parts["m.yaml"] = text
            elif what.startswith("file "):
                parts[what.split()[1]] = text
        yield title, parts, verdict


def check(program, path):
    """Exit status of `check`; --backend fake where the manifest says nothing of a model that is not here."""
    text = open(path, "rb").read()
    overrides = re.findall(rb"^# test: set (.*)$", text, flags=re.M)
    args = [program, "check", path] + ["--set=" + o.decode() for o in overrides]
    if b"backend:" not in text:
        args += ["--backend", "fake"]
    return subprocess.run(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def main():
    program = os.path.abspath(sys.argv[1])
    validator = jsonschema.Draft7Validator(json.load(open("schema/manifest.schema.json")))
    jsonschema.Draft7Validator.check_schema(validator.schema)
    ok(True, "the schema is a draft-07 schema")

    def says(document):
        errors = sorted(validator.iter_errors(document), key=lambda e: e.path)
        return "; ".join("%s: %s" % ("/".join(map(str, e.path)), e.message) for e in errors)

    for path in sorted(glob.glob("manifests/**/*.yaml", recursive=True) + glob.glob("tests/data/manifests/good/*.yaml")):
        document = load(open(path, "rb").read())
        why = says(document)
        ok(document is not None and not why, "%s is accepted" % path, why)
    for path in sorted(glob.glob("tests/data/manifests/*/*.yaml")):
        document = load(open(path, "rb").read())
        why = document is not None and says(document)
        if why:
            ok(check(program, path) != 0, "%s: what the schema rejects, check rejects" % path, why)
    for title, parts, verdict in blocks("tests/data/mistakes.txt"):
        document = load(parts["m.yaml"])
        why = document is not None and says(document)
        ok(bool(why) == (verdict == "rejects"), "%s: the schema %s" % (title, verdict), why or "accepted")
        with tempfile.TemporaryDirectory() as folder:
            for name, text in parts.items():
                with open(os.path.join(folder, name), "w") as f:
                    f.write(text)
            ok(check(program, os.path.join(folder, "m.yaml")) != 0 or "test: version" in parts["m.yaml"]
               or title.startswith("warning: "), "%s: check rejects it" % title)
    print("1..%d" % n_checks)
    return n_failed > 0


sys.exit(main())
