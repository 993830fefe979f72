"""Databases for the tests of the schema. They need no binary: psql and the files of schema/ are enough."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import schema_database  # noqa: E402


@pytest.fixture(scope="session")
def cluster():
    made = schema_database.Cluster()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def template(cluster):
    """Migrated and seeded; nobody is connected to it."""
    database = cluster.create()
    database.migrate()
    yield database
    cluster.drop(database)


@pytest.fixture(scope="session")
def seeded(cluster, template):
    """A copy of the seed that nobody changes for good."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture
def db(seeded):
    """The seed, within a transaction that is rolled back after the test. (Identities are not: give ids.)"""
    seeded.run("BEGIN")
    yield seeded
    seeded.run("ROLLBACK")


@pytest.fixture
def copy(cluster, template):
    """A copy of the seed for one test alone: where it must commit."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture
def empty(cluster):
    """A database without anything."""
    database = cluster.create()
    yield database
    cluster.drop(database)
