"""A proxy between the server and PostgreSQL, on a unix socket, that reads what passes and breaks connections at the worst of
moments: when the commit of a write is on its way. How each is broken is drawn from `Proxy.cuts`, one after another:

    None      it is not
    "lost"    the commit never arrives; PostgreSQL sees the connection end
    "hangs"   the commit never arrives; PostgreSQL's side stays open, so that its transaction goes on
    "done"    the commit arrives and is done; its answer does not come back
    "stays"   the commit arrives; its answer does not come back, and PostgreSQL's side stays open

PostgreSQL looks now and then whether its client is still there (client_connection_check_interval), and gives up a commit
whose client has gone: so with "done" its side ends when it has answered."""

import contextlib
import pathlib
import shutil
import socket
import struct
import tempfile
import threading

PORT = 5432
READY = b"Z\0\0\0\5I"  # ReadyForQuery, with no transaction: the answer to a commit
PATIENCE = 30.0  # seconds that a commit may take


class Proxy:
    def __init__(self, cluster, cuts=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="onrecord-proxy-", dir="/tmp"))
        self.target = str(cluster.folder / f".s.PGSQL.{PORT}")
        self.cuts = iter(cuts)
        self.lock = threading.Lock()
        self.made = {}  # cut -> how many
        self.closed = threading.Event()  # nobody gets in
        self.goes_away = False  # with the first cut, as if PostgreSQL were gone
        self.open = []  # pairs: the server's side, PostgreSQL's
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / f".s.PGSQL.{PORT}"))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, database):
        return f"postgresql://onrecord@/{database}?host={self.folder}"

    def close(self):
        self.listener.close()
        for client, server in self.open:
            end(client)
            end(server)
        shutil.rmtree(self.folder)

    def go_away(self):
        """Cuts all connections, and lets nobody in until `closed` is cleared."""
        self.closed.set()
        for client, _ in self.open:
            end(client)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if self.closed.is_set():
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.target)
                except OSError:
                    client.close()
                    continue
                self.open.append((client, server))
                ready = threading.Event()
                threading.Thread(target=self._forward, args=(client, server, ready), daemon=True).start()
                threading.Thread(target=back, args=(server, client, ready), daemon=True).start()

    def _cut(self):
        with self.lock:
            cut = next(self.cuts, None)
            self.made[cut] = self.made.get(cut, 0) + 1
            return cut

    def _forward(self, client, server, ready):
        """From the server to PostgreSQL, message by message. `ready` says when PostgreSQL has answered a commit."""
        flushed = False
        with contextlib.suppress(OSError):
            server.sendall(message(client, typed=False))
            while True:
                data = message(client)
                if not data:
                    break
                cut = None
                if data[:1] == b"S":  # Sync: the commit, where results were asked for before
                    cut = self._cut() if flushed else None
                    flushed = False
                flushed = flushed or data[:1] == b"H"
                if cut is not None:
                    ready.clear()
                    self.go_away() if self.goes_away else end(client)
                if cut in (None, "done", "stays"):
                    server.sendall(data)
                if cut == "done":
                    ready.wait(PATIENCE)
                if cut in ("hangs", "stays") and not self.goes_away:
                    return
                if cut is not None:
                    break
        end(client)
        end(server)


def end(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def back(server, client, ready):
    """From PostgreSQL to the server, and nowhere once the server's side has ended."""
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            with contextlib.suppress(OSError):
                client.sendall(data)
            if data.endswith(READY):
                ready.set()
    end(client)


def message(connection, typed=True):
    """One message of PostgreSQL's protocol; b"" at the end."""
    head = exactly(connection, 5 if typed else 4)
    if not head:
        return b""
    length = struct.unpack("!I", head[-4:])[0]
    return head + exactly(connection, length - 4)


def exactly(connection, size):
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            return b""
        got += part
    return got
