"""Idle clients: the memory of a server to which many are connected that have had an answer and wait with their next request."""

import resource
import socket

from service import Trouble

COUNT, RSS_MAX_MB = 5000, 95
RECORDS = 100  # that they ask for: what the cache keeps of many would count as well
REQUEST = b"GET /quotes/%d?include=speaker,article HTTP/1.1\r\nHost: bench\r\n\r\n"


def answered(client):
    """Reads an answer whole; answers its status line."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += receive(client)
    head, body = got.split(b"\r\n\r\n", 1)
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    left = int(fields[b"content-length"]) - len(body)
    while left > 0:
        left -= len(receive(client))
    return head.split(b"\r\n", 1)[0]


def receive(client):
    got = client.recv(1 << 16)
    if not got:
        raise Trouble("an idle client was let go")
    return got


def ask(client, record):
    client.sendall(REQUEST % record)
    status = answered(client)
    if status != b"HTTP/1.1 200 OK":
        raise Trouble(f"an idle client was answered {status.decode()}")


def idle(service):
    """The most memory, in MB, of a server started anew as a user starts it, with COUNT clients, each of which is answered twice: the
    second time once all are there."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    service.stop()
    service.start(keeps=True)
    clients = []
    try:
        for i in range(COUNT):
            clients.append(socket.create_connection(("127.0.0.1", service.port), 10))
            ask(clients[i], i % RECORDS + 1)
        for i, client in enumerate(clients):
            ask(client, i % RECORDS + 1)
        return service.rss_mb()
    finally:
        for client in clients:
            client.close()
        service.stop()
        service.start()
