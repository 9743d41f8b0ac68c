-- What Segno keeps on a laptop. Times are milliseconds since the Unix epoch.

-- One row for each execution, as DescribeExecution shows it. Where `name` is NULL there is only a log:
-- the execution was stopped before it was started.
CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL,
    nonce TEXT NOT NULL,            -- tells this start from an earlier one of the same name
    name TEXT,
    status TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    output INTEGER,                 -- number of the payload
    error TEXT,
    cause TEXT,
    redrives INTEGER NOT NULL DEFAULT 0,
    redriven_at INTEGER,
    is_redrivable INTEGER NOT NULL DEFAULT 0,
    shown_commit INTEGER NOT NULL DEFAULT 0, -- number of the commit that says so
    machine_arn TEXT,
    version_arn TEXT,
    alias_arn TEXT,
    machine TEXT,                   -- JSON: the state machine as it was when the execution started
    trace_header TEXT,
    parent TEXT,                    -- JSON: the attempt that waits for its end
    UNIQUE (arn, nonce)
) STRICT;

CREATE INDEX executions_by_machine ON executions (machine_arn, started_at DESC, arn)
    WHERE name IS NOT NULL;
CREATE INDEX executions_open ON executions (arn) WHERE name IS NOT NULL AND ended_at IS NULL;
CREATE INDEX executions_ended ON executions (ended_at) WHERE ended_at IS NOT NULL;

-- The log of each execution.
CREATE TABLE commits (
    execution INTEGER NOT NULL,     -- executions.id
    number INTEGER NOT NULL,        -- counted from 1
    writer TEXT NOT NULL,           -- tells this write from any other of the same commit
    cause INTEGER,                  -- the message that brought it about
    last_event INTEGER NOT NULL,    -- id of the last history event, this commit's included
    whole INTEGER NOT NULL,         -- number of the last commit whose `checkpoint` is whole
    checkpoint TEXT NOT NULL,       -- JSON: whole, or what it differs in from that of the commit before
    history TEXT NOT NULL           -- the history events that the commit adds: JSON, one a line
) STRICT;

-- Not the primary key of a table without row ids: whoever looks for one row would read others whole.
CREATE UNIQUE INDEX commits_by_number ON commits (execution, number);

-- The inputs, outputs and everything between, each once. Number 0 is the execution's input.
CREATE TABLE payloads (
    execution INTEGER NOT NULL,     -- executions.id
    number INTEGER NOT NULL,        -- of the first payload in the row
    texts TEXT NOT NULL             -- for each payload: its number, the bytes of its JSON, that JSON
) STRICT;

CREATE UNIQUE INDEX payloads_by_number ON payloads (execution, number);

-- How attempts with a task token end.
CREATE TABLE decisions (
    execution INTEGER NOT NULL,     -- executions.id
    attempt INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    decision TEXT NOT NULL,         -- succeeded, failed: the answer; closed, broken (with this error):
                                    -- it ended without one
    output TEXT,                    -- JSON
    error TEXT,
    cause TEXT,
    PRIMARY KEY (execution, attempt)
) STRICT;

-- When the holders of task tokens were last heard of.
CREATE TABLE beats (
    execution INTEGER NOT NULL,     -- executions.id
    attempt INTEGER NOT NULL,
    frame INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (execution, attempt, frame)
) STRICT, WITHOUT ROWID;

-- State machines and activities, by ARN.
CREATE TABLE records (
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    etag INTEGER NOT NULL,
    body ANY NOT NULL,              -- JSON
    PRIMARY KEY (collection, name)
) STRICT;

CREATE TABLE etags (last INTEGER NOT NULL) STRICT;
INSERT INTO etags VALUES (0);

-- Definitions and whatever else is stored under its hash.
CREATE TABLE contents (
    hash TEXT NOT NULL PRIMARY KEY,
    content ANY NOT NULL
) STRICT;
