"""HTTP/1.1 by hand over one connection, so that each way of being broken can be played at the byte it is about."""
import json
import math
import socket
import struct
import sys
import traceback
import urllib.parse

import service
import storage
from refusal import Refusal
from service import Reply

HEAD_MAX = 64 * 1024
BODY_MAX = 1 << 30
REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
           403: "Forbidden", 404: "Not Found", 411: "Length Required", 413: "Content Too Large", 416: "Range Not Satisfiable",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
HTML = "<!DOCTYPE html>\n<html><head><title>%d</title></head><body><h1>%d</h1><p>cloud front</p></body></html>\n"


class Gone(Exception):
    """The connection is over; is_reset: by RST."""

    def __init__(self, is_reset=False):
        super().__init__()
        self.is_reset = is_reset


class Request:
    def __init__(self, method, target, headers, at_ms):
        self.method, self.headers, self.at_ms = method, headers, at_ms
        self.path, _, self.raw_query = target.partition("?")
        pairs = urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True)
        self.query = dict(pairs)
        self.is_said_twice = len(self.query) != len(pairs)
        self.body, self.step, self.key, self.number = b"", "", "", 0
        self.effects = []

    def has(self, name):
        return any(one["do"] == name for one in self.effects)

    def effect(self, name, otherwise=None):
        return next((one for one in self.effects if one["do"] == name), otherwise or {})


def answer_of(rule):
    """The answer that a fault gives in the service's place."""
    do = rule["do"]
    status = 302 if do == "redirect" else int(do) if do.isdigit() else rule.get("status", 200)
    headers = dict(rule.get("headers", {}))
    for key, name in (("retry_after", "Retry-After"), ("retry_after_ms", "retry-after-ms"), ("location", "Location")):
        if key in rule:
            headers[name] = str(rule[key])
    if rule.get("html") or do == "html":
        return Reply(status, (HTML % (status, status)).encode(), "text/html; charset=utf-8", headers)
    body = {"reason": rule.get("reason", REASONS.get(status, "a fault")), "traceId": "trace-1"}
    if "action_limit" in rule:
        body["details"] = {"actionName": "generate", "actionLimit": rule["action_limit"]}
    if "remaining_seconds" in rule:
        body["remainingSeconds"] = rule["remaining_seconds"]
    body = rule.get("body", body)
    if isinstance(body, str):
        body = body.encode()
    return Reply(status, body, rule.get("type", "application/json"), headers)


