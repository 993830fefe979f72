"""Exports: a whole collection as NDJSON and CSV beside psql's \\copy of the same SELECT, and what memory they take."""

import re
import subprocess
import time
from dataclasses import dataclass, field

from service import Trouble, environment, postgres_program

FORMATS = ("ndjson", "csv")


@dataclass
class Export:
    name: str
    path: str
    sql: str = ""
    ours: list = field(default_factory=list)  # seconds
    theirs: list = field(default_factory=list)
    size: int = 0

    @property
    def ratios(self):
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs)]

    def round(self, service, first):
        """One run of each side, one directly after the other."""
        for side in (self.send, self.copy) if first else (self.copy, self.send):
            side(service)

    def send(self, service):
        began = time.monotonic()
        done = subprocess.run(["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", service.url + self.path],
                              env=environment(), capture_output=True, text=True, check=False)  # fmt: skip
        self.ours.append(time.monotonic() - began)
        if done.returncode != 0:
            raise Trouble(f"{self.name} ended with curl's {done.returncode}")
        self.size = int(done.stdout)

    def copy(self, service):
        began = time.monotonic()
        service.psql("-c", f"\\copy ({self.sql}) TO /dev/null")
        self.theirs.append(time.monotonic() - began)


def select(service, path):
    """The SELECT that the server asks for an export, on one line, as psql takes it."""
    ((sql, _),) = service.statements(lambda: service.get(path + "&limit=1"))
    return re.sub(r" LIMIT \$1::bigint$", "", " ".join(sql.split()))


def exports(service, rounds):
    """The exports of all quotes, measured, and the server's memory at its most, in MB: of a server started anew."""
    if not postgres_program("psql"):
        raise Trouble("there is no psql")
    service.stop()
    service.start()
    found = [Export(f"all quotes as {one}", f"/quotes?format={one}") for one in FORMATS]
    for export in found:
        export.sql = select(service, export.path)
    for round_ in range(rounds):
        for export in found:
            export.round(service, round_ % 2 == 0)
    return found, service.rss_mb()
