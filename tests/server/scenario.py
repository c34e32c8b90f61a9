#!/usr/bin/env python3
"""A strict scripted server of the hosted Generation API, for tests: see README.md in this folder.

    python3 scenario.py --ready FILE [--book FILE] [--state FILE] [--cases FILE] [--job-ms 300] ...

It listens on two ports of 127.0.0.1, the API's and the storage's, and ends at TERM, or by itself after --for seconds.
"""
import argparse
import os
import signal
import socket
import sys
import threading
import time

import sounds
from book import Book, Clock, State
from connection import Connection
from faults import TABLE, BadCase, Faults
from service import Service
from storage import Store


def milliseconds(text):
    """"300", or "100-900": each job its own, by its inputs."""
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def parse_options():
    p = argparse.ArgumentParser(description="A strict scripted server of the hosted Generation API.")
    p.add_argument("--ready", help="written when it listens: the API's base URL, what signed URLs begin with, the storage's port, a line each")
    p.add_argument("--book", help="JSON lines are appended here")
    p.add_argument("--state", help="jobs, uploads and assets outlive the server here (and in a folder FILE.d)")
    p.add_argument("--cases", help="the faults: a JSON list of rules")
    p.add_argument("--port", type=int, default=0, help="of the API, to start again at the same address")
    p.add_argument("--storage-port", type=int, default=0)
    p.add_argument("--storage-host", default="127.0.0.1", help="the name in signed URLs")
    p.add_argument("--storage-url", help="what signed URLs begin with, where a front stands before the server")
    p.add_argument("--key", default="key_for_tests")
    p.add_argument("--secret", default="secret_for_tests")
    p.add_argument("--project", default="proj_test")
    p.add_argument("--need-project", action="store_true")
    p.add_argument("--job-ms", type=milliseconds, default=(300.0, 300.0))
    p.add_argument("--upload-ms", type=float, default=50.0)
    p.add_argument("--url-ms", type=float, default=86400000.0, help="how long a signed URL is good")
    p.add_argument("--latency-ms", type=float, default=0.0)
    p.add_argument("--idle-ms", type=float, default=60000.0, help="real time after which a silent connection is closed")
    p.add_argument("--clock-rate", type=float, default=1.0)
    p.add_argument("--clock-skew", type=float, default=0.0, help="seconds by which the service's date is ahead")
    p.add_argument("--rate-limit", type=int, default=0, help="requests to the API a minute; 0: none")
    p.add_argument("--jobs-limit", type=int, default=0, help="jobs at a time; 0: none")
    p.add_argument("--credits", type=float, help="what the account has")
    p.add_argument("--price", type=float, help="of each job, in the place of the formula")
    p.add_argument("--dry-run-status", type=int, default=200, choices=[200, 269, 402])
    p.add_argument("--percent", action="store_true", help="progress is 0 to 100")
    p.add_argument("--cancel", default="queued", choices=["all", "queued", "none"], help="which jobs can be canceled")
    p.add_argument("--format", default="wav", choices=sorted(sounds.MIME), help="of the results; wav where sox cannot make it")
    p.add_argument("--for", dest="for_s", type=float, default=3600.0, help="real seconds, then it ends by itself")
    return p.parse_args()


def listen(port):
    """A socket that has the port; it does not listen yet."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    return s


class Door:
    """One listening port. Down: the port is kept, connections to it are refused."""

    def __init__(self, server, port, is_storage):
        self.server, self.is_storage = server, is_storage
        self.socket = listen(port)
        self.port = self.socket.getsockname()[1]
        self.up = threading.Event()
        self.connections = set()
        self.lock = threading.Lock()

    def open(self):
        self.socket.listen(1024)
        self.up.set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.up.is_set():
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        connection = Connection(self.server, sock, self.is_storage)
        with self.lock:
            self.connections.add(connection)
        connection.run()
        with self.lock:
            self.connections.discard(connection)

    def close(self, but):
        """Refuses from now on and ends all connections but the caller's own, who does it himself."""
        self.up.clear()
        old = self.socket
        old.shutdown(socket.SHUT_RDWR)
        old.close()
        self.socket = listen(self.port)
        with self.lock:
            others = [one for one in self.connections if one.sock is not but]
        for one in others:
            try:
                one.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Server:
    def __init__(self, options):
        self.options = options
        self.clock = Clock(options.clock_rate, options.clock_skew)
        self.faults = Faults(options.cases, self.clock)
        self.book = Book(options.book, self.clock)
        self.doors = [Door(self, options.port, False), Door(self, options.storage_port, True)]
        options.storage_url = options.storage_url or "http://%s:%d" % (options.storage_host, self.doors[1].port)
        state = State(options.state)
        self.store = Store(options, self.clock, self.book, state)
        self.service = Service(options, self.clock, self.book, state, self.store)
        self.down_lock = threading.Lock()
        self.is_down = False

    @staticmethod
    def kind_of(rule):
        return TABLE[rule["do"]][0] if rule else ""

    def go_down(self, ms, sock):
        with self.down_lock:
            if self.is_down:
                return
            self.is_down = True
        self.book.write("down", ms=ms)
        for door in self.doors:
            door.close(sock)
        threading.Thread(target=self.come_back, args=(ms,), daemon=True).start()

    def come_back(self, ms):
        self.clock.sleep_ms(ms)
        for door in self.doors:
            door.open()
        self.book.write("up")
        with self.down_lock:
            self.is_down = False

    def start(self):
        for door in self.doors:
            door.open()
        self.book.write("start", clock_rate=self.options.clock_rate, jobs=len(self.service.jobs), pid=os.getpid())
        text = "http://127.0.0.1:%d/v1\n%s\n%d\n" % (self.doors[0].port, self.options.storage_url, self.doors[1].port)
        if not self.options.ready:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        with open(self.options.ready + ".part", "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(self.options.ready + ".part", self.options.ready)


def main():
    options = parse_options()
    try:
        server = Server(options)
    except (BadCase, OSError) as e:
        sys.exit("scenario.py: %s" % (e if not isinstance(e, BadCase) else "%s: %s" % (options.cases, e)))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.start()
    time.sleep(options.for_s)
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(0)
