#!/usr/bin/env python3
"""hub.py --ready FILE --book FILE --files DIR [--faults FILE] [--tls DIR] [--for SECONDS]: a scripted model hub on two loopback ports.

DIR/VERSION/ holds the files of the repository facebook/musicgen-VERSION. FILE of --ready is written whole when it listens: the hub's
address, then the other host's. DIR of --tls has certificates (certificates.sh): both ports speak https then. The hub answers the list of files (with sizes, git's names and, for *.safetensors and tokenizer.json,
SHA-256) and redirects a file: small ones to another path of its own (a relative Location, 307), the others to the second port with a
signed query (302), as the public hub does. There they have ETag, Range and If-Range; without the right signature it answers 403.

Each request is a line of JSON in the book when its answer begins: {"at", "file", "range", "if_range", "status"}; "sent" of a body follows
in a line of its own. A request with Authorization or Cookie is {"at": "leak"}.

The faults file is read anew at each request: a list of rules {"at": "list" | "file" | "far", "do": ..., "file": NAME, "times": N}.
The first that fits and has turns left (for this content of the file) is played. What they do:

  list   status (code), json (what is no JSON), html, huge (bytes), cut, names (paths that lead elsewhere are listed too), twice (NAME is
         listed twice), without (NAME is not listed), also (NAME is listed too), hash (NAME's is another), size (NAME's is by more), sha
  file   status (code, retry_after), loop, away (to: an address), nowhere (no Location)
  far    status (code), cut (keep: bytes of the body), reset (keep), other (bytes that are others), short (by), whole (Range is ignored), slow
         (bytes_per_s, from), etag (another one from now on), weak (no strong etag), unsatisfied (416)
"""

import argparse
import hashlib
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from urllib.parse import parse_qsl, urlsplit

COMMIT = "4c8334b02c6ec4e8664a91979669a501ec497792"
SIGNATURE = "signature_for_tests"
CHUNK = 16384


def git_name(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_far(name):
    return name.endswith(".safetensors") or name == "tokenizer.json"


class Book:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="utf-8")

    def write(self, **row):
        with self.lock:
            self.file.write(json.dumps(row) + "\n")
            self.file.flush()


