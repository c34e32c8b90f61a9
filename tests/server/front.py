#!/usr/bin/env python3
"""TLS and HTTP/2 before scenario.py, by nghttpx or nginx, with a CA made by certificates.sh.

    python3 front.py --ready FILE --work DIR [-- options of scenario.py]

FILE has the API's base URL, what signed URLs begin with, and the CA's file, a line each. DIR/access.log gets a line for each request:
the client's port (one for each connection), "h2" or "HTTP/2.0" or "http/1.1" or "HTTP/1.1", the method. Exit status 77 and a line
"SKIP: why" on stdout where this machine lacks a front or openssl. At TERM it ends what it started.
"""
import argparse
import ctypes
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SKIP = 77
WAIT_S = 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h

NGINX = """daemon off; pid {work}/nginx.pid; error_log {work}/front.log;
events {{ }}
http {{
	log_format told '$remote_port $server_protocol $request_method'; access_log {work}/access.log told;
	client_body_temp_path {work}/t1; proxy_temp_path {work}/t2;
	fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
	server {{
		listen 127.0.0.1:{port} ssl http2; ssl_certificate {work}/good.pem; ssl_certificate_key {work}/good.key;
		client_max_body_size 0; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $http_host;
		location /v1/ {{ proxy_pass http://127.0.0.1:{api}; }}
		location / {{ proxy_pass http://127.0.0.1:{storage}; }}
	}}
}}
"""


def find(name):
    """Servers are in sbin, which is not in everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def skip(why):
    print("SKIP: " + why, flush=True)
    sys.exit(SKIP)


def die_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def front_command(work, port, api, storage):
    if find("nghttpx"):
        return [find("nghttpx"), "--conf=/dev/null", "--frontend=127.0.0.1,%d" % port, "--backend=127.0.0.1,%d;/v1/" % api,
                "--backend=127.0.0.1,%d;/" % storage, "--workers=1", "--single-process", "--no-ocsp", "--errorlog-file=" + work + "/front.log",
                "--accesslog-file=" + work + "/access.log", "--accesslog-format=$remote_port $alpn $method",
                work + "/good.key", work + "/good.pem"]
    with open(work + "/nginx.conf", "w", encoding="ascii") as f:
        f.write(NGINX.format(work=work, port=port, api=api, storage=storage))
    return [find("nginx"), "-p", work, "-e", work + "/front.log", "-c", work + "/nginx.conf"]


def wait_for(look, child, what):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if look():
            return
        if child.poll() is not None:
            sys.exit("front.py: %s ended with %d" % (what, child.returncode))
        time.sleep(0.02)
    sys.exit("front.py: %s did not begin to answer in %d s" % (what, WAIT_S))


def answers(port, ca):
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as s:
            with ssl.create_default_context(cafile=ca).wrap_socket(s, server_hostname="localhost"):
                return True
    except OSError:
        return False


def main():
    p = argparse.ArgumentParser(description="TLS and HTTP/2 before scenario.py.")
    p.add_argument("--ready", required=True)
    p.add_argument("--work", required=True, help="a folder for keys, certificates, logs")
    p.add_argument("--storage-host", default="localhost", help="the name in signed URLs: one that the certificate has")
    p.add_argument("rest", nargs="*", help="options of scenario.py, after --")
    options = p.parse_args()
    if not find("nghttpx") and not find("nginx"):
        skip("neither nghttpx (package nghttp2-proxy) nor nginx is here")
    if not find("openssl"):
        skip("openssl is not here")
    work = os.path.abspath(options.work)
    subprocess.run(["sh", HERE + "/certificates.sh", work], check=True, stdout=subprocess.DEVNULL)
    # The port is held, not listened at: with SO_REUSEADDR on both sides the front can take it, nobody else gets it.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    children = []

    def end(*_):
        for child in children:
            child.terminate()
        for child in children:
            child.wait()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    inner = work + "/inner"
    if os.path.exists(inner):
        os.unlink(inner)
    storage_url = "https://%s:%d" % (options.storage_host, port)
    server = subprocess.Popen([sys.executable, HERE + "/scenario.py", "--ready", inner, "--storage-url", storage_url, *options.rest],
                              preexec_fn=die_with_us)
    children.append(server)
    wait_for(lambda: os.path.exists(inner), server, "the server")
    with open(inner, encoding="ascii") as f:
        lines = f.read().split("\n")
    api = int(lines[0].split(":")[2].split("/")[0])
    front = subprocess.Popen(front_command(work, port, api, int(lines[2])), preexec_fn=die_with_us)
    children.append(front)
    wait_for(lambda: answers(port, work + "/ca.pem"), front, "the front")
    with open(options.ready + ".part", "w", encoding="ascii") as f:
        f.write("https://127.0.0.1:%d/v1\n%s\n%s/ca.pem\n" % (port, storage_url, work))
    os.replace(options.ready + ".part", options.ready)
    while all(child.poll() is None for child in children):
        time.sleep(0.1)
    end()


if __name__ == "__main__":
    main()
