"""The journal's tables, and what makes those of this version from those of another."""

from __future__ import annotations

SCHEMA_VERSION = 3
FED_SINCE = 3
"""Version whose tables the feed needs; until a journal is written to, it may be older."""

_TABLES = (
    """
    CREATE TABLE run (
        id TEXT PRIMARY KEY, action TEXT NOT NULL, user TEXT NOT NULL, pid INTEGER NOT NULL, node TEXT NOT NULL,
        process TEXT NOT NULL, boot_id TEXT NOT NULL, argv TEXT NOT NULL, selection TEXT NOT NULL, began REAL NOT NULL
    )""",
    """
    CREATE TABLE run_service (
        run_id TEXT NOT NULL REFERENCES run(id), service TEXT NOT NULL, ended REAL, outcome TEXT,
        recovered_by TEXT, PRIMARY KEY (run_id, service)
    )""",
    "CREATE INDEX run_service_by_name ON run_service(service)",
    """
    CREATE TABLE command (
        id TEXT PRIMARY KEY, run_id TEXT NOT NULL, service TEXT NOT NULL, rid TEXT NOT NULL, host TEXT NOT NULL,
        argv TEXT NOT NULL, changes INTEGER NOT NULL, time_limit REAL NOT NULL, began REAL NOT NULL,
        pid INTEGER, process TEXT, ended REAL, rc INTEGER, stdout TEXT, stderr TEXT, error TEXT
    )""",
    "CREATE INDEX command_by_run ON command(run_id, service)",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_STEP = (
    """
    CREATE TABLE step (
        run_id TEXT NOT NULL, service TEXT NOT NULL, rid TEXT NOT NULL, action TEXT NOT NULL, way_back INTEGER NOT NULL,
        began REAL, ended REAL, state TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '[]',
        lost TEXT NOT NULL DEFAULT '[]', node TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run_id, service, rid, action, way_back, node)
    )""",
)
_STEPS_OF_1 = (
    """
    INSERT INTO step (run_id, service, rid, action, way_back, began, ended, state, text, notes, lost, node)
        SELECT s.run_id, s.service, s.rid, s.action, s.way_back, s.began, s.ended, s.state, s.text, s.notes, s.lost,
            r.node
        FROM step_1 s JOIN run r ON r.id=s.run_id""",
    "DROP TABLE step_1",
)
_FEED = (
    # A number is never used twice, whatever is dropped: a reader's position stays a position.
    """
    CREATE TABLE change (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, run_id TEXT NOT NULL DEFAULT '',
        service TEXT NOT NULL DEFAULT '', at REAL NOT NULL, digest TEXT NOT NULL DEFAULT '',
        data TEXT NOT NULL DEFAULT '{}'
    )""",
    "CREATE INDEX change_by_kind ON change(kind, service, seq)",
    "CREATE INDEX change_by_run ON change(run_id)",
    "CREATE TABLE reader (name TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, kind))",
    # What tells this file from one that takes its place: positions hold for one file only.
    "INSERT OR REPLACE INTO fact VALUES ('journal_id', lower(hex(randomblob(8))))",
    # Runs that are under way, or were cut and not seen yet: their end is fed, so is their begin. The past is not.
    """
    INSERT INTO change (kind, run_id, service, at)
        SELECT 'begin', s.run_id, s.service, r.began FROM run_service s JOIN run r ON r.id=s.run_id
        WHERE s.outcome IS NULL ORDER BY s.rowid""",
    # As triggers, so that whoever still has the file open with the code of an older version feeds it too.
    """
    CREATE TRIGGER feed_begin AFTER INSERT ON run_service BEGIN
        INSERT INTO change (kind, run_id, service, at)
            SELECT 'begin', NEW.run_id, NEW.service, began FROM run WHERE id=NEW.run_id;
    END""",
    """
    CREATE TRIGGER feed_end AFTER UPDATE OF outcome ON run_service
    WHEN NEW.outcome IS NOT NULL AND NEW.outcome IS NOT OLD.outcome BEGIN
        INSERT INTO change (kind, run_id, service, at, data)
            VALUES ('end', NEW.run_id, NEW.service, NEW.ended, '{"outcome": "' || NEW.outcome || '"}');
    END""",
)
# Which step a command was of, as its clock may have been put back meanwhile.
_STEP_OF_COMMAND = (
    "ALTER TABLE command ADD COLUMN action TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE command ADD COLUMN way_back INTEGER NOT NULL DEFAULT 0",
)

UPGRADES: dict[int, tuple[str, ...]] = {
    0: (*_TABLES, *_STEP, *_FEED, *_STEP_OF_COMMAND),
    # Until then a run's steps were all done on its own node.
    1: ("ALTER TABLE step RENAME TO step_1", *_STEP, *_STEPS_OF_1, *_FEED, *_STEP_OF_COMMAND),
    # Until then nobody was told.
    2: (*_FEED, *_STEP_OF_COMMAND),
}
"""What makes the tables of this version from those of another; 0 is an empty file."""
