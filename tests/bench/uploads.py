"""Uploads: quotes as NDJSON beside psql's \\copy of the same rows into the same table, with its triggers and indexes; and what
memory they take."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from service import Trouble, environment

LINES, GOAL, RSS_MAX_MB = 20_000, 0.5, 32
COLUMNS = ("external_id, article_id, text, kind, speaker_id, spans, prefix, suffix, cue, status, anchor, extra, changed_by")


@dataclass
class Upload:
    name: str = f"{LINES:,} quotes as NDJSON"
    ours: list = field(default_factory=list)  # seconds
    theirs: list = field(default_factory=list)

    @property
    def ratios(self):
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs)]


def quotes(service, count):
    """Ten of each article, in the words of the data set; where they stand is for the server to find."""
    found = json.loads(service.get("/quotes?limit=20&fields=text&status=confirmed"))["items"]
    articles = count // 10
    return [{"article_id": i // 10 % articles + 1, "speaker_id": i % 1000 + 1, "cue": "said", "text": found[i % 10]["text"]}
            for i in range(count)]  # fmt: skip


def send(service, path, lines, mark):
    """Seconds of an upload whose records are marked."""
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"external_id": f"{mark}-{i}", **line}) + "\n" for i, line in enumerate(lines))
    began = time.monotonic()
    done = subprocess.run(["curl", "-sf", "-T", path, "-X", "POST", "-H", f"Authorization: Bearer {service.key}", "-H",
                           "Content-Type: application/x-ndjson", service.url + "/quotes"],
                          env=environment(), capture_output=True, text=True, check=False)  # fmt: skip
    took = time.monotonic() - began
    if done.returncode != 0 or json.loads(done.stdout)["created"] != len(lines):
        raise Trouble(f"the upload ended with curl's {done.returncode}: {done.stdout[:500]}")
    return took


def copy(service, rows, mark):
    began = time.monotonic()
    service.psql("-c", f"\\copy onrecord.quotes ({COLUMNS}) FROM PROGRAM 'sed s/^bench/{mark}/ {rows}'")
    return time.monotonic() - began


def uploads(service, rounds):
    """Measured, and the server's memory at its most, in MB: of a server started anew."""
    service.stop()
    service.start()
    lines, rows = quotes(service, LINES), Path("/tmp") / f"onrecord-bench-{service.port}"
    path, found = rows.with_suffix(".ndjson"), Upload()
    try:
        send(service, path, lines, "bench")
        service.psql("-c", f"\\copy (SELECT {COLUMNS} FROM onrecord.quotes WHERE external_id LIKE 'bench-%' ORDER BY id) TO {rows}")
        for round_ in range(rounds):
            sides = [lambda: found.ours.append(send(service, path, lines, f"ours{round_}")),  # noqa: B023
                     lambda: found.theirs.append(copy(service, rows, f"theirs{round_}"))]  # noqa: B023 # fmt: skip
            for side in sides if round_ % 2 == 0 else reversed(sides):
                side()
        return found, service.rss_mb()
    finally:
        service.psql("-c", "SET session_replication_role = replica",
                     "-c", "DELETE FROM onrecord.quotes WHERE external_id ~ '^(bench|ours|theirs)[0-9]*-'")  # fmt: skip
        rows.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