class Faults:
    def __init__(self, path):
        self.path, self.text, self.rules, self.left = path, None, [], []
        self.lock = threading.Lock()

    def pick(self, at, name=""):
        with self.lock:
            try:
                with open(self.path, encoding="utf-8") as f:
                    text = f.read()
            except (OSError, TypeError):
                text = "[]"
            if text != self.text:
                self.text, self.rules = text, json.loads(text or "[]")
                self.left = [rule.get("times", 1 << 30) for rule in self.rules]
            for i, rule in enumerate(self.rules):
                if rule["at"] == at and self.left[i] > 0 and (at == "list" or rule.get("file", name) == name):
                    self.left[i] -= 1
                    return rule
            return {"do": ""}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self, is_reset=False):
        self.close_connection = True
        if is_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_WR)
        self.connection.close()

    def note(self, at, name, status):
        self.server.book.write(at=at, file=name, range=self.headers.get("Range", ""), if_range=self.headers.get("If-Range", ""), status=status)

    def data(self, version, name):
        with open(os.path.join(self.server.options.files, version, name), "rb") as f:
            return f.read()

    def do_GET(self):
        if self.headers.get("Authorization") or self.headers.get("Cookie"):
            self.server.book.write(at="leak", path=self.path)
        parts = urlsplit(self.path).path.strip("/").split("/")
        try:
            if self.server.is_far:
                self.far(parts)
            elif parts[:4] == ["api", "models", "facebook", parts[3]] and parts[4:] == ["revision", "main"]:
                self.list(parts[3][len("musicgen-"):])
            elif parts[:3] == ["api", "resolve-cache", "models"]:
                self.body(parts[4][len("musicgen-"):], parts[6])
            elif parts[0] == "facebook" and parts[2] == "resolve":
                self.file(parts[1][len("musicgen-"):], parts[3], parts[4])
            else:
                self.answer(404)
        except (FileNotFoundError, IndexError):
            self.answer(404, b"not found")
        except OSError:
            self.close_connection = True

    # ---- the hub -------------------------------------------------------------------------

    def sibling(self, version, name):
        data = self.data(version, name)
        one = {"rfilename": name, "size": len(data), "blobId": git_name(data)}
        if is_far(name):
            one["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return one

    def siblings(self, version, rule):
        names = sorted(os.listdir(os.path.join(self.server.options.files, version)))
        all_of = [self.sibling(version, name) for name in names if not (rule["do"] == "without" and name == rule["name"])]
        for one in [one for one in all_of if one["rfilename"] == rule.get("name")]:
            if rule["do"] == "hash" and "lfs" in one:
                one["lfs"]["sha256"] = "0" * 64
            elif rule["do"] == "hash":
                one["blobId"] = "0" * 40
            elif rule["do"] == "size":
                one["size"] += rule["more"]
                if "lfs" in one:
                    one["lfs"]["size"] += rule["more"]
            elif rule["do"] == "twice":
                all_of.append(one)
        if rule["do"] == "also":
            all_of.append({"rfilename": rule["name"], "size": 3, "blobId": git_name(b"abc")})
        if rule["do"] == "names":
            for name in ("../evil", "/etc/evil", ".evil", "a/../../evil", "model-00001/../../of-00002.safetensors",
                         "../model-00001-of-00001.safetensors", "model-00001-of-00001.safetensors/../evil", "x\n", "y" * 5000, "", 7):
                all_of.append({"rfilename": name, "size": 3, "blobId": git_name(b"abc")})
        return all_of

    def list(self, version):
        rule = self.server.faults.pick("list")
        do = rule["do"]
        status = rule["code"] if do == "status" else 200
        text = json.dumps({"id": "facebook/musicgen-" + version, "sha": rule.get("sha", COMMIT), "private": False,
                           "siblings": self.siblings(version, rule)}).encode()
        if do == "json":
            text = text[: len(text) // 2]
        elif do == "html":
            text = b"<html>please sign in to the network of this hotel</html>"
        elif do == "huge":
            text = text[:-1] + b', "padding": "' + b"x" * rule["bytes"] + b'"}'
        self.note("list", version, status)
        if do == "cut":
            self.answer(200, text[: len(text) // 2], len(text))
            self.hang_up()
        else:
            self.answer(status, text, Content_Type="application/json")

    def file(self, version, commit, name):
        rule = self.server.faults.pick("file", name)
        self.data(version, name)
        to = "%s/%s/%s?Signature=%s" % (self.server.far_url, version, name, SIGNATURE)
        if not is_far(name):
            to = "/api/resolve-cache/models/facebook/musicgen-%s/%s/%s" % (version, commit, name)
        if rule["do"] == "status":
            self.note("file", name, rule["code"])
            self.answer(rule["code"], b"", **({"Retry_After": str(rule["retry_after"])} if "retry_after" in rule else {}))
        elif rule["do"] == "nowhere":
            self.note("file", name, 302)
            self.answer(302)
        else:
            self.note("file", name, 302)
            to = self.path if rule["do"] == "loop" else rule["to"] if rule["do"] == "away" else to
            self.answer(302 if is_far(name) else 307, b"Found. Redirecting", Location=to)

    def body(self, version, name):
        data = self.data(version, name)
        self.note("near", name, 200)
        self.answer(200, data, ETag='"%s"' % git_name(data))

    # ---- the other host ------------------------------------------------------------------

    def far(self, parts):
        version, name = parts
        rule = self.server.faults.pick("far", name)
        do = rule["do"]
        data = self.data(version, name)
        etag = '"%s%s"' % (hashlib.sha256(data).hexdigest()[:16], "x" if do == "etag" else "")
        if dict(parse_qsl(urlsplit(self.path).query)).get("Signature") != SIGNATURE or do == "status":
            code = rule.get("code", 403)
            self.note("far", name, code)
            return self.answer(code)
        if do == "other":
            data = bytes(len(data))
        asked, begin = self.headers.get("Range", ""), 0
        if asked and do != "whole" and self.headers.get("If-Range", etag) == etag:
            begin = int(asked[len("bytes="):].rstrip("-"))
        if do == "unsatisfied" or begin >= len(data) > 0:
            self.note("far", name, 416)
            return self.answer(416, b"", Content_Range="bytes */%d" % len(data))
        headers = {"Content_Range": "bytes %d-%d/%d" % (begin, len(data) - 1, len(data))} if begin else {}
        if do == "short":
            data = data[: -rule["by"]]
        self.note("far", name, 206 if begin else 200)
        self.send(206 if begin else 200, data[begin:], dict(headers, ETag="W/" + etag if do == "weak" else etag), rule)
        return None

    def send(self, status, body, headers, rule):
        do = rule["do"]
        whole = body
        if do in ("cut", "reset"):
            body = body[: rule["keep"]]
        sent = 0
        try:
            self.answer(status, b"", len(whole), **headers)
            while sent < len(body):
                self.wfile.write(body[sent:sent + CHUNK])
                sent += len(body[sent:sent + CHUNK])
                if do == "slow" and sent >= rule.get("from", 0):
                    time.sleep(CHUNK / rule["bytes_per_s"])
        finally:
            self.server.book.write(at="sent", bytes=sent)
        if do in ("cut", "reset"):
            self.hang_up(do == "reset")


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away, or did not like the certificate, is no mistake
            super().handle_error(request, client_address)


def serve(options, book, faults, is_far):
    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(options.tls, "good.pem"), os.path.join(options.tls, "good.key"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.options, server.book, server.faults, server.is_far = options, book, faults, is_far
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, "%s://127.0.0.1:%d" % ("https" if options.tls else "http", server.server_address[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", required=True)
    parser.add_argument("--book", required=True)
    parser.add_argument("--files", required=True)
    parser.add_argument("--faults")
    parser.add_argument("--tls")
    parser.add_argument("--for", type=float, default=300, dest="seconds")
    options = parser.parse_args()
    book, faults = Book(options.book), Faults(options.faults)
    hub, hub_url = serve(options, book, faults, False)
    _, hub.far_url = serve(options, book, faults, True)
    with open(options.ready + ".new", "w", encoding="utf-8") as f:
        f.write("%s\n%s\n" % (hub_url, hub.far_url))
    os.rename(options.ready + ".new", options.ready)
    time.sleep(options.seconds)  # it is ended by a signal; else by itself
    return 0


if __name__ == "__main__":
    sys.exit(main())
