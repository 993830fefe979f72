"""Kept answers: what the server gives again from its cache, beside nginx that serves the same bytes as files."""

import os
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from load import wrk
from service import Trouble, cpu_us, environment, free_port

WORKERS = 2
SETTINGS = """
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
daemon off;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    open_file_cache max=10000 inactive=600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/files;
    }}
}}
"""


class Nginx:
    """Serves what `put` gave it. For wrk it looks like the server."""

    key = ""

    def __init__(self, folder):
        self.folder = Path(folder) / "nginx"
        (self.folder / "files").mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def put(self, name, data):
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def start(self):
        settings = self.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        settings.write_text(SETTINGS.format(workers=WORKERS, folder=self.folder, port=self.port, user=user))
        self.process = subprocess.Popen(["nginx", "-p", self.folder, "-c", settings], env=environment(),
                                        stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(0.5)
        if self.process.poll() is not None:
            raise Trouble(f"nginx does not start: {(self.folder / 'nginx.log').read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def server_cpu_us(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return sum(cpu_us(f"/proc/{pid}/stat") for pid in children.split())

    def postgres_cpu_us(self):
        return 0


@dataclass
class Kept:
    name: str
    path: str  # the server's, with a %d
    file: str  # nginx's
    count: int  # of different answers
    goal: float
    conditional: bool = False
    ours: list = field(default_factory=list)
    theirs: list = field(default_factory=list)
    tags: tuple = ("", "")  # ETags of the only answer, here and there

    @property
    def ratios(self):
        return [ours.rate / theirs.rate for ours, theirs in zip(self.ours, self.theirs)]

    def prepare(self, service, nginx):
        for n in range(1, self.count + 1):
            nginx.put(self.file % n, service.get(self.path % n))

    def know(self, service, nginx):
        if self.conditional:
            self.tags = tuple(tag_of(one.url + path % 1) for one, path in ((service, self.path), (nginx, "/" + self.file)))

    def round(self, service, nginx, seconds, first):
        def send(one, path, tag, samples):
            # All cases together are more than the cache holds: what the others have put out is made before it counts.
            arguments = [path, self.count, *([tag] if tag else [])]
            wrk(one, "get.lua", arguments, 1)
            samples.append(wrk(one, "get.lua", arguments, seconds))

        sides = [(service, self.path, self.tags[0], self.ours), (nginx, "/" + self.file, self.tags[1], self.theirs)]
        for side in sides if first else reversed(sides):
            send(*side)


def tag_of(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.headers["ETag"]


def hits(service):
    lines = service.get("/metrics").decode().splitlines()
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("onrecord_cache_hits_total "))


def kept(service, folder, rounds, seconds):
    """The cases, measured, with the cache as it is by default. What else the machine does moves these rates more than others:
    so there are more rounds, and shorter ones."""
    rounds, seconds = 2 * rounds + 1, max(1, seconds // 2)
    service.stop()
    service.start(keeps=True)
    nginx = Nginx(folder)
    cases = [
        Kept("by id, two includes", "/quotes/%d?include=speaker,article", "records/%d", 1000, 1.05),
        Kept("by id", "/quotes/%d", "plain/%d", 1000, 1.05),
        Kept("by id, not modified (304)", "/quotes/%d?include=speaker,article", "records/%d", 1, 1.1, conditional=True),
        Kept("list of 20, two includes", "/quotes?speaker_id=%d&include=speaker,article", "lists/%d", 100, 0.9),
        Kept("search", "/quotes?q=%d", "searches/%d", 100, 0.9),
    ]
    for case in cases:
        case.prepare(service, nginx)
    nginx.start()
    try:
        for case in cases:
            case.know(service, nginx)
            wrk(service, "get.lua", [case.path, case.count], 1, warms_up=True)
        before = hits(service)
        for round_ in range(rounds):
            for case in cases:
                case.round(service, nginx, seconds, round_ % 2 == 0)
        asked = sum(sample.rate * seconds for case in cases for sample in case.ours)
        if hits(service) - before < 0.95 * asked:
            raise Trouble(f"of {asked:,.0f} answers only {hits(service) - before:,} were kept ones")
    finally:
        nginx.stop()
    return cases
