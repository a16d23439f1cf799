"""The small question of a scan, past sessions: it only reads, sees what is committed, outlives a broken line."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from traceability.db import Database


def test_a_small_question_is_answered_after_the_server_hung_up(database: Database) -> None:
    assert database.rows("SELECT 1 WHERE 1 = ?", 1) == [(1,)]
    if not database.is_sqlite:
        own = database._quick.kept[1].info.backend_pid
        with database.engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_terminate_backend(:own)"), {"own": own})
    assert database.rows("SELECT 1 WHERE 1 = ?", 1) == [(1,)]


def test_a_small_question_changes_nothing(database: Database) -> None:
    with pytest.raises((sqlite3.OperationalError, psycopg.Error)):
        database.rows("DELETE FROM visitor_key")
    assert database.rows("SELECT count(*) FROM visitor_key") == [(0,)]
