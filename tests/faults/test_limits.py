"""What runs out: time, disk, connections, patience. Others go on meanwhile, and all of it comes back."""

import contextlib
import os
import pathlib
import pwd
import random
import resource
import shutil
import socket
import struct
import subprocess
import threading
import time

import load
import pytest
import service
from test_kills import GROWTH_MB, wait_for_writes

pytestmark = pytest.mark.own_server


def connect(api, timeout=10, receive_buffer=None):
    host, port = api.base.removeprefix("http://").split(":")
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(timeout)
    made.connect((host, int(port)))
    return made


def request(api, path, method="GET", body=b"", more=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n{more}"
    if method != "GET":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Normal(load.Clients):
    """Clients that do nothing special, while others misbehave: each request is answered, and soon."""

    def __init__(self, api, clients=3, path="/quotes/1"):
        self.api, self.path = api, path
        self.times, self.wrong = [], []
        super().__init__([(self._run,)] * clients)

    def _run(self):
        api = service.Api(self.api.base, self.api.keys)
        while not self.over.is_set():
            begun = time.monotonic()
            try:
                status = api.get(self.path, timeout=10).status_code
            except service.requests.RequestException as error:
                status = error
            self.times.append(time.monotonic() - begun)
            if status != 200:
                self.wrong.append(status)
            time.sleep(0.005)

    def verify(self, p99):
        assert self.wrong == [], self.wrong[:5]
        assert len(self.times) > 30
        assert sorted(self.times)[int(len(self.times) * 0.99)] < p99 * load.patience()


# --- time -----------------------------------------------------------------------------------------------------------------


LOCKED = {"ONRECORD_QUICK_TIMEOUT_MS": "200", "ONRECORD_SLOW_TIMEOUT_MS": "1000"}
LOCK = "LOCK TABLE onrecord.sources IN ACCESS EXCLUSIVE MODE"


def expect_refused(answer):
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == load.UNAVAILABLE and int(answer.headers["Retry-After"]) >= 1
    assert answer.elapsed.total_seconds() < 1.7 * load.patience()


def test_a_lock_on_a_table(stage):
    """Writes and reads of that table are refused when their time is over, and not done later; the rest goes on."""
    api = stage(**LOCKED)
    with load.Load(api, readers=0, name="before") as running:
        wait_for_writes(running)
    with load.held(api, LOCK), Normal(api, path="/events") as others, load.Load(api, readers=0, name="held") as running:
        expect_refused(api.get("/sources/1"))
        expect_refused(api.get("/sources"))
        expect_refused(api.post("/sources", json={"name": "late"}))
        assert not running.acknowledged and running.refused
        running.__exit__()
    others.verify(p99=1.0)
    load.back(api)
    running.verify(least=0)
    assert api.psql("SELECT 1 FROM onrecord.sources WHERE name = 'late'") == []


def test_a_lock_on_one_row(stage):
    """A row that others hold is waited for, and then given up; other rows are not held up by it."""
    api = stage(**LOCKED)
    other = api.make("sources", name="other")
    with load.held(api, "SELECT id FROM onrecord.sources WHERE id = 1 FOR UPDATE"):
        expect_refused(api.patch("/sources/1", json={"description": "x"}))
        assert api.patch(f"/sources/{other['id']}", json={"description": "x"}).status_code == 200
        assert api.get("/sources/1").status_code == 200
    assert api.patch("/sources/1", json={"description": "x"}).json()["version"] == 2


def test_the_clock_is_set_back(stage):
    """As far as records can tell: they were made and changed tomorrow. They are read, listed, changed and deleted as others
    are, and a cursor goes past them."""
    api = stage()
    for name in ("first", "second", "third"):
        api.make("sources", name=name)
    api.psql("""SET session_replication_role = replica;
                UPDATE onrecord.sources SET created_at = created_at + interval '1 day',
                       updated_at = updated_at + interval '1 day' WHERE name IN ('first', 'second')""")
    first = api.get("/sources?name=first").json()["items"][0]
    changed = api.patch(f"/sources/{first['id']}", json={"description": "x"})
    assert changed.status_code == 200 and changed.json()["version"] == 2
    assert changed.json()["updated_at"] < first["updated_at"]
    names, target = [], "/sources?sort=-created_at&limit=1"
    while target:
        page = api.get(target).json()
        names += [item["name"] for item in page["items"]]
        target = page["next"] and "/sources" + page["next"]
    assert names[:3] == ["second", "first", "third"] and len(names) == len(set(names))
    assert api.delete(f"/sources/{first['id']}").status_code == 204
    assert api.get(f"/sources/{first['id']}").status_code == 410


# --- disk -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_cluster():
    """A cluster whose data folder is a small file system of its own."""
    cluster = service.Cluster(durable=True)
    kept = cluster.folder / "kept"
    cluster.data.rename(kept)
    cluster.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=150m", "tmpfs", str(cluster.data)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        cluster.data.rmdir()
        shutil.rmtree(cluster.folder)
        pytest.skip("no file system can be mounted here, so that none can be filled up")
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", str(cluster.data)], check=True)
        account = pwd.getpwnam("postgres")
        os.chown(cluster.data, account.pw_uid, account.pw_gid)
        cluster.data.chmod(0o700)
        with open(cluster.data / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write("max_wal_size = 32MB\nmin_wal_size = 32MB\nwal_recycle = off\n")
        cluster.start()
        yield cluster
    finally:
        with contextlib.suppress(RuntimeError):
            cluster.stop("immediate")
        subprocess.run(["umount", "-l", str(cluster.data)], check=False)
        cluster.remove()


def fill(folder):
    """Takes all that is left of a file system; answers the file that does."""
    ballast = pathlib.Path(folder) / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    return ballast


def test_the_disk_is_full(small_cluster):
    cluster = small_cluster
    cluster.psql("postgres", "CREATE DATABASE record")
    url = cluster.url("record")
    service.command("migrate", url=url)
    keys = service.open_keys(url)
    server = service.Server(url)
    try:
        api = service.Api(server.base, keys, server, cluster, "record")
        with load.Load(api) as running:
            wait_for_writes(running)
            ballast = fill(cluster.data)
            # What was taken for its log goes on for a while; then nothing can be written any more.
            service.until(lambda: running.refused or _refused(api), 12, "a refusal for want of room")
            time.sleep(0.5)
            assert server.process.poll() is None
            ballast.unlink()
            load.revive(cluster)  # it may have given up
            load.back(api)
            wait_for_writes(running)
        running.verify()
    finally:
        server.stop()


def _refused(api):
    """Writes something large, so that the room that is left goes soon."""
    with contextlib.suppress(service.requests.RequestException):
        return api.post("/articles", json={"headline": "large", "body": os.urandom(400000).hex()}).status_code == 503
    return False


# --- connections ----------------------------------------------------------------------------------------------------------


def crowd(api, count, limit):
    """Connects that many clients at once, and asks on each; answers how many got 200, 503, and nothing."""
    clients, got = [], {200: 0, 503: 0, None: 0}
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                client = connect(api, timeout=5)
                clients.append(client)
                client.sendall(request(api, "/quotes/1"))
        for client in clients:
            status = None
            with contextlib.suppress(OSError, ValueError, IndexError):
                status = service.RawAnswer(service.receive(client, read_all=False)).status
            got[status] += 1
        assert load.open_files(api) < limit + 200  # those that are refused linger for a moment, a few of them
    finally:
        for client in clients:
            client.close()
    return got


def test_more_connections_than_the_limit(stage, warm):
    api = stage(ONRECORD_CONNECTIONS_MAX="100")
    before, files = warm(api), load.open_files(api)
    got = crowd(api, 400, 100)
    # Who has been answered and is idle makes room for who comes; for the rest there is none, and they are told so.
    assert got[200] >= 90 and got[503] >= 100 and got[None] == 0, got
    service.until(lambda: load.open_files(api) <= files + 8, 5, "closing of the crowd's connections")
    load.back(api)
    assert load.rss_mb(api) < before + GROWTH_MB


def test_ten_thousand_connections(stage, warm):
    files_needed, (_, most) = 10200, resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < files_needed:
        pytest.skip(f"the clients would need {files_needed} open files, and may have {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    api = stage(ONRECORD_CONNECTIONS_MAX="2000")
    before, files = warm(api), load.open_files(api)
    got = crowd(api, 10000, 2000)
    assert got[200] >= 1900 and got[200] + got[503] >= 9000, got
    service.until(lambda: load.open_files(api) <= files + 8, 10, "closing of the crowd's connections")
    load.back(api)
    # 10,000 times what a connection takes would be 160 MB; the sanitizers keep some of what 2,000 took.
    assert load.rss_mb(api) < before + 4 * GROWTH_MB


# --- patience -------------------------------------------------------------------------------------------------------------


def closes(client, within):
    """Waits until the server has closed the connection; what it said before that."""
    client.settimeout(within)
    got = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while True:
            part = client.recv(65536)
            if not part:
                break
            got += part
    return got


def dribble(client, data, over):
    """A byte every 0.1 s, as long as the server takes it."""
    with contextlib.suppress(OSError):
        for byte in data:
            if over.wait(0.1):
                return
            client.sendall(bytes([byte]))


def test_slow_senders_beside_normal_clients(stage):
    api = stage(ONRECORD_HEADER_TIMEOUT_S="2", ONRECORD_BODY_TIMEOUT_S="2")
    files = load.open_files(api)
    over = threading.Event()
    heads = [connect(api) for _ in range(30)]
    bodies = [connect(api) for _ in range(30)]
    begun = time.monotonic()
    threads = [threading.Thread(target=dribble, args=(c, request(api, "/quotes/1") * 9, over)) for c in heads]
    for client in bodies:
        client.sendall(request(api, "/sources", "POST", b" " * 1000)[:-1000])
        threads.append(threading.Thread(target=dribble, args=(client, b" " * 1000, over)))
    with Normal(api) as others:
        for thread in threads:
            thread.start()
        for client in (*heads, *bodies):
            said = closes(client, 6)
            assert said == b"" or service.RawAnswer(said).status == 408, said
        assert time.monotonic() - begun < 6
        over.set()
        for thread in threads:
            thread.join()
    others.verify(p99=0.5)
    for client in (*heads, *bodies):
        client.close()
    service.until(lambda: load.open_files(api) <= files + 8, 5, "closing of the slow")


def test_slow_readers_beside_normal_clients(stage, warm):
    api = stage(ONRECORD_ANSWER_TIMEOUT_S="2")
    article = '{"headline": "long", "body": "%s"}' % ("👍" * 1900000)  # more than the kernel takes off the server's hands
    made = api.post("/articles", data=article.encode(), headers={"Content-Type": "application/json"})
    assert made.status_code == 201
    before, files = warm(api), load.open_files(api)
    path = "/articles?sort=-id&limit=1&fields=id,body"
    readers = [connect(api, receive_buffer=4096) for _ in range(6)]
    begun = time.monotonic()
    with Normal(api) as others:
        for reader in readers:
            reader.sendall(request(api, path))
        service.until(lambda: load.open_files(api) <= files + 4, 8, "closing of who does not read")
        assert time.monotonic() - begun > 1.5, "they were cut off before their time"
        load.back(api)
    others.verify(p99=0.5)
    for reader in readers:
        reader.close()
    service.until(lambda: api.get("/quotes/1") and load.rss_mb(api) < before + GROWTH_MB, 5, "the return of memory")


def test_a_reader_that_reads_slowly_gets_all_of_it(stage):
    api = stage(ONRECORD_ANSWER_TIMEOUT_S="10")
    body = "x" * 600000
    id = api.make("articles", headline="long", body=body)["id"]
    client = connect(api, receive_buffer=4096)
    client.sendall(request(api, f"/articles/{id}?fields=body", more="Connection: close\r\n"))
    got = b""
    while True:
        part = client.recv(20000)
        if not part:
            break
        got += part
        time.sleep(0.01)
    client.close()
    answer = service.RawAnswer(got)
    assert (answer.status, answer.json()["body"]) == (200, body)


def vanish(client):
    """Closes with a reset, as a crashed client's machine would."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_clients_that_vanish(stage, warm):
    """In the middle of a request, while its query runs, in the middle of the answer."""
    api = stage()
    api.make("articles", headline="long", body="x" * 500000)
    before, files = warm(api), load.open_files(api)
    whole = [request(api, "/articles?sort=-id&limit=1"), request(api, "/quotes/1"), request(api, "/quotes") * 5,
             request(api, "/sources", "POST", b'{"name": "gone"}')]  # fmt: skip
    with Normal(api) as others:
        for turn in range(300):
            client = connect(api)
            data = whole[turn % len(whole)]
            client.sendall(data if turn % 3 else data[: turn % len(data)])
            if turn % 3 == 1:
                client.recv(1)  # the answer has begun
            vanish(client)
    others.verify(p99=0.5)
    load.back(api)
    service.until(lambda: load.open_files(api) <= files + 8, 5, "closing of who is gone")
    assert load.rss_mb(api) < before + GROWTH_MB


def test_clients_that_vanish_while_their_queries_wait(stage):
    api = stage(ONRECORD_QUICK_TIMEOUT_MS="300", ONRECORD_SLOW_TIMEOUT_MS="3000")
    files = load.open_files(api)
    with load.held(api, LOCK):
        for turn in range(60):
            client = connect(api)
            client.sendall([request(api, "/sources"), request(api, "/sources/1"),
                            request(api, "/sources", "POST", b'{"name": "gone %d"}' % turn)][turn % 3])  # fmt: skip
            time.sleep(0.005)
            vanish(client)
    load.back(api)
    assert int(api.psql("SELECT count(*) FROM onrecord.sources WHERE name LIKE 'gone %'")[0][0]) <= 20
    service.until(lambda: load.open_files(api) <= files + 8, 5, "closing of who is gone")


def test_clients_that_vanish_while_they_follow_the_log(stage):
    """Between two of its pages: the next one is not read for who is gone, and nobody else gets it."""
    api = stage(ONRECORD_CACHE_MB="0")
    api.psql("INSERT INTO onrecord.sources (name) SELECT 'of many ' || n FROM generate_series(1, 4000) AS n")
    service.until(lambda: api.read("/changes?since=now")["items"] == [], 10, "the log's end")

    def vanishing():
        while not followers.over.is_set():
            client = connect(api)
            client.sendall(request(api, "/changes?format=ndjson"))
            client.recv(100)
            vanish(client)

    followers = load.Clients([(vanishing,)] * 8)
    with followers, Normal(api, clients=6, path="/quotes?limit=50&include=speaker") as others:
        time.sleep(4)
    others.verify(p99=1.0)
    load.back(api)


def test_clients_that_say_at_once_that_they_have_said_all(stage):
    """Their connections end with their answers, not when they have been idle for long."""
    api = stage()
    files = load.open_files(api)

    def hasty(seed):
        chance = random.Random(seed)
        while not clients.over.is_set():
            client = connect(api, timeout=chance.choice([0.01, 0.1, 0.4]))
            data = request(api, "/sources/1") * chance.randint(1, 4)
            for piece in [data] if chance.random() < 0.7 else [data[i : i + 7] for i in range(0, len(data), 7)]:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                client.recv(chance.choice([1, 100, 100000]))
            client.close()

    clients = load.Clients([(hasty, seed) for seed in range(24)])
    with clients:
        time.sleep(3)
    service.until(lambda: load.open_files(api) <= files + 8, 8, "closing of who is gone")
