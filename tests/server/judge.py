#!/usr/bin/env python3
"""What became of the jobs of an output folder, by the server's book: who was paid for, and did it arrive?

    judge.py trouble BOOK FOLDER [ID]...   a line for each thing that is wrong; exit status 1 where there is any.
                                             ID: somebody had this job sent again (retry --pay-again)
    judge.py states BOOK FOLDER              "4 done" or "1 billed unknown, 3 done": how many jobs are how; an unknown or submitting one
                                             is billed where the book has it
    judge.py ids BOOK FOLDER STATE           the ids of jobs in that state; "unbilled unknown": of those that the book does not have

Wrong is: a job billed more than once, but for those that the service itself failed and for IDs; what was billed and no row knows; a
row that knows a job which is not its own; a file or a sound that is not the one that was paid for; a job done twice; a price that is not
the one that was paid; parts of files; leaks and mistakes of the server.
"""
import base64
import collections
import hashlib
import json
import os
import sqlite3
import sys

import sounds


def read_book(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Job:
    """A row of the ledger, and what the book has of the same inputs."""

    def __init__(self, row):
        self.seq, self.state, self.path, ident, self.credits, self.remote_id, canonical = row
        self.id = base64.b32encode(ident).decode().lower()[:12]
        job = json.loads(canonical)
        self.key = (job["params"].get("prompt"), job["params"].get("seed"), job.get("inputs", {}).get("inputAudio", ""))
        self.attempts, self.billed, self.artifact = [], [], None

    def how(self):
        if self.state not in ("unknown", "submitting"):
            return self.state
        known = {one["remote_id"] for one in self.attempts}
        return ("billed " if any(one["job"] not in known for one in self.billed) else "unbilled ") + self.state


class Folder:
    def __init__(self, book, folder):
        self.book, self.folder = read_book(book), folder
        self.submissions = [row for row in self.book if row["is"] == "submission"]
        path = os.path.join(folder, ".mgbatch", "ledger.db")
        self.jobs = []
        self.db = None
        if os.path.exists(path):
            self.db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
            self.db.row_factory = sqlite3.Row
            self.read_ledger()

    def read_ledger(self):
        for row in self.db.execute("SELECT seq, state, path, id, credits, remote_id, canonical FROM job WHERE state <> 'superseded'"):
            self.jobs.append(Job(tuple(row)))
        by_seq = {job.seq: job for job in self.jobs}
        for row in self.db.execute("SELECT * FROM attempt"):
            if row["seq"] in by_seq:
                by_seq[row["seq"]].attempts.append(row)
        for row in self.db.execute("SELECT * FROM artifact"):
            if row["seq"] in by_seq:
                by_seq[row["seq"]].artifact = row
        by_key = {job.key: job for job in self.jobs}
        for row in self.submissions:
            job = by_key.get((row["inputs"].get("prompt"), row["inputs"].get("seed"), row["input_sha256"]))
            if job:
                job.billed.append(row)

    # ---- what is wrong -------------------------------------------------------------

    def wrong_bills(self, job, paid_again):
        failed = sum(one["class"] == "remote_failed" for one in job.attempts)
        if len(job.billed) > 1 + failed + (job.id in paid_again):
            yield "billed %d times, the service failed it %d times" % (len(job.billed), failed)
        known = {one["remote_id"] for one in job.attempts if one["remote_id"]}
        was_unknown = job.how() != job.state or any(one["class"] == "remote_unknown" for one in job.attempts)
        billed = {row["job"] for row in job.billed}
        if billed - known and not was_unknown:
            yield "billed as %s, which no try of it knows" % ", ".join(sorted(billed - known))
        if known - billed:
            yield "takes %s for its own" % ", ".join(sorted(known - billed))
        if job.remote_id and job.remote_id not in known:
            yield "has the id %s, which no try of it has" % job.remote_id

    def wrong_sound(self, job):
        row = job.artifact
        if job.state != "done":
            return
        if sum(one["outcome"] == "done" for one in job.attempts) != 1:
            yield "done, and not exactly once"
        if not job.billed or row is None:
            yield "done, without a bill or without a file"
            return
        of = [one for one in job.billed if one["job"] == job.remote_id]
        if not of:
            yield "done as %s, which was not billed for it" % job.remote_id
            return
        wav = sounds.make_wav(of[0]["inputs"], of[0]["input_sha256"])
        if row["source_sha256"] != hashlib.sha256(wav).hexdigest():
            yield "its sound is not the one that was made for it"
        try:
            with open(os.path.join(self.folder, row["path"]), "rb") as f:
                if hashlib.sha256(f.read()).hexdigest() != row["file_sha256"]:
                    yield "its file is not what the ledger says"
        except OSError as e:
            yield "its file cannot be read: %s" % e.strerror

    def wrong_sums(self):
        """Of a job whose answer was lost the price is not known: the list of jobs has none."""
        spent = sum(one["credits"] for job in self.jobs for one in job.attempts)
        if abs(spent - sum(job.credits for job in self.jobs)) > 1e-6:
            yield "the ledger's tries cost %g credits, its jobs %g" % (spent, sum(job.credits for job in self.jobs))
        answered = {row["at_ms"] for row in self.book if row["is"] == "request" and row["step"] == "submit" and row["status"] == 200
                    and row.get("fault") not in ("bad_json", "huge", "cut", "wrong_length")}
        for job in self.jobs:
            price = {row["job"]: row["price"] for row in job.billed if row["at_ms"] in answered}
            for one in job.attempts:
                if one["credits"] != price.get(one["remote_id"], one["credits"]):
                    yield "%s: cost %g credits, the ledger has %g" % (job.path, price[one["remote_id"]], one["credits"])
                if one["remote_id"] and one["credits"] <= 0:
                    yield "%s: was accepted, and the ledger has no price" % job.path

    def wrong_folder(self):
        if self.db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            yield "the database is damaged"
        for where, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith("~"):
                    yield "left over: %s" % os.path.join(where, name)
        rows, n_done = os.path.join(self.folder, "metadata.jsonl"), sum(job.state == "done" for job in self.jobs)
        n_rows = 0
        if os.path.exists(rows) or n_done > 0:
            with open(rows, encoding="utf-8") as f:
                n_rows = sum(1 for _ in f)
        if n_rows != n_done:
            yield "%d jobs are done, metadata.jsonl has %d" % (n_done, n_rows)

    def wrong_book(self):
        for row in self.book:
            if row["is"] in ("leak", "bug"):
                yield json.dumps(row)
            if "dry_run_in_body" in row:
                yield "a price was asked for in the body, and paid for: %s" % row["job"]
        mine = {row["job"] for job in self.jobs for row in job.billed}
        for row in self.submissions:
            if row["job"] not in mine:
                yield "billed for no job of the folder: %s" % json.dumps(row["inputs"])

    def troubles(self, paid_again):
        yield from self.wrong_book()
        if not self.db:
            return
        for job in self.jobs:
            for one in list(self.wrong_bills(job, paid_again)) + list(self.wrong_sound(job)):
                yield "%s (%s): %s" % (job.path, job.how(), one)
        yield from self.wrong_sums()
        yield from self.wrong_folder()


def main(what, book, folder, *more):
    f = Folder(book, folder)
    if what == "states":
        counts = collections.Counter(job.how() for job in f.jobs)
        print(", ".join("%d %s" % (n, how) for how, n in sorted(counts.items())) or "nothing")
        return False
    if what == "ids":
        print("\n".join(job.id for job in f.jobs if more[0] in (job.state, job.how())))
        return False
    found = list(f.troubles(more))
    for one in found:
        print(one)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
