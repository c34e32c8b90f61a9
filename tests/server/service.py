"""The API itself: who may ask, what is accepted, how jobs and uploads go on. No sockets here."""
import base64
import collections
import hashlib
import json
import math
import re
import secrets
import threading
import urllib.parse

import book
import musicgen
import sounds
from refusal import Refusal

PART_MIN = 5 * 1024 * 1024   # the stores' own limit is 5 MiB; the API's pages say "5 MB"
PARTS_MAX = 10000
UPLOAD_MAX = 5 * 10 ** 12
NEVER_MS = 10 ** 12
BODY_MAX = 10 * 10 ** 6      # of JSON: the gateway's limit as it was observed
PAGE_DEFAULT, PAGE_MAX, MODELS_MAX = 50, 200, 500
AUDIO = {"audio/mpeg": (".mp3",), "audio/mp3": (".mp3",), "audio/wav": (".wav",), "audio/ogg": (".ogg",), "audio/m4a": (".m4a",)}
STATUSES = ["pending", "queued", "warming-up", "in-progress", "finalizing", "success", "failure", "canceled"]
ENDS = ["success", "failure", "canceled"]
STAGES = [(0.03, "pending"), (0.10, "queued"), (0.20, "warming-up"), (0.90, "in-progress"), (1.00, "finalizing")]

ROUTES = [
    ("POST", r"/v1/generate/custom/([^/]+)", "submit", ["projectId", "dryRun"]),
    ("GET", r"/v1/jobs/([^/]+)", "poll", ["projectId"]),
    ("GET", r"/v1/jobs", "list", ["projectId", "pageSize", "paginationToken", "status", "type", "types", "hideResults"]),
    ("POST", r"/v1/jobs/([^/]+)/action", "cancel", ["projectId"]),
    ("POST", r"/v1/uploads", "upload", ["projectId"]),
    ("POST", r"/v1/uploads/([^/]+)/action", "complete", ["projectId"]),
    ("GET", r"/v1/uploads/([^/]+)", "upload_poll", ["projectId"]),
    ("GET", r"/v1/assets/([^/]+)", "asset", ["projectId"]),
    ("GET", r"/v1/models/([^/]+)", "model", ["projectId"]),
    ("GET", r"/v1/models", "model", ["projectId", "privacy", "pageSize", "paginationToken", "status"]),
]


class Reply:
    def __init__(self, status, body=b"", content_type="application/json", headers=None):
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"Content-Type": content_type} if content_type else {}
        self.headers.update(headers or {})


def find_route(request):
    """Names the request's step and what its path names; step "" where there is none."""
    for method, pattern, step, queries in ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and method == request.method:
            request.key = urllib.parse.unquote(found.group(1)) if found.groups() else ""
            request.queries_known = queries
            request.step = "dry_run" if step == "submit" and request.query.get("dryRun") == "true" else step
            return
    request.step = ""


def refuse_constant(word):
    raise ValueError("%s is no JSON" % word)


