"""What is measured: the server with its own PostgreSQL, started as a user starts it, on the data set of data.sql."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BINARY = TOP / "build/onrecord"
LOG_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] ([A-Z]+):  ", re.M)
EXECUTE = re.compile(r"execute [^:]+: (.*)", re.S)
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")


class Trouble(Exception):
    """Something that makes the measurement worthless."""

WRITTEN_MAX = 0.01  # of the quotes, by earlier runs in the same folder: they are the newest, and all in a few words


def postgres_program(name):
    """Of the newest PostgreSQL, as the server chooses it."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which(name)
    if program is None:
        raise Trouble(f"there is no {name}: tools/install run bench")
    return str(program)


def environment(**more):
    """Ours, without what would set the server or libpq otherwise."""
    dropped = ("ONRECORD_", "PG", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {name: str(value) for name, value in more.items()}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_us(stat, children=False):
    """User and system time of a process in us, from /proc; 0 when it is gone."""
    try:
        fields = Path(stat).read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(map(int, fields[11 : 15 if children else 13])) * 1_000_000 // os.sysconf("SC_CLK_TCK")


class Service:
    def __init__(self, folder=None):
        """`folder` is kept and used again; without one, a temporary folder is removed at the end."""
        self.keeps = folder is not None
        self.folder = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="onrecord-bench-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
        self.process = None
        self.start()

    def start(self, keeps=False, **settings):
        """Answers how long it took until a record could be read, in seconds. `keeps`: with the cache, as it is by default;
        without it every answer is made anew, which is what is compared with PostgreSQL's own rate. `settings` more."""
        self.port = free_port()
        began = time.monotonic()
        env = environment(ONRECORD_DATA_DIR=self.folder, ONRECORD_LISTEN=f"127.0.0.1:{self.port}", ONRECORD_SEED=0)
        if not keeps:
            env["ONRECORD_CACHE_MB"] = "0"
        env |= settings
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve"], env=env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() - began > 60:
                raise Trouble(f"the server does not start: {(self.folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.005)
        took = time.monotonic() - began
        lines = (self.folder / "postgres/postmaster.pid").read_text(encoding="utf-8").split("\n")
        self.postmaster, self.socket = int(lines[0]), lines[4]
        self.key = (self.folder / "api-key").read_text(encoding="ascii").strip()
        return took

    def ready(self):
        """Of each of its threads: connections are dealt out in turn."""
        with contextlib.suppress(OSError):
            return all(self.get("/readyz") for _ in range(8)) and self.get("/quotes?limit=1")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def remove(self):
        self.stop()
        if not self.keeps:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read()

    def post(self, path, value):
        request = urllib.request.Request(self.url + path, json.dumps(value).encode(), {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def connection(self):
        return ["-h", self.socket, "-p", "5432", "-U", "onrecord", "onrecord"]

    def psql(self, *arguments):
        done = subprocess.run([postgres_program("psql"), "-X", "-q", "-A", "-t", *arguments, *self.connection()],
                              env=environment(), capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode != 0:
            raise Trouble(f"psql: {done.stderr}")
        return done.stdout.strip()

    def load(self, sizes):
        """Fills the database, unless it is filled already. What earlier runs have written makes others slower in time: when
        there is much of it, or when the folder holds other data or a part, it is filled anew."""
        counts = ", ".join(f"(SELECT count(*) FROM onrecord.{table})" for table in ("sources", "articles", "quotes"))
        sources, articles, quotes = map(int, self.psql("-F", " ", "-c", f"SELECT {counts}").split())
        if articles == sizes["articles"] and 10 * articles <= quotes <= 10 * articles * (1 + WRITTEN_MAX):
            return
        if sources != 0:
            self.stop()
            shutil.rmtree(self.folder / "postgres")
            self.start()
        body = (TOP / "schema/article.txt").read_text(encoding="utf-8").split("\n", 2)[2].rstrip("\n")
        variables = [f"--set={name}={value}" for name, value in (sizes | {"body": body}).items()]
        self.psql(*variables, "-f", str(Path(__file__).with_name("data.sql")))

    # --- what it costs ---

    def warm(self):
        """Reads all data files, so that the kernel has them: what a machine with little else to do has taken from its cache
        meanwhile would be read by whoever is measured first."""
        for path in (self.folder / "postgres/base").glob("*/*"):
            with contextlib.suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass

    def server_cpu_us(self):
        return cpu_us(f"/proc/{self.process.pid}/stat")

    def postgres_cpu_us(self):
        """Of all PostgreSQL's processes, those that have ended included."""
        with open(f"/proc/{self.postmaster}/task/{self.postmaster}/children", encoding="ascii") as file:
            living = sum(cpu_us(f"/proc/{pid}/stat") for pid in file.read().split())
        return living + cpu_us(f"/proc/{self.postmaster}/stat", children=True)

    def rss_mb(self):
        """The most that it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    # --- what it asks PostgreSQL ---

    def statements(self, call):
        """The statements on records that a call makes: [(SQL, [parameter or None])], as PostgreSQL logs them."""
        self._answered()
        self._log_statements("all")
        log = self.folder / "postgres.log"
        try:
            time.sleep(0.5)
            start = log.stat().st_size
            call()
            found = self._silent_since(log, start)
            if not found:  # the setting had not reached that session yet
                call()
                found = self._silent_since(log, start)
        finally:
            self._log_statements("none")
        if not found:
            raise Trouble("PostgreSQL does not log the server's statements")
        return found

    def _answered(self):
        """Waits until what clients asked who have gone has been answered: slow searches go on for seconds."""
        busy = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND datname IS NOT NULL AND pid <> pg_backend_pid()"
        quiet, deadline = 0, time.monotonic() + 120
        while quiet < 3:
            if time.monotonic() > deadline:
                raise Trouble("PostgreSQL is still busy with what was asked before")
            quiet = quiet + 1 if int(self.psql("-c", busy)) == 0 else 0
            time.sleep(0.2)

    @staticmethod
    def _silent_since(log, start):
        """The statements on records logged from `start` on, when for half a second no more have come. Others come all the time."""
        found, seen = [], None
        deadline = time.monotonic() + 30
        while found != seen and time.monotonic() < deadline:
            seen = found
            time.sleep(0.5)
            with open(log, "rb") as file:
                file.seek(start)
                found = statements_in(file.read().decode())
        return found

    def _log_statements(self, which):
        self.psql("-c", f"ALTER SYSTEM SET log_statement = '{which}'", "-c", "SELECT pg_reload_conf()")


def statements_in(log):
    """Those on records, from PostgreSQL's log."""
    found = []
    pieces = LOG_ENTRY.split(log)[1:]
    for level, text in zip(pieces[::2], pieces[1::2]):
        text = text.rstrip("\n").replace("\n\t", "\n")
        execute = EXECUTE.match(text) if level == "LOG" else None
        if execute and re.search(r"onrecord\.(quotes|articles|speaker_names)\b", execute[1]):
            found.append((execute[1], []))
        elif execute:
            found.append((None, []))
        elif level == "DETAIL" and text.startswith("parameters: ") and found:
            found[-1][1].extend(None if value == "NULL" else value[1:-1].replace("''", "'")
                                for _, value in PARAMETER.findall(text))
    return [(sql, values) for sql, values in found if sql]
