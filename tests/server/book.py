"""The server's own book, its clock, and what it remembers over a restart.

The book is a file of JSON lines; a row is in it before the answer that it is about leaves. It is what tests believe.
"""
import json
import os
import threading
import time


class Clock:
    """The service's time: real time, `rate` times as fast. Durations are of it; moments are real."""

    def __init__(self, rate=1.0, skew_s=0.0):
        self.rate = rate
        self.skew_s = skew_s

    def mono_ms(self):
        """Monotonic, the same for all processes of this machine since it was started."""
        return time.monotonic() * 1000.0

    def elapsed_ms(self, since_mono_ms):
        return (self.mono_ms() - since_mono_ms) * self.rate

    def sleep_ms(self, ms):
        time.sleep(max(0.0, ms / 1000.0 / self.rate))

    def wall_ms(self):
        return int((time.time() + self.skew_s) * 1000)


def iso(wall_ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall_ms // 1000)) + ".%03dZ" % (wall_ms % 1000)


class Book:
    """write() is one write(2) to a file opened with O_APPEND: rows are whole, whoever is killed."""

    def __init__(self, path, clock):
        self.clock = clock
        self.lock = threading.Lock()
        self.n = 0
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if path else -1

    def write(self, kind, at_ms=None, **row):
        with self.lock:
            self.n += 1
            at = self.clock.mono_ms() if at_ms is None else at_ms
            line = {"is": kind, "n": self.n, "at_ms": round(at, 3), "wall_ms": self.clock.wall_ms()}
            line.update(row)
            if self.fd >= 0:
                os.write(self.fd, (json.dumps(line) + "\n").encode())


class State:
    """A journal of objects, the last row of an id counts; contents in a folder beside it. Without a path: memory only."""

    def __init__(self, path):
        self.path = path
        self.blobs = {}
        self.fd = -1
        if path:
            os.makedirs(path + ".d", exist_ok=True)
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def load(self):
        """(table, object) in the order in which they were put; a last line cut by a kill is left out."""
        if not self.path:
            return []
        rows = []
        with open(self.path, encoding="utf-8") as f:
            for line in f:
                if line.endswith("\n"):
                    row = json.loads(line)
                    rows.append((row["table"], row["object"]))
        return rows

    def put(self, table, thing):
        if self.fd >= 0:
            os.write(self.fd, (json.dumps({"table": table, "object": thing}) + "\n").encode())

    def put_blob(self, name, data):
        if not self.path:
            self.blobs[name] = data
            return
        part = os.path.join(self.path + ".d", name + ".part")
        with open(part, "wb") as f:
            f.write(data)
        os.replace(part, part[: -len(".part")])

    def blob(self, name):
        if not self.path:
            return self.blobs.get(name)
        try:
            with open(os.path.join(self.path + ".d", name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None
