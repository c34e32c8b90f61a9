"""The other host: signed URLs, to which parts of uploads are put and from which assets are got. No credentials belong here."""
import base64
import hashlib
import hmac
import json
import re
import urllib.parse

from refusal import Refusal
from service import Reply

ENDINGS = {"audio/wav": "wav", "audio/flac": "flac", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/m4a": "m4a"}


def xml(status, code, message):
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>' % (code, message)
    return Reply(status, text.encode(), "application/xml")


def find_route(request):
    part = re.fullmatch(r"/parts/([^/]+)/(\d+)", request.path)
    request.step = "part" if part and request.method == "PUT" else "download" if request.method == "GET" else ""
    found = re.fullmatch(r"/assets/([^/]+)/[^/]+", request.path)
    request.key = part.group(1) if part else found.group(1) if found else ""
    request.number = int(part.group(2)) if part else 0
    if not request.key:
        request.step = ""


class Store:
    def __init__(self, options, clock, the_book, state):
        self.options, self.clock, self.book, self.state = options, clock, the_book, state
        self.base = options.storage_url
        self.service = None
        self.gone = set()
        self.signing = hashlib.sha256(("signing " + options.secret).encode()).digest()

    def sign(self, path, end_ms):
        return hmac.new(self.signing, ("%s %d" % (path, end_ms)).encode(), hashlib.sha256).hexdigest()

    def end_ms(self, is_expired):
        return int(self.clock.mono_ms() + (-1000 if is_expired else self.options.url_ms / self.clock.rate))

    def part_url(self, upload, number, is_expired):
        path, end = "/parts/%s/%d" % (upload, number), self.end_ms(is_expired)
        return "%s%s?X-Amz-Expires=%d&X-Amz-Signature=%s" % (self.base, path, end, self.sign(path, end))

    def asset_url(self, asset, mime, is_expired):
        path, end = "/assets/%s/sound.%s" % (asset, ENDINGS[mime]), self.end_ms(is_expired)
        policy = base64.urlsafe_b64encode(json.dumps({"end": end}).encode()).decode().rstrip("=")
        # ~ is a character of such signatures that clients like to encode: it must come back as it went.
        return "%s%s?Policy=%s&Signature=%s~&Key-Pair-Id=KTESTPAIR" % (self.base, path, policy, self.sign(path, end))

    def is_signed(self, request):
        """None: yes; else the answer to give."""
        query = urllib.parse.parse_qs(request.raw_query, keep_blank_values=True)
        try:
            if request.step == "part":
                end, signature, names = int(query["X-Amz-Expires"][0]), query["X-Amz-Signature"][0], 2
            else:
                end = json.loads(base64.urlsafe_b64decode(query["Policy"][0] + "=="))["end"]
                signature, names = query["Signature"][0], 3
                if signature[-1:] != "~" or "~" not in request.raw_query or query["Key-Pair-Id"] != ["KTESTPAIR"]:
                    raise KeyError("Signature")
                signature = signature[:-1]
        except (KeyError, ValueError, TypeError):
            return xml(403, "AccessDenied", "Access Denied")
        if len(query) != names or not hmac.compare_digest(signature, self.sign(request.path, end)):
            return xml(403, "AccessDenied", "Access Denied")
        if self.clock.mono_ms() >= end or request.has("expired"):
            return xml(403, "AccessDenied", "Request has expired")
        return None

    def handle(self, request):
        if "authorization" in request.headers:
            return xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        refused = self.is_signed(request)  # another path too: no signature is of it
        if refused:
            return refused
        return self.put_part(request) if request.step == "part" else self.get_asset(request)

    def put_part(self, request):
        upload = self.service.uploads.get(request.key)
        if upload is None or upload["mono_ms"] is not None or request.number > upload["asked"]["parts"]:
            return xml(404, "NoSuchUpload", "The specified upload does not exist")
        if request.headers.get("content-type", upload["asked"]["contentType"]) != upload["asked"]["contentType"]:
            return xml(403, "SignatureDoesNotMatch", "Content-Type is not the one that was signed")
        if "content-length" not in request.headers:
            return xml(411, "MissingContentLength", "You must provide the Content-Length HTTP header")
        self.state.put_blob("%s.%d" % (request.key, request.number), request.body)
        self.book.write("part", upload=request.key, number=request.number, bytes=len(request.body),
                        sha256=hashlib.sha256(request.body).hexdigest())
        return Reply(200, b"", None, {"ETag": '"%s"' % hashlib.md5(request.body).hexdigest()})

    def get_asset(self, request):
        found = None if request.key in self.gone else self.service.find_asset(request.key)
        if found is None:
            return xml(404, "NoSuchKey", "The specified key does not exist")
        data, mime = found
        if request.has("wrong_bytes"):
            data = request.effect("wrong_bytes")["text"].encode() if "text" in request.effect("wrong_bytes") else b"\0not a sound\n" * 100
        if request.has("empty"):
            data = b""
        if request.has("larger"):
            data += b"\0" * request.effect("larger").get("bytes", 1 << 20)
        etag = '"%s"' % hashlib.sha256(data).hexdigest()[:32]
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        mime = "application/octet-stream" if request.has("octets") else mime
        first, last, status = self.range_of(request, len(data), etag)
        if status == 416:
            return Reply(416, b"", None, {"Content-Range": "bytes */%d" % len(data)})
        if status == 206:
            headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, len(data))
        self.book.write("download", request.at_ms, asset=request.key, status=status, first=first, bytes=last + 1 - first, whole=len(data))
        return Reply(status, data[first:last + 1], mime, headers)

    def range_of(self, request, size, etag):
        """(first, last, status); what is no range that we know is ignored, as the standard wants."""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if not found or request.has("no_range") or request.headers.get("if-range", etag) != etag:
            return 0, size - 1, 200
        first = int(found.group(1))
        last = min(int(found.group(2) or size - 1), size - 1)
        return first, last, 206 if first <= last else 416
