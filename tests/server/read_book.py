#!/usr/bin/env python3
"""Questions to a book.

    read_book.py paid BOOK            "<jobs paid for> <distinct among them> <credits>"; exit status 1 where one was paid for twice
    read_book.py count BOOK IS [NAME=VALUE]...    how many rows are so
    read_book.py window BOOK RATE     "<most API requests in a minute> <all> <seconds of the service>"; RATE: of the service's clock
    read_book.py used BOOK RATE LIMIT   "<percent> <minutes>": how much of LIMIT requests a minute was used in the whole minutes, from the first request on,
                                  in which there was work for all of it: something was still to be submitted, or more jobs ran than LIMIT
                                  looks at each of them every ten seconds would take
    read_book.py clean BOOK           the rows of leaks and of the server's own mistakes; exit status 1 where there are any

A job is its inputs, the input sound by its content: a test gives each job others.
"""
import collections
import json
import sys


def rows(path, kind):
    with open(path, encoding="utf-8") as f:
        return [row for row in map(json.loads, f) if row["is"] == kind]


def paid(path):
    jobs, credits = collections.Counter(), 0
    for row in rows(path, "submission"):
        inputs = dict(row["inputs"])
        if "inputAudio" in inputs:
            inputs["inputAudio"] = row["input_sha256"]
        jobs[json.dumps(inputs, sort_keys=True)] += 1
        credits += row["price"]
    for inputs, n in jobs.items():
        if n > 1:
            print("paid for %d times: %s" % (n, inputs), file=sys.stderr)
    print("%d %d %g" % (sum(jobs.values()), len(jobs), credits))
    return any(n > 1 for n in jobs.values())


def count(path, kind, *wanted):
    pairs = [one.split("=", 1) for one in wanted]
    print(sum(all(str(row.get(name, "")) == value for name, value in pairs) for row in rows(path, kind)))
    return False


def window(path, rate):
    """Half open: a request exactly a minute after another is not in its window."""
    minute = 60000.0 / float(rate)
    times = sorted(row["at_ms"] for row in rows(path, "request") if row["host"] == "api")
    most, first = 0, 0
    for i, at in enumerate(times):
        while at - times[first] >= minute:
            first += 1
        most = max(most, i - first + 1)
    print("%d %d %g" % (most, len(times), (times[-1] - times[0]) * float(rate) / 1000 if times else 0))
    return False


LOOKS_A_MINUTE = 6  # src/backend/hosted/pace.c: a job is looked at every ten seconds at the latest


def used(path, rate, limit):
    minute, limit = 60000.0 / float(rate), int(limit)
    asked = [row for row in rows(path, "request") if row["host"] == "api"]
    submitted = [(row["at_ms"], 1) for row in rows(path, "submission")]
    ends = [(row["at_ms"], -1) for row in asked if row["step"] == "asset"]
    last, running, end = max(submitted)[0], 0, 0.0
    for at, more in sorted(submitted + ends):
        running += more
        if at > last and running * LOOKS_A_MINUTE < limit:
            end = at
            break
    first = min(row["at_ms"] for row in asked)
    minutes = int((max(end, last) - first) / minute)
    n = sum(row["at_ms"] < first + minutes * minute for row in asked)
    print("%d %d" % (100 * n // (minutes * limit) if minutes else 0, minutes))
    return minutes == 0


def clean(path):
    found = rows(path, "leak") + rows(path, "bug")
    for row in found:
        print(json.dumps(row))
    return bool(found)


if __name__ == "__main__":
    sys.exit({"paid": paid, "count": count, "window": window, "used": used, "clean": clean}[sys.argv[1]](*sys.argv[2:]))
