#!/usr/bin/env python3
"""plain.py CERTIFICATES: a small server that misbehaves to order, for tests/unit/net/test_http.c.

CERTIFICATES is a folder made by certificates.sh. The first line on stdout names the ports (127.0.0.1, of the kernel's choice):

  plain     http: what a path does is said at its function below
  tls       the same under TLS, with the good certificate
  other     TLS with a certificate for another host
  stranger  TLS with a certificate that nobody signed
  reset     every connection is reset as soon as it is there
  hangup    every connection is closed when its first bytes came (the beginning of a TLS handshake)
  shaken    TLS: closed as soon as hands are shaken
  relay     to the port tls: connection number n of this port is reset after n * RELAY_STEP bytes from the client
  refusing  TLS and HTTP/2: every stream is refused with REFUSED_STREAM
  front     TLS and HTTP/2: nghttpx before the port plain, begun at the first connection, ended by GET /front-off; 0: there is none here
  closed    nobody listens there

The book (GET /book/PATH at plain) says how many requests for /PATH were read, at least in part, on any port; /book/.refusing counts
the streams refused. It ends when its stdin is closed.
"""

import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

RELAY_STEP = 40
FILE = bytes((i * 7 + i // 251) % 256 for i in range(300000))
ETAG = '"v1"'
NGHTTPX = shutil.which("nghttpx", path=os.environ.get("PATH", "") + ":/usr/sbin")  # a server: not in everybody's PATH

book = {}
book_lock = threading.Lock()
certificates = sys.argv[1]


def count(name):
    with book_lock:
        book[name] = book.get(name, 0) + 1


class Gone(Exception):
    """The connection is over."""


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Request:
    def __init__(self, sock):
        self.sock = sock
        head = b""
        while b"\r\n\r\n" not in head:
            got = sock.recv(65536)
            if not got:
                raise Gone
            if not head:
                self.peek(got)
            head += got
        head, self.rest = head.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.method, target, self.version = lines[0].split(" ")
        self.headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        self.path = urlsplit(target).path
        self.query = dict(parse_qsl(urlsplit(target).query))

    @staticmethod
    def peek(first):
        """In the book as soon as a byte of it is read."""
        words = first.split(b" ")
        count(words[1].split(b"?")[0].decode("latin-1") if len(words) > 1 else "?")

    def body(self):
        if self.headers.get("transfer-encoding") == "chunked":  # a front's way to pass a body on
            return self.chunked()
        length = int(self.headers.get("content-length", 0))
        while len(self.rest) < length:
            got = self.sock.recv(65536)
            if not got:
                raise Gone
            self.rest += got
        return self.rest

    def chunked(self):
        raw, out = self.rest, b""
        while not raw.endswith(b"0\r\n\r\n"):
            got = self.sock.recv(65536)
            if not got:
                raise Gone
            raw += got
        while True:
            size, raw = raw.split(b"\r\n", 1)
            if int(size, 16) == 0:
                return out
            out, raw = out + raw[: int(size, 16)], raw[int(size, 16) + 2 :]

    def say(self, status, body=b"", headers=(), length=None):
        lines = ["HTTP/1.1 %d Words" % status] + ["%s: %s" % h for h in headers]
        if status != 204:
            lines.append("Content-Length: %d" % (len(body) if length is None else length))
        self.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def number(self, name, default=0):
        return int(self.query.get(name, default))


# ---- what the paths do: True where the connection stays open -----------------------------------


def text(r):
    """200 and "hello"."""
    r.body()
    r.say(200, b"hello", [("Content-Type", "Text/Plain; charset=utf-8"), ("ETag", ETAG)])
    return True


def echo(r):
    """200 and what was asked, a line each, then the body."""
    body = r.body()
    seen = ["%s %s" % (r.method, r.version)] + ["%s: %s" % h for h in sorted(r.headers.items())]
    r.say(200, "\n".join(seen).encode() + b"\n\n" + body)
    return True


def status(r):
    """?code=: that status and the body "said"; every header in ?name=value beside code is sent."""
    r.body()
    extra = [h for h in r.query.items() if h[0] != "code"]
    r.say(r.number("code"), b"" if r.number("code") == 204 else b"said", extra)
    return True


def date(r):
    """429 with a Retry-After of a date ?in= seconds from now."""
    r.say(429, b"", [("Retry-After", formatdate(time.time() + r.number("in"), usegmt=True))])
    return True


def cut(r):
    """Says 1,000 bytes, sends ?n= of them and closes; ?reset=1 resets."""
    r.body()
    r.say(r.number("code", 200), b"x" * r.number("n"), length=1000)
    if r.query.get("reset"):
        time.sleep(0.05)  # a reset throws away what was not yet read
        reset(r.sock)


def chunks(r):
    """A chunked body that ends in the middle."""
    r.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe")


def headers_cut(r):
    """A status line, one header and the end."""
    r.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")


def long_body(r):
    """Two bytes more than it said."""
    r.say(200, b"hello!!", length=5)


def reset_after(r):
    """Reads the request and resets."""
    r.body()
    reset(r.sock)


def close_after(r):
    """Reads the request and closes."""
    r.body()


def once(r):
    """The first request of a connection is answered; the next one is read, and the connection closed."""
    r.body()
    r.connection_requests = getattr(r, "connection_requests", 0)
    if r.connection_requests == 0:
        r.say(200, b"first")
        return True
    return False


def idle_close(r):
    """Answers as if the connection stayed open, and closes it."""
    r.body()
    r.say(200, b"hello")


def slow(r):
    """A header every ?ms= milliseconds, four of them, then the body "slow"."""
    r.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for i in range(4):
        time.sleep(r.number("ms") / 1000)
        r.sock.sendall(b"X-%d: 1\r\n" % i)
    r.sock.sendall(b"Content-Length: 4\r\n\r\nslow")
    return True


def silent(r):
    """Never answers."""
    r.body()
    if r.sock.recv(1) == b"":
        raise Gone


def stall(r):
    """Half of a body, then nothing."""
    r.say(200, b"x" * 500, length=1000)
    silent(r)


def unread(r):
    """Answers 400 before it has read the body, and closes."""
    r.say(400, b"no", [("Connection", "close")])


def garbage(r):
    """No HTTP."""
    r.sock.sendall(b"hello, this is no HTTP\r\n\r\n")


def early(r):
    """100 Continue, and the end."""
    r.body()
    r.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def flood(r):
    """Headers without end."""
    r.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        r.sock.sendall(b"X-Flood: %s\r\n" % (b"y" * 1000))


def endless(r):
    """A body without end and without a length."""
    r.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        r.sock.sendall(b"z" * 65536)


def huge(r):
    """Says a terabyte."""
    r.say(200, b"x", length=10**12)
    silent(r)


def file(r):
    """FILE by Range and If-Range; ?cut= sends only so many bytes of a body; ?plain=1 knows no Range; ?shift=1 sends the wrong part;
    ?etag= is the file's tag."""
    tag = r.query.get("etag", ETAG)
    body, first = FILE, r.headers.get("range", "")
    headers = [("ETag", tag), ("Content-Type", "audio/wav")]
    code = 200
    if first and not r.query.get("plain") and r.headers.get("if-range", tag) == tag:
        begin = int(first[len("bytes=") :].split("-")[0])
        if begin >= len(FILE):
            r.say(416, b"", [("Content-Range", "bytes */%d" % len(FILE))])
            return True
        begin += r.number("shift")
        code, body = 206, FILE[begin:]
        headers.append(("Content-Range", "bytes %d-%d/%d" % (begin, len(FILE) - 1, len(FILE))))
    sent = body[: r.number("cut", len(body))]
    r.say(code, sent, headers, length=len(body))
    return len(sent) == len(body)


def redirect(r):
    """302 to /text."""
    r.say(302, b"", [("Location", "/text")])
    return True


PATHS = {
    "/" + f.__name__.replace("_", "-"): f
    for f in (text, echo, status, date, cut, chunks, headers_cut, long_body, reset_after, close_after, once, idle_close, slow, silent, stall)
    + (unread, garbage, early, flood, endless, huge, file, redirect)
}


def answer(r):
    if r.path.startswith("/book/"):
        with book_lock:
            r.say(200, str(book.get("/" + r.path[len("/book/") :], 0)).encode())
        return True
    for path, do in PATHS.items():  # /once/NAME does what /once does, and has a place of its own in the book
        if r.path == path or r.path.startswith(path + "/"):
            return do(r)
    r.say(404)
    return True


def serve(sock):
    n = 0
    try:
        while True:
            request = Request(sock)
            request.connection_requests = n
            n += 1
            if not answer(request):
                return
    finally:
        sock.close()


# ---- ports ---------------------------------------------------------------------------------------


def context(name, *protocols):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain("%s/%s.pem" % (certificates, name), "%s/%s.key" % (certificates, name))
    if protocols:
        c.set_alpn_protocols(list(protocols))
    return c


def under_tls(name, then, *protocols):
    c = context(name, *protocols)

    def run(sock):
        then(c.wrap_socket(sock, server_side=True))

    return run


def hang_up(sock):
    sock.recv(1)
    sock.close()


def refuse_streams(sock):
    """Enough of HTTP/2 (RFC 9113) to refuse: frames are 3 bytes of length, type, flags, 4 bytes of stream."""
    sock.sendall(struct.pack(">I", 0)[1:] + b"\x04\0" + struct.pack(">I", 0))  # SETTINGS, empty
    pending = b""
    preface = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    while True:
        got = sock.recv(65536)
        if not got:
            return
        pending += got
        if preface:
            if len(pending) < preface:
                continue
            pending, preface = pending[preface:], 0
        while len(pending) >= 9 and len(pending) >= 9 + int.from_bytes(pending[:3], "big"):
            length, kind, stream = int.from_bytes(pending[:3], "big"), pending[3], pending[5:9]
            pending = pending[9 + length :]
            if kind == 1:  # HEADERS
                count("/.refusing")
                sock.sendall(b"\0\0\x04\x03\0" + stream + struct.pack(">I", 7))  # RST_STREAM, REFUSED_STREAM


def pass_on(sock, out, most):
    """Between the two, until one ends or most bytes have come from sock; True then."""

    def back():
        try:
            while True:
                got = out.recv(65536)
                if not got:
                    break
                sock.sendall(got)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    threading.Thread(target=back, daemon=True).start()
    while most > 0:
        got = sock.recv(min(most, 65536))
        if not got:
            return False
        most -= len(got)
        out.sendall(got)
    return True


def relay(target):
    numbers = iter(range(1, 1000000))

    def run(sock):
        with socket.create_connection(("127.0.0.1", target)) as out:
            if pass_on(sock, out, next(numbers) * RELAY_STEP):
                time.sleep(0.02)  # what passed is read before the end comes
                reset(sock)

    return run


class Front:
    """nghttpx on a socket in the folder of the certificates, for it cannot tell which port it got."""

    def __init__(self, target):
        self.lock = threading.Lock()
        self.target = target
        self.process = None
        self.path = certificates + "/front.sock"

    def begin(self):
        with self.lock:
            if self.process:
                return
            argv = [NGHTTPX, "--conf=/dev/null", "--single-process", "--no-ocsp", "--frontend=unix:" + self.path]
            argv += ["--backend=127.0.0.1,%d" % self.target, certificates + "/good.key", certificates + "/good.pem"]
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self.process.poll() is None and not self.listens():
                time.sleep(0.01)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def end(self):
        with self.lock:
            if self.process:
                self.process.terminate()
                self.process.wait()

    def serve(self, sock):
        self.begin()
        with socket.socket(socket.AF_UNIX) as out:
            out.connect(self.path)
            pass_on(sock, out, 1 << 62)


def listen(then):
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)

    def guarded(sock):
        try:
            then(sock)
        except (OSError, Gone, ValueError):
            pass
        finally:
            sock.close()

    def run():
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=guarded, args=(sock,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def main():
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    ports = {
        "plain": listen(serve),
        "tls": listen(under_tls("good", serve)),
        "other": listen(under_tls("other", serve)),
        "stranger": listen(under_tls("stranger", serve)),
        "reset": listen(reset),
        "hangup": listen(hang_up),
        "shaken": listen(under_tls("good", lambda sock: sock.close())),
        "refusing": listen(under_tls("good", refuse_streams, "h2")),
        "closed": closed.getsockname()[1],
    }
    ports["relay"] = listen(relay(ports["tls"]))
    front = Front(ports["plain"])
    PATHS["/front-off"] = lambda r: front.end() or text(r)
    ports["front"] = listen(front.serve) if NGHTTPX else 0
    print(" ".join("%s=%d" % p for p in ports.items()), flush=True)
    sys.stdin.read()
    front.end()


main()
