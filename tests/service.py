"""What the tests run against: a private PostgreSQL cluster, the real binary, and a client that speaks HTTP to it.

Nothing here knows what an answer should be; the tests do."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = pathlib.Path(os.environ.get("ONRECORD_BINARY", ROOT / "build/asan/onrecord")).resolve()
SCOPES = ("read", "write", "admin")
SANITIZER = re.compile(r"runtime error:|AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer")


def postgres_folder():
    """Where initdb and its like are: the newest PostgreSQL from 15 on."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("no initdb: install postgresql-15")
    return pathlib.Path(on_path).parent


def slowness():
    """How much longer than usual things take on this machine now: 1 where it has nothing else to do."""
    return max(1, os.getloadavg()[0] / os.cpu_count())


def until(condition, seconds=10, what="what was waited for"):
    """Waits until the condition answers something true, and answers that."""
    end = time.monotonic() + seconds * slowness()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.01)


class Cluster:
    """A PostgreSQL of our own: a socket in a temporary folder, no TCP, nothing synchronous unless `durable`."""

    def __init__(self, durable=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onrecord-pg-", dir="/tmp"))
        self.bin = postgres_folder()
        self.data = self.folder / "data"
        self.durable = durable
        self.user = None
        if os.geteuid() == 0:
            self.user = "postgres"
            account = pwd.getpwnam(self.user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.chmod(0o711)
        self._run("initdb", "--auth=trust", "--username=onrecord", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--no-sync", "-D", self.data)  # fmt: skip
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 400\n")
            settings.write("shared_buffers = 32MB\nlog_min_messages = warning\nautovacuum = off\n")
            if not durable:
                settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")

    def _run(self, program, *arguments, check=True):
        command = [str(self.bin / program), *map(str, arguments)]
        if self.user is not None:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")
        return done

    def start(self):
        """After a kill -9 the shared memory of what was killed may be held for a moment: tried again for some seconds."""
        for last in (False, False, False, False, True):
            done = self._run("pg_ctl", "start", "--wait", "-s", "-D", self.data, "-l", self.folder / "log", check=last)
            if done.returncode == 0:
                return
            time.sleep(1)

    def stop(self, mode="fast"):
        self._run("pg_ctl", "stop", "--wait", "-s", "-m", mode, "-D", self.data)

    def kill(self):
        """kill -9 of the postmaster; its children notice and go."""
        os.kill(self.pid(), signal.SIGKILL)
        until(lambda: not any(self._processes()), what="the end of PostgreSQL's processes")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _processes(self):
        """What runs in the data folder: PostgreSQL's processes, and nothing else."""
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.data):
                    yield int(entry.name)

    def pid(self):
        return int((self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])

    def remove(self):
        with contextlib.suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database):
        return f"postgresql://onrecord@/{database}?host={self.folder}"

    def psql(self, database, sql):
        """Rows as lists of text, null as None."""
        done = subprocess.run(
            [str(self.bin / "psql"), "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x1a",
             "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql],
            capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        rows = [row.split("\x1f") for row in done.stdout.rstrip("\n").split("\x1e") if row]
        return [[None if cell == "\x1a" else cell for cell in row] for row in rows]


def command(*arguments, url=None, env=None, check=True):
    """Runs `onrecord ...` to its end."""
    full = {**clean_environment(), **({"DATABASE_URL": url} if url else {}), **(env or {})}
    done = subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, env=full, check=False, timeout=60)
    assert not SANITIZER.search(done.stderr), done.stderr
    if check:
        assert done.returncode == 0, f"onrecord {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done


def clean_environment():
    """Ours, without what would point the server elsewhere."""
    dropped = ("ONRECORD_", "PG", "DATABASE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {"ASAN_OPTIONS": "exitcode=86", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", **env}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One `onrecord serve`."""

    def __init__(self, url, env=None, wait=True, command=(BINARY,)):
        self.port = free_port()
        self.command = [*map(str, command), "serve"]
        self.base = f"http://127.0.0.1:{self.port}"
        self.database_url = url
        self.env = {
            **clean_environment(),
            "DATABASE_URL": url,
            "ONRECORD_LISTEN": f"127.0.0.1:{self.port}",
            "ONRECORD_WORKERS": "2",
            "ONRECORD_LOG_FORMAT": "json",
            # Under the sanitizers and beside other tests a read may take long: it must not turn slow for that.
            "ONRECORD_QUICK_TIMEOUT_MS": "2000",
            **(env or {}),
        }
        self.log_path = tempfile.NamedTemporaryFile(prefix="onrecord-log-", suffix=".txt", delete=False).name
        self.process = None
        self.start(wait)

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)  # fmt: skip
        until(self._listening, 20, "the server's start")
        if wait:
            until(lambda: self.ready() == 200, 20, "/readyz")

    def _listening(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def ready(self):
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.base + "/readyz", timeout=5).status_code
        return None

    def log(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the end must be clean: status 0, and no word of a sanitizer."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end after SIGTERM:\n{self.log()[-4000:]}") from None
        log = self.log()
        os.unlink(self.log_path)
        assert not SANITIZER.search(log), log[-8000:]
        assert status == 0, f"the server ended with {status}:\n{log[-4000:]}"


Keys = collections.namedtuple("Keys", SCOPES)
AUTO = object()


class Api:
    """An HTTP client of one server. Writes carry the key with the scope `write` unless told otherwise; reads carry none.

    `watchers` are called with every answer: the contract's tests look at all of them."""

    watchers = []

    def __init__(self, base, keys, server=None, cluster=None, database=None):
        self.base = base
        self.keys = keys
        self.server = server
        self.cluster = cluster
        self.database = database
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Encoding"] = "identity"
        self.made = []

    def request(self, method, path, key=AUTO, headers=None, timeout=30, **more):
        headers = dict(headers or {})
        if key is AUTO:
            key = None if method in ("GET", "HEAD", "OPTIONS") else self.keys.write
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        answer = self.session.request(method, self.base + path, headers=headers, timeout=timeout, allow_redirects=False,
                                      **more)  # fmt: skip
        if answer.status_code == 201:
            self.made.append(answer.headers["Location"])
        for watcher in self.watchers:
            watcher(answer)
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def head(self, path, **more):
        return self.request("HEAD", path, **more)

    def options(self, path, **more):
        return self.request("OPTIONS", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def put(self, path, **more):
        return self.request("PUT", path, **more)

    def patch(self, path, **more):
        return self.request("PATCH", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    # What most tests begin with.

    def make(self, resource, **members):
        """A new record."""
        answer = self.post(f"/{resource}", json=members)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def read(self, path, **more):
        """The body of a read that works."""
        answer = self.get(path, **more)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def ids(self, path, **more):
        return [item["id"] for item in self.read(path, **more)["items"]]

    def pages(self, path, limit):
        """All records of a list, page by page."""
        page = self.read(f"{path}{'&' if '?' in path else '?'}limit={limit}")
        yield page["items"]
        bare = path.split("?")[0]
        while page["next"] is not None:
            page = self.read(bare + page["next"])
            yield page["items"]

    def psql(self, sql):
        return self.cluster.psql(self.database, sql)

    def clean_up(self):
        """Deletes what was made, again and again until nothing refers to what is left."""
        left = list(reversed(self.made))
        while left:
            stay = [path for path in left if self.delete(path).status_code == 409]
            if len(stay) == len(left):
                break
            left = stay


numbers = itertools.count(1)


def clone(cluster, template):
    """A copy of a database; its name."""
    name = f"test_{os.getpid()}_{next(numbers)}"
    cluster.psql("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


class Servers:
    """Servers, each on its own copy of the template. While a test runs, the server of the next one starts beside it, and
    that of the one before ends; an end that was not clean fails a later test, with the name of the one that it was for."""

    def __init__(self, cluster, template, keys):
        self.cluster = cluster
        self.template = template
        self.keys = keys
        self.background = concurrent.futures.ThreadPoolExecutor(1)
        self.ending = concurrent.futures.ThreadPoolExecutor(1)
        self.ends = []
        self.spare = None

    def _start(self, env=None):
        database = clone(self.cluster, self.template)
        server = Server(self.cluster.url(database), env)
        return Api(server.base, self.keys, server, self.cluster, database)

    def _end(self, api, test):
        try:
            api.server.stop()
        except AssertionError as fault:
            raise AssertionError(f"the server of {test}: {fault}") from None
        self.cluster.psql("postgres", f"DROP DATABASE {api.database} WITH (FORCE)")

    def _look_at_ends(self):
        while self.ends and self.ends[0].done():
            self.ends.pop(0).result()

    def take(self, env=None):
        if env:
            return self._start(env)
        taken = self.spare or self.background.submit(self._start)
        self.spare = self.background.submit(self._start)
        return taken.result()

    def give_back(self, api, test):
        self.ends.append(self.ending.submit(self._end, api, test))
        self._look_at_ends()

    def close(self):
        if self.spare is not None:
            self.give_back(self.spare.result(), "no test")
        self.background.shutdown()
        self.ending.shutdown()
        self._look_at_ends()


def open_keys(url):
    """A key of each scope, made by the command line."""
    return Keys(*(new_key(url, f"test-{scope}", scope) for scope in SCOPES))


def new_key(url, name, scope, *more):
    made = command("key", "create", name, "--scope", scope, *more, url=url)
    return re.search(r"onr_[A-Za-z0-9_-]{43}", made.stdout).group(0)


def raw(base, data, read_all=True, timeout=10):
    """Sends bytes as they are; answers all that comes back until the server closes or falls silent."""
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        return receive(connection, read_all)


def receive(connection, read_all=True):
    """One answer (head and body by its Content-Length), or, with `read_all`, everything until the end."""
    got = b""
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while True:
            if not read_all and whole(got):
                break
            part = connection.recv(65536)
            if not part:
                break
            got += part
    return got


def whole(data):
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    if head.split(b" ")[1] in (b"204", b"304"):
        return True
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return length is not None and len(body) >= int(length.group(1))


class RawAnswer:
    """An answer taken apart by hand."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0] else None
        self.headers = requests.structures.CaseInsensitiveDict(
            line.split(": ", 1) for line in lines[1:] if ": " in line)  # fmt: skip

    def json(self):
        return json.loads(self.body)