def json_object(request):
    """The body as an object; a key twice is a mistake of the client."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refusal(400, "Content-Type must be application/json")
    if len(request.body) > BODY_MAX:
        raise Refusal(413, "the body is too large")

    def pairs(items):
        thing = dict(items)
        if len(thing) != len(items):
            raise ValueError("a name is there twice")
        return thing

    try:
        thing = json.loads(request.body.decode("utf-8"), object_pairs_hook=pairs, parse_constant=refuse_constant)
    except ValueError as e:
        raise Refusal(400, "the body is no JSON: %s" % e) from e
    if not isinstance(thing, dict):
        raise Refusal(400, "the body must be an object")
    return thing


def want_fields(thing, fields):
    """Exactly these fields, of these types."""
    for name in thing:
        if name not in fields:
            raise Refusal(400, 'unknown field "%s"' % name)
    for name, kind in fields.items():
        if name not in thing:
            raise Refusal(400, "%s is missing" % name)
        if not isinstance(thing[name], kind) or isinstance(thing[name], bool):
            raise Refusal(400, "%s must be a %s" % (name, "string" if kind is str else "whole number"))


class Service:
    def __init__(self, options, clock, the_book, state, store):
        self.options, self.clock, self.book, self.state, self.store = options, clock, the_book, state, store
        self.lock = threading.RLock()
        self.jobs, self.uploads, self.assets, self.job_of_asset = {}, {}, {}, {}
        self.order, self.live = [], set()
        self.asked_ms = collections.deque()
        self.spent = 0.0
        self.results = collections.OrderedDict()
        self.basic = base64.b64encode(("%s:%s" % (options.key, options.secret)).encode()).decode()
        tables = {"job": self.add_job, "upload": self.add_upload, "asset": self.add_asset}
        for table, thing in state.load():
            tables[table](thing)
        store.service = self

    # ---- what there is -------------------------------------------------------------

    def add_job(self, job):
        if job["id"] not in self.jobs:
            self.order.append(job["id"])
            self.spent += job["price"] if job["is_mine"] else 0
        self.jobs[job["id"]] = job
        self.job_of_asset[job["asset"]] = job["id"]
        if job["is_mine"] and job["type"] == "custom":
            self.live.add(job["id"])

    def add_upload(self, upload):
        self.uploads[upload["id"]] = upload

    def add_asset(self, asset):
        self.assets[asset["id"]] = asset

    def save(self, table, thing):
        {"job": self.add_job, "upload": self.add_upload, "asset": self.add_asset}[table](thing)
        self.state.put(table, thing)

    # ---- who asks -------------------------------------------------------------------

    def check_caller(self, request):
        words = request.headers.get("authorization", "").split(" ")
        if len(words) != 2 or words[0] != "Basic" or words[1] != self.basic:
            raise Refusal(401, "Unauthorized: the key or the secret is not right")
        project = request.query.get("projectId")
        if project is None and self.options.need_project:
            raise Refusal(403, "this key needs a projectId")
        if project is not None and project != self.options.project:
            raise Refusal(403, "projectId %s is not one of this key's" % project[:64])

    def check_rate(self, request):
        limit = self.options.rate_limit
        if not limit:
            return
        minute_ms = 60000.0 / self.clock.rate
        while self.asked_ms and self.asked_ms[0] <= request.at_ms - minute_ms:
            self.asked_ms.popleft()
        if len(self.asked_ms) >= limit:
            wait_s = math.ceil((self.asked_ms[0] + minute_ms - request.at_ms) * self.clock.rate / 1000)
            self.book.write("limited", request.at_ms, step=request.step, in_window=len(self.asked_ms))
            raise Refusal(429, "Too many requests", {"Retry-After": str(max(1, wait_s))})
        self.asked_ms.append(request.at_ms)

    def handle(self, request):
        with self.lock:
            self.check_caller(request)
            self.check_rate(request)
        if not request.step:
            raise Refusal(404, "there is no %s %s" % (request.method, request.path[:100]))
        if request.is_said_twice:
            raise Refusal(400, "a query parameter is there twice")
        for name in request.query:
            if name not in request.queries_known:
                raise Refusal(400, 'unknown query parameter "%s"' % name)
        if request.method == "GET" and request.body:
            raise Refusal(400, "a GET has no body")
        if request.step == "asset":  # makes a sound: not under the lock
            return self.asset(request)
        with self.lock:
            return getattr(self, request.step)(request)

    # ---- generation -------------------------------------------------------------------

    def checked_inputs(self, request):
        if request.key != musicgen.MODEL:
            raise Refusal(404, "model %s was not found" % request.key[:64])
        if request.query.get("dryRun", "true") not in ("true", "false"):
            raise Refusal(400, "dryRun must be true or false")
        inputs = json_object(request)
        in_body = inputs.pop("dryRun", None)  # as in reality: in the body it has no effect
        musicgen.check(inputs, lambda asset: asset in self.assets and self.assets[asset]["kind"] == "audio")
        price = self.options.price if self.options.price is not None else musicgen.price(inputs)
        return inputs, request.effect("price", {"price": price})["price"], in_body

    def dry_run(self, request):
        inputs, price, _ = self.checked_inputs(request)
        self.book.write("dry_run", price=price, inputs=inputs)
        if self.options.dry_run_status == 402:
            return Reply(402, {"reason": "dry run", "estimatedCost": price})
        return Reply(self.options.dry_run_status, {"creativeUnitsCost": price, "creativeUnitsDiscount": 0, "job": {},
                                                   "costDetails": {"base": price}})

    def check_ceilings(self, price):
        if self.options.credits is not None and self.spent + price > self.options.credits:
            raise Refusal(402, "not enough creative units: %g left" % (self.options.credits - self.spent), requiredPlan="cu-pro")
        if self.options.jobs_limit:
            self.live = {one for one in self.live if self.status_of(self.jobs[one])[0] not in ENDS}
            if len(self.live) >= self.options.jobs_limit:
                raise Refusal(429, "Too many concurrent generations", details={"actionName": "generate",
                                                                              "actionLimit": self.options.jobs_limit})

    def new_job(self, kind, inputs, price, is_mine, **more):
        low, high = self.options.job_ms
        ident = "job_" + secrets.token_hex(12)
        spread = int(hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        job = {"id": ident, "type": kind, "inputs": inputs, "price": price, "is_mine": is_mine, "asset": "asset_" + secrets.token_hex(12),
               "ms": low + (high - low) * spread, "mono_ms": self.clock.mono_ms(), "wall_ms": self.clock.wall_ms(), "effects": {}}
        job.update(more)
        return job

    def submit(self, request):
        inputs, price, in_body = self.checked_inputs(request)
        self.check_ceilings(price)
        job = self.new_job("custom", inputs, price, True, effects={one["do"]: one for one in request.effects})
        if "job_ms" in job["effects"]:
            job["ms"] = job["effects"]["job_ms"]["ms"]
        if "inputAudio" in inputs:
            job["input_sha256"] = self.assets[inputs["inputAudio"]]["sha256"]
        self.save("job", job)
        if "twin" in job["effects"]:
            self.save("job", self.new_job("custom", inputs, price, False, input_sha256=job.get("input_sha256", "")))
        row = {"dry_run_in_body": in_body} if in_body is not None else {}
        self.book.write("submission", request.at_ms, job=job["id"], model=request.key, price=price, inputs=inputs,
                        input_sha256=job.get("input_sha256", ""), asset=job["asset"], **row)
        answer = {"job": self.view(job), "creativeUnitsCost": price}
        if "no_price" in job["effects"]:
            del answer["creativeUnitsCost"]
        return Reply(200, answer)

    # ---- jobs -----------------------------------------------------------------------------

    def status_of(self, job):
        """(status, progress 0..1)"""
        if job.get("is_canceled"):
            return "canceled", 0
        effects = job["effects"]
        done = self.clock.elapsed_ms(job["mono_ms"]) / max(job["ms"], 0.001)
        if "stuck" in effects and done >= 0.5:
            return effects["stuck"].get("at", "in-progress"), 0.5
        if done >= 1:
            return "failure" if "failed" in effects else "canceled" if "canceled" in effects else "success", 1
        for end, word in STAGES:
            if done < end:
                progress = min(1, max(0, (done - 0.2) / 0.7))
                if "word" in effects and word == effects["word"].get("at", "in-progress"):
                    word = effects["word"]["word"]
                return word, round(progress, 3)
        raise AssertionError("no stage")

    def view(self, job, is_brief=False):
        status, progress = self.status_of(job)
        if status == "success" and "word" in job["effects"] and job["effects"]["word"].get("at") == "success":
            status = job["effects"]["word"]["word"]
        is_success = self.status_of(job)[0] == "success"
        meta = {"input": dict(musicgen.with_defaults(job["inputs"])) if job["type"] == "custom" else job["inputs"]}
        if job["type"] == "custom":
            meta["modelId"] = musicgen.MODEL
        if is_success and job["type"] == "upload":
            meta["output"] = {"entityId": job["asset"]}
        elif is_success and "no_asset" not in job["effects"] and not is_brief:
            meta["assetIds"] = [job["asset"]]
        seen = {"jobId": job["id"], "jobType": job["type"], "status": status,
                "progress": progress * (100 if self.options.percent else 1), "createdAt": book.iso(job["wall_ms"]),
                "updatedAt": book.iso(self.clock.wall_ms()), "authorId": "user_a", "ownerId": self.options.project, "metadata": meta}
        if status == "failure":
            seen["error"] = job["effects"]["failed"].get("error", "The model failed: out of memory")
        return seen

    def my_job(self, request):
        job = self.jobs.get(request.key)
        if job is None or "gone" in job["effects"]:
            raise Refusal(404, "job %s was not found" % request.key[:64])
        return job

    def poll(self, request):
        return Reply(200, {"job": self.view(self.my_job(request))})

    def list(self, request):
        size = request.query.get("pageSize", str(PAGE_DEFAULT))
        if not size.isdigit() or not 1 <= int(size) <= PAGE_MAX:
            raise Refusal(400, "pageSize must be 1 to %d" % PAGE_MAX)
        before = len(self.order)
        if "paginationToken" in request.query:
            token = re.fullmatch(r"page\.(\d{1,9})\.end==", request.query["paginationToken"])
            if not token:
                raise Refusal(400, "paginationToken is none of ours")
            before = min(before, int(token.group(1)))
        wanted = {name: request.query[name].split(",") for name in ("status", "type", "types") if name in request.query}
        for word in wanted.get("status", []):
            if word not in STATUSES:
                raise Refusal(400, "status must be one of %s" % ", ".join(STATUSES))
        is_brief = request.query.get("hideResults") == "true"
        seen = []
        while before > 0 and len(seen) < int(size):
            before -= 1
            job = self.jobs[self.order[before]]
            hidden = job["effects"].get("hidden")
            if "gone" in job["effects"] or (hidden and self.clock.elapsed_ms(job["mono_ms"]) < hidden["ms"]):
                continue
            view = self.view(job, is_brief)
            types = wanted.get("type", []) + wanted.get("types", [])
            if view["status"] in wanted.get("status", [view["status"]]) and (not types or view["jobType"] in types):
                seen.append(view)
        answer = {"jobs": seen}
        if before > 0:
            answer["nextPaginationToken"] = "page.%d.end==" % before
        return Reply(200, answer)

    def cancel(self, request):
        thing = json_object(request)
        want_fields(thing, {"action": str})
        job = self.my_job(request)
        if thing["action"] != "cancel":
            raise Refusal(400, "action must be cancel")
        status = self.status_of(job)[0]
        may = {"all": status not in ENDS, "queued": status in ("pending", "queued", "warming-up"), "none": False}
        if job["type"] != "custom" or not may[self.options.cancel]:
            raise Refusal(400, "Cannot cancel this type of job")
        self.book.write("cancel", job=job["id"], price=job["price"])
        answer = {"job": self.view(job)}  # as in reality: the answer may still say the old status
        self.save("job", dict(job, is_canceled=True))
        return Reply(200, answer)

    # ---- uploads ------------------------------------------------------------------------------

    def upload(self, request):
        thing = json_object(request)
        want_fields(thing, {"fileName": str, "contentType": str, "kind": str, "parts": int, "fileSize": int})
        if thing["kind"] != "audio":
            raise Refusal(400, "kind must be audio for a sound")
        if thing["contentType"] not in AUDIO:
            raise Refusal(400, "contentType must be one of %s" % ", ".join(AUDIO))
        if not thing["fileName"].lower().endswith(AUDIO[thing["contentType"]]) or "/" in thing["fileName"]:
            raise Refusal(400, "fileName must be a name that ends in %s" % " or ".join(AUDIO[thing["contentType"]]))
        if not 1 <= thing["fileSize"] <= UPLOAD_MAX:
            raise Refusal(400, "fileSize must be 1 to %d" % UPLOAD_MAX)
        if not 1 <= thing["parts"] <= PARTS_MAX:
            raise Refusal(400, "parts must be 1 to %d" % PARTS_MAX)
        if thing["parts"] > 1 and -(-thing["fileSize"] // thing["parts"]) < PART_MIN:
            raise Refusal(400, "parts: %d of %d bytes are under 5 MB each" % (thing["parts"], thing["fileSize"]))
        job = self.new_job("upload", {}, 0, False, ms=NEVER_MS)
        ident = "upload_" + secrets.token_hex(12)
        upload = {"id": ident, "job": job["id"], "asset": job["asset"], "asked": thing, "mono_ms": None, "error": "", "got": {}}
        self.save("job", job)
        self.save("upload", upload)
        view = self.upload_view(upload)
        is_expired = request.has("expired")
        view["parts"] = [{"number": n, "url": request.effect("url", {"url": self.store.part_url(ident, n, is_expired)})["url"],
                          "expires": book.iso(self.clock.wall_ms() + int(self.options.url_ms / self.clock.rate))}
                         for n in range(1, thing["parts"] + 1)]
        return Reply(200, {"upload": view})

    def upload_status(self, upload):
        if upload["mono_ms"] is None:
            return "pending"
        done = self.clock.elapsed_ms(upload["mono_ms"]) / max(self.options.upload_ms, 0.001)
        return "validating" if done < 0.5 else "failed" if upload["error"] else "validated" if done < 1 else "imported"

    def upload_view(self, upload):
        status = self.upload_status(upload)
        asked = upload["asked"]
        view = {"id": upload["id"], "status": status, "jobId": upload["job"], "source": "multipart", "kind": asked["kind"],
                "originalFileName": asked["fileName"], "contentType": asked["contentType"], "fileSize": asked["fileSize"],
                "partsCount": asked["parts"], "entityId": upload["asset"] if status == "imported" else None}
        if status == "failed":
            view["errorMessage"] = upload["error"]
        return view

    def my_upload(self, request):
        if request.key not in self.uploads:
            raise Refusal(404, "upload %s was not found" % request.key[:64])
        return self.uploads[request.key]

    def upload_poll(self, request):
        return Reply(200, {"upload": self.upload_view(self.my_upload(request))})

    def complete(self, request):
        thing = json_object(request)
        want_fields(thing, {"action": str})
        upload = self.my_upload(request)
        if thing["action"] != "complete":
            raise Refusal(400, "action must be complete")
        if upload["mono_ms"] is not None:
            raise Refusal(400, "this upload is complete already")
        asked = upload["asked"]
        data = []
        for n in range(1, asked["parts"] + 1):
            part = self.state.blob("%s.%d" % (upload["id"], n))
            if part is None:
                raise Refusal(400, "parts: number %d is not there" % n)
            if n < asked["parts"] and len(part) < PART_MIN:
                raise Refusal(400, "parts: number %d has %d bytes: only the last may be under 5 MB" % (n, len(part)))
            data.append(part)
        data = b"".join(data)
        if len(data) != asked["fileSize"]:
            raise Refusal(400, "fileSize said %d, the parts have %d bytes" % (asked["fileSize"], len(data)))
        sha256 = hashlib.sha256(data).hexdigest()
        wanted = "audio/mpeg" if asked["contentType"] == "audio/mp3" else asked["contentType"]
        error = "" if sounds.sniff(data) == wanted else "the file is no %s" % wanted
        if request.has("failed"):
            error = str(request.effect("failed").get("error") or "the file could not be read")
        self.book.write("upload", upload=upload["id"], asset=upload["asset"], sha256=sha256, bytes=len(data), parts=asked["parts"],
                        name=asked["fileName"], type=asked["contentType"], error=error)
        self.save("upload", dict(upload, mono_ms=self.clock.mono_ms(), error=error))
        self.save("job", dict(self.jobs[upload["job"]], mono_ms=self.clock.mono_ms(), ms=self.options.upload_ms,
                              effects={"failed": {"error": error}} if error else {}))
        if not error:
            self.state.put_blob(upload["asset"], data)
            self.save("asset", {"id": upload["asset"], "kind": "audio", "mime": wanted, "sha256": sha256, "upload": upload["id"]})
        return Reply(200, {"upload": self.upload_view(self.uploads[upload["id"]])})

    # ---- assets, models --------------------------------------------------------------------------

    def find_asset(self, ident):
        """(bytes, MIME type) of an asset, made anew each time; None: there is none."""
        with self.lock:
            asset = self.assets.get(ident)
            job = None if asset else self.jobs.get(self.job_of_asset.get(ident))
            if asset is None and (job is None or job["type"] != "custom" or self.status_of(job)[0] != "success"):
                return None
            if ident in self.results:
                return self.results[ident]
        if asset is not None:
            made = (self.state.blob(ident), asset["mime"])
        else:
            made = self.make_result(job)
        with self.lock:
            if ident not in self.results and job is not None:
                self.book.write("result", job=job["id"], asset=ident, sha256=hashlib.sha256(made[0]).hexdigest(), bytes=len(made[0]),
                                type=made[1])
            self.results[ident] = made
            while len(self.results) > 16:
                self.results.popitem(last=False)
        return made

    def make_result(self, job):
        if "bad_result" in job["effects"]:
            return job["effects"]["bad_result"].get("text", "this is no sound\n").encode(), "audio/wav"
        wav = sounds.make_wav(job["inputs"], job.get("input_sha256", ""))
        other = sounds.encode(wav, self.options.format) if self.options.format != "wav" else None
        return (other, sounds.MIME[self.options.format]) if other else (wav, "audio/wav")

    def asset(self, request):
        found = None if request.key in self.store.gone else self.find_asset(request.key)
        if request.has("gone"):
            self.store.gone.add(request.key)
            found = None
        if found is None:
            raise Refusal(404, "asset %s was not found" % request.key[:64])
        data, mime = found
        size = request.effect("size", {"bytes": len(data)})["bytes"]
        url = request.effect("url", {"url": self.store.asset_url(request.key, mime, request.has("expired"))})["url"]
        now = book.iso(self.clock.wall_ms())
        return Reply(200, {"asset": {
            "id": request.key, "url": url, "mimeType": mime, "kind": "audio", "source": "generation", "status": "success", "privacy": "private",
            "ownerId": self.options.project, "authorId": "user_a", "createdAt": now, "updatedAt": now, "tags": [], "collectionIds": [],
            "metadata": {"type": "custom", "kind": "audio", "name": "sound", "size": size}, "properties": {"size": size}}})

    def model(self, request):
        if not request.key:
            size = request.query.get("pageSize", str(PAGE_DEFAULT))
            if not size.isdigit() or not 1 <= int(size) <= MODELS_MAX:
                raise Refusal(400, "pageSize must be 1 to %d" % MODELS_MAX)
            return Reply(200, {"models": [musicgen.record()]})
        if request.key != musicgen.MODEL:
            raise Refusal(404, "model %s was not found" % request.key[:64])
        return Reply(200, {"model": musicgen.record()})