class Connection:
    def __init__(self, server, sock, is_storage):
        self.server, self.sock, self.is_storage = server, sock, is_storage
        self.clock = server.clock
        self.buffer = b""

    # ---- reading ------------------------------------------------------------------

    def fill(self):
        try:
            data = self.sock.recv(1 << 16)
        except OSError as e:
            raise Gone() from e
        if not data:
            raise Gone()
        self.buffer += data

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_MAX:
                raise Gone()
            self.fill()
        at_ms = self.clock.mono_ms()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or words[2] != "HTTP/1.1":
            raise Gone()
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return Request(words[0], words[1], headers, at_ms)

    def read_body(self, request, stop_at=None):
        """stop_at: as many bytes, then a reset."""
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MAX or "transfer-encoding" in request.headers or "host" not in request.headers:
            self.send(Reply(400, {"reason": "Host, Content-Length (and no Transfer-Encoding) must be there"}), request, None)
            raise Gone()
        if request.headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        pieces, want = [self.buffer], int(length) if stop_at is None else min(stop_at, int(length))
        n = len(self.buffer)
        self.buffer = b""
        while n < want:
            self.fill()
            pieces.append(self.buffer)
            n += len(self.buffer)
            self.buffer = b""
        data = b"".join(pieces)
        request.body, self.buffer = data[:want], data[want:]

    # ---- answering -----------------------------------------------------------------

    def look_for_leaks(self, request):
        """Credentials where none belong: at the storage host, in a URL, in a body."""
        secret, key = self.server.options.secret, self.server.options.key
        found = []
        if self.is_storage:
            found += [name for name in ("authorization", "cookie", "proxy-authorization") if name in request.headers]
            found += ["header " + name for name, value in request.headers.items() if secret in value or key in value]
        target = urllib.parse.unquote(request.path + "?" + request.raw_query)
        if secret in target or key in target:
            found.append("URL")
        if len(request.body) < service.BODY_MAX and secret.encode() in request.body:
            found.append("body")
        for where in found:
            self.server.book.write("leak", request.at_ms, where=where, step=request.step, host="storage" if self.is_storage else "api")

    def handle(self, request):
        try:
            return (self.server.store if self.is_storage else self.server.service).handle(request)
        except Refusal as e:
            return Reply(e.status, dict(e.body, traceId="trace-%d" % self.server.book.n), headers=e.headers)

    def prompt_of(self, request):
        """For rules that name a prompt: of the body, or of the job that is asked for."""
        if not self.server.faults.wants_prompt():
            return None
        try:
            if request.step in ("submit", "dry_run"):
                return json.loads(request.body).get("prompt")
        except (ValueError, AttributeError):
            return None
        jobs = self.server.service
        job = jobs.jobs.get(request.key) or jobs.jobs.get(jobs.job_of_asset.get(request.key))
        return job["inputs"].get("prompt") if job else None

    def turn(self):
        """One request; whether the connection goes on."""
        server = self.server
        request = self.read_head()
        (storage if self.is_storage else service).find_route(request)
        rule = None
        if request.step == "part":  # before its body is read: it may be long
            request.effects, rule = server.faults.pick("part", request.key)
            if rule and rule["do"] == "reset" and rule.get("when", "before") == "before":
                self.read_body(request, rule.get("keep", 0))
                self.finish(request, None, rule)
        self.read_body(request)
        self.look_for_leaks(request)
        if request.step and request.step != "part":
            request.effects, rule = server.faults.pick(request.step, request.key, self.prompt_of(request))
        is_before = rule is not None and rule.get("when", "before") == "before"
        kind = server.kind_of(rule)
        server.clock.sleep_ms(server.options.latency_ms)
        if rule and rule["do"] == "slow" and is_before:
            server.clock.sleep_ms(rule["ms"])
        if is_before and (kind == "answer" or rule["do"] in ("reset", "down", "garbage")):
            reply = answer_of(rule) if kind == "answer" else None
        else:
            reply = self.handle(request)
            if kind == "answer":
                reply = answer_of(rule)
            elif kind == "reshape":
                reply = self.reshape(reply, rule)
        return self.finish(request, reply, rule)

    @staticmethod
    def reshape(reply, rule):
        if rule["do"] == "huge":
            return Reply(reply.status, reply.body[:-1] + b', "padding": "' + b"x" * rule.get("bytes", 20 << 20) + b'"}')
        return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers.get("Content-Type"))

    def finish(self, request, reply, rule):
        """The row of the request, then the bytes; nothing of the answer leaves before its row is there."""
        fault = {"fault": rule["do"]} if rule else {"fault": request.effects[0]["do"]} if request.effects else {}
        do = rule["do"] if rule else ""
        is_silent = reply is None or do in ("lost", "reset", "down", "garbage")
        self.server.book.write("request", request.at_ms, host="storage" if self.is_storage else "api", step=request.step, key=request.key,
                               method=request.method, path=request.path, status=0 if is_silent else reply.status, **fault)
        if do == "down":
            self.server.go_down(rule["ms"], self.sock)
        if do == "garbage":
            self.sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            raise Gone()
        if is_silent:
            raise Gone(do in ("reset", "down"))
        if do == "slow" and rule.get("when") == "after":
            self.clock.sleep_ms(rule["ms"])
        self.send(reply, request, rule)
        if do == "drop" or request.headers.get("connection", "").lower() == "close":
            raise Gone()

    def send(self, reply, request, rule):
        do = rule["do"] if rule else ""
        body = b"" if request.method == "HEAD" else reply.body
        headers = dict(reply.headers)
        if do == "chunked":
            headers["Transfer-Encoding"] = "chunked"
            body = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 4096]), body[i:i + 4096]) for i in range(0, len(body), 4096)) + b"0\r\n\r\n"
        else:
            headers["Content-Length"] = str(max(0, len(body) + (rule.get("by", 10) if do == "wrong_length" else 0)))
        head = "HTTP/1.1 %d %s\r\n" % (reply.status, REASONS.get(reply.status, "Answer"))
        head += "".join("%s: %s\r\n" % one for one in headers.items()) + "\r\n"
        try:
            self.send_body(head.encode("latin-1"), body, rule, do)
        except OSError as e:
            raise Gone() from e

    def send_body(self, head, body, rule, do):
        if do == "cut":
            self.sock.sendall(head + body[: rule.get("keep", len(body) // 2)])
            raise Gone()
        if do == "stall":
            self.sock.sendall(head + body[: len(body) // 2])
            self.clock.sleep_ms(rule["ms"])
            self.sock.sendall(body[len(body) // 2:])
        elif do == "drip":
            self.sock.sendall(head)
            step = max(1, math.ceil(len(body) / 20))
            for i in range(0, len(body), step):
                self.clock.sleep_ms(rule["ms"] / 20)
                self.sock.sendall(body[i:i + step])
        else:
            self.sock.sendall(head + body)
        if do == "wrong_length":
            raise Gone()

    # ---- one connection -------------------------------------------------------------

    def welcome(self):
        _, rule = self.server.faults.pick("connect")
        if rule is None:
            return
        self.server.book.write("connection", fault=rule["do"], host="storage" if self.is_storage else "api")
        if rule["do"] == "slow":
            self.clock.sleep_ms(rule["ms"])
            return
        if rule["do"] == "garbage":
            self.sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        if rule["do"] == "down":
            self.server.go_down(rule["ms"], self.sock)
        raise Gone(rule["do"] in ("reset", "down"))

    def run(self):
        is_reset = False
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock.settimeout(self.server.options.idle_ms / 1000)
            self.welcome()
            while True:
                self.turn()
        except Gone as e:
            is_reset = e.is_reset
        except OSError:
            pass
        except Exception:  # pylint: disable=broad-except # a mistake of the server's own must be seen, not waited for
            why = traceback.format_exc()
            self.server.book.write("bug", why=why)
            sys.stderr.write(why)
        self.close(is_reset)

    def close(self, is_reset):
        try:
            if is_reset:  # closed at once and by RST
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.sock.close()
