"""Listeners: how long after a write is sent each of many clients of server-sent events has the change, and what memory a listener
takes."""

import re
import selectors
import socket
import threading
import time
from pathlib import Path

from service import Trouble

COUNT, WRITES, EVERY_S = 1000, 50, 0.1
RECORD = re.compile(rb'"record_id":(\d+)')


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall(b"GET /changes?since=now&resource=sources HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n")
        self.rest = b""

    def read(self):
        """The ids in the events that have become whole."""
        got = self.socket.recv(1 << 16)
        if not got:
            raise Trouble("a listener was let go")
        *events, self.rest = (self.rest + got).split(b"\n\n")
        return [int(found[1]) for found in map(RECORD.search, events) if found]


def memory_kb(service):
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def greeted(clients):
    for client in clients:
        client.socket.settimeout(10)
        if not client.socket.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Trouble("a listener is refused")
    time.sleep(1)


def write(service, sent):
    for i in range(WRITES):
        began = time.monotonic()
        made = service.post("/sources", {"name": f"bench {began} {i}"})
        sent[int(RECORD.search(made.replace(b'"id"', b'"record_id"', 1))[1])] = began
        time.sleep(EVERY_S)


def arrivals(clients, wanted):
    """(record, when) of each event at each client."""
    found = []
    with selectors.DefaultSelector() as ready:
        for client in clients:
            ready.register(client.socket, selectors.EVENT_READ, client)
        deadline = time.monotonic() + WRITES * EVERY_S + 30
        while len(found) < wanted and time.monotonic() < deadline:
            for key, _ in ready.select(1):
                found += [(record, time.monotonic()) for record in key.data.read()]
    if len(found) != wanted:
        raise Trouble(f"of {wanted} events {len(found)} came")
    return found


def listeners(service):
    """The 99th percentile of the time from sending a write until a listener has it, in ms, and the KB that each listener takes; on
    a server started anew."""
    service.stop()
    service.start()
    before = memory_kb(service)
    clients = [Client(service.port) for _ in range(COUNT)]
    greeted(clients)
    sent = {}
    writer = threading.Thread(target=write, args=(service, sent))
    writer.start()
    found = arrivals(clients, COUNT * WRITES)
    writer.join()
    took = sorted(when - sent[record] for record, when in found)
    kept = (memory_kb(service) - before) / COUNT
    for client in clients:
        client.socket.close()
    return took[len(took) * 99 // 100] * 1000, kept
