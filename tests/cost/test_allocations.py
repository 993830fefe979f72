"""What a read by id allocates: once the server is warm, nothing of its own; libpq and libmicrohttpd do, and a kept answer spares that
as well."""

import struct

import pytest
import service

COUNTER = service.ROOT / "build/cost/allocations.so"
WARM, REQUESTS = 300, 1000
ONE, TWO = "/quotes/1", "/quotes/1?include=speaker,article"


@pytest.fixture
def allocations(counted, tmp_path):
    """How many of the program's own, and of its libraries', each GET of a path makes."""
    file = tmp_path / "allocations"
    file.write_bytes(bytes(16))

    def now():
        return struct.unpack("QQ", file.read_bytes())

    def measure(path, **env):
        api = counted([], LD_PRELOAD=str(COUNTER), ALLOCATIONS=str(file), **env)
        for _ in range(WARM):
            assert api.get(path).status_code == 200
        before = now()
        assert before[0] > 10 and before[1] > 1000  # it does count
        for _ in range(REQUESTS):
            api.get(path)
        return [(after - earlier) / REQUESTS for after, earlier in zip(now(), before, strict=True)]

    return measure


@pytest.mark.parametrize("path", [ONE, TWO])
def test_made_anew(allocations, path):
    own, libraries = allocations(path, ONRECORD_CACHE_MB="0")
    assert own < 0.01  # the watch and the log of changes, which ask PostgreSQL by the clock, are counted as well
    assert libraries < 40


@pytest.mark.parametrize("path", [ONE, TWO])
def test_kept(allocations, path):
    own, libraries = allocations(path)
    assert own < 0.05
    assert libraries < 1
