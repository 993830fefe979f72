"""What the tests of the schema stand on: a PostgreSQL, and psql to talk to it. Nothing here knows the schema."""

import itertools
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIGRATIONS = sorted((ROOT / "schema/migrations").glob("*.sql"))
numbers = itertools.count(1)


class SqlError(Exception):
    """What PostgreSQL refused, with its code and the constraint that it names."""

    def __init__(self, text):
        super().__init__(text)
        self.code = (re.search(r"(?:ERROR|FATAL):  (\w{5}): ", text) or [None, None])[1]
        self.constraint = (re.search(r"CONSTRAINT NAME:  (\S+)", text) or [None, None])[1]
        self.table = (re.search(r"TABLE NAME:  (\S+)", text) or [None, None])[1]


def migration(name):
    """The file of the migration of that name."""
    return next(path for path in MIGRATIONS if path.stem == name)


def is_seed(migration):
    return re.search(r"^-- seed$", migration.read_text(encoding="utf-8"), re.M) is not None


def programs():
    """Where PostgreSQL's programs are: the newest from 15 on."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else pathlib.Path(shutil.which("initdb")).parent


class Cluster:
    """The PostgreSQL of PGHOST or PGSERVICE; where neither is set, one of our own on a socket in a temporary folder."""

    def __init__(self):
        self.env = dict(os.environ, PGTZ="UTC", LC_MESSAGES="C", PGOPTIONS="-c client_min_messages=warning")
        self.own = None
        if not (os.environ.get("PGHOST") or os.environ.get("PGSERVICE")):
            self.start()

    def start(self):
        self.own = pathlib.Path(tempfile.mkdtemp(prefix="onrecord-schema-", dir="/tmp"))
        self.become = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.own, account.pw_uid, account.pw_gid)
            self.become = ["runuser", "-u", "postgres", "--"]
        self.own.chmod(0o711)
        self.control("initdb", "--auth=trust", "--username=owner", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        settings = f"-k {self.own} -c listen_addresses= -c fsync=off -c shared_buffers=32MB -c lc_messages=C"
        self.control("pg_ctl", "start", "--wait", "--silent", "--log", self.own / "log", "--options", settings)
        self.env.update(PGHOST=str(self.own), PGUSER="owner", PGDATABASE="postgres")
        for name in ("PGPORT", "PGPASSWORD"):
            self.env.pop(name, None)

    def stop(self):
        if self.own:
            self.control("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")
            shutil.rmtree(self.own)

    def control(self, program, *arguments):
        command = [*self.become, programs() / program, "--pgdata", self.own / "data", *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def create(self, template="template0"):
        """A new database, empty or a copy."""
        database = Database(self.env, f"onrecord_schema_{os.getpid()}_{next(numbers)}")
        self.maintenance(f"CREATE DATABASE {database.name} TEMPLATE {template}")
        return database

    def drop(self, database):
        database.close()
        self.maintenance(f"DROP DATABASE {database.name} WITH (FORCE)")

    def maintenance(self, statement):
        database = Database(self.env, self.env.get("PGDATABASE", "postgres"))
        try:
            database.run(statement)
        finally:
            database.close()


class Database:
    """One database, and one psql that stays connected to it: what a script sets or begins lasts until the next."""

    def __init__(self, env, name):
        self.env = dict(env, PGDATABASE=name)
        self.name = name
        self.session = None
        self.errors = None

    def command(self, *arguments):
        plain = ("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "-v", "VERBOSITY=verbose")
        return ["psql", *plain, *map(str, arguments)]

    def open(self):
        # A failed statement undoes itself alone, also within a transaction.
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.session = subprocess.Popen(self.command("-v", "ON_ERROR_ROLLBACK=on"), env=self.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)  # fmt: skip

    def close(self):
        if self.session:
            self.session.communicate()
            self.errors.close()
            self.session = None

    def run(self, script):
        """Runs statements, each a transaction of its own unless one is open. Answers what they print."""
        if self.session is None:
            self.open()
        self.errors.seek(0)
        self.errors.truncate()
        self.session.stdin.write(f"{script};\n\\echo =end=\n")
        self.session.stdin.flush()
        lines = list(iter(self.session.stdout.readline, "=end=\n"))
        self.errors.seek(0)
        errors = self.errors.read()
        if errors:
            raise SqlError(errors)
        return "".join(lines)

    def rows(self, query):
        """The rows, as dicts, of a SELECT or of a write with RETURNING."""
        return json.loads(self.run(f"WITH answer AS ({query}) SELECT coalesce(json_agg(answer), '[]') FROM answer"))

    def row(self, query):
        (row,) = self.rows(query)
        return row

    def values(self, query):
        """The first column."""
        return [next(iter(row.values())) for row in self.rows(query)]

    def value(self, query):
        (value,) = self.values(query)
        return value

    def refused(self, statement):
        """Code and constraint of what PostgreSQL says to a statement that must not work."""
        try:
            self.run(statement)
        except SqlError as error:
            return error.code, error.constraint
        raise AssertionError(f"this was taken: {statement}")

    def beside(self, statement):
        """Runs a statement on a second connection, which waits for a lock that this one's open transaction holds; then
        commits that. Answers what the second one was refused with, or None."""
        other = Database(self.env, self.name)
        other.run("SELECT 1")
        outcome = []

        def work():
            try:
                other.run(statement)
                outcome.append(None)
            except SqlError as error:
                outcome.append((error.code, error.constraint))

        worker = threading.Thread(target=work)
        worker.start()
        end = time.monotonic() + 30
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while self.value(waiting) == 0 and not outcome and time.monotonic() < end:
            time.sleep(0.01)
        waited = not outcome
        self.run("COMMIT")
        worker.join()
        other.close()
        assert waited, f"did not wait: {statement}"
        return outcome[0]

    def apply(self, migration):
        """Runs a file, all or nothing."""
        command = self.command("-v", "ON_ERROR_STOP=1", "--single-transaction", "--file", migration)
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SqlError(done.stderr)

    def migrate(self, seed=True, before=None):
        """Runs all of the migrations, or those before one of them."""
        for migration in MIGRATIONS[: MIGRATIONS.index(before) if before else None]:
            if seed or not is_seed(migration):
                self.apply(migration)
