"""One build or landing of a warehouse at a time: PostgreSQL's lock, which ends with its holder."""

from __future__ import annotations

import time

from psycopg2 import extensions

from shelfcast import warehouse
from shelfcast.postgres.connection import PostgresError

_KEY = "hashtextextended(%(name)s, 0)"

_HOLDER = f"""
    select
        'connection ' || pid
        || coalesce(
            -- a role is not told when connections of others began
            to_char(backend_start at time zone 'UTC', '", since "YYYY-MM-DD HH24:MI" UTC"'),
            ''
        )
    from pg_stat_activity
    inner join pg_locks using (pid)
    where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = {_KEY}
"""
"""The connection that holds the lock."""

_TRIES, _PAUSE_SECONDS = 20, 0.1
"""How often, and after which pause, a lock is asked for that nobody holds any more."""


def take_lock(connection: extensions.connection) -> None:
    """Take the lock of the warehouse, for as long as the connection lives.

    It is a lock of the session, so that the server drops it when the client ends, however it ends.
    The server takes a moment to do so, for which this waits.

    Raises
    ------
    PostgresError
        Another connection holds it; the message says which, and since when where it may know.
    """
    name = {"name": f"shelfcast {warehouse.schema('')}"}
    with connection.cursor() as cursor:
        for _ in range(_TRIES):
            cursor.execute(f"select pg_try_advisory_lock({_KEY})", name)
            if cursor.fetchone() == (True,):
                return
            cursor.execute(_HOLDER, name)
            if holder := cursor.fetchone():
                break
            time.sleep(_PAUSE_SECONDS)
    who = holder[0] if holder else "it has just ended"
    raise PostgresError(
        f"Another build or landing of this warehouse is at work ({who}); run again when it ends"
    )
