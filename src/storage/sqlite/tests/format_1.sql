-- A database of format 1, as Holm wrote it before there were groups and friends. Never changed.

PRAGMA application_id = 0x484F4C4D;
PRAGMA user_version = 1;

CREATE TABLE accounts (
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    first          TEXT NOT NULL,
    last           TEXT NOT NULL,
    -- Lower case, one blank between: how names are compared.
    name_key       TEXT NOT NULL UNIQUE,
    password       TEXT NOT NULL,
    password_short TEXT,
    created_at     INTEGER NOT NULL,
    last_login     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE locations (
    account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- 0 last, 1 home.
    place   INTEGER NOT NULL CHECK (place IN (0, 1)),
    region  BLOB NOT NULL CHECK (length(region) = 16),
    x       REAL NOT NULL,
    y       REAL NOT NULL,
    z       REAL NOT NULL,
    look_x  REAL NOT NULL,
    look_y  REAL NOT NULL,
    look_z  REAL NOT NULL,
    PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE folders (
    -- Row numbers keep the order of creation, parents before children.
    row     INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    owner   BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    parent  BLOB REFERENCES folders (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    type    INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE INDEX folders_by_owner ON folders (owner);
CREATE INDEX folders_by_parent ON folders (parent);

CREATE TABLE items (
    row            INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    owner          BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    folder         BLOB NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    asset          BLOB NOT NULL CHECK (length(asset) = 16),
    name           TEXT NOT NULL,
    description    TEXT NOT NULL,
    asset_type     INTEGER NOT NULL,
    inventory_type INTEGER NOT NULL,
    flags          INTEGER NOT NULL,
    creator        BLOB NOT NULL CHECK (length(creator) = 16),
    last_owner     BLOB NOT NULL CHECK (length(last_owner) = 16),
    group_id       BLOB NOT NULL CHECK (length(group_id) = 16),
    group_owned    INTEGER NOT NULL CHECK (group_owned IN (0, 1)),
    base_mask      INTEGER NOT NULL,
    owner_mask     INTEGER NOT NULL,
    group_mask     INTEGER NOT NULL,
    everyone_mask  INTEGER NOT NULL,
    next_mask      INTEGER NOT NULL,
    sale_type      INTEGER NOT NULL,
    sale_price     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX items_by_owner ON items (owner);
CREATE INDEX items_by_folder ON items (folder);

INSERT INTO accounts VALUES (
    X'00000000000000000000000000000001', 'Ünï', 'Cöde', 'ünï cöde', 'full', 'short',
    1700000000, 1700000001
);

INSERT INTO locations VALUES (
    X'00000000000000000000000000000001', 0, X'00000000000000000000000000000003',
    1.5, 2.5, 3.5, 1.0, 0.0, 0.0
);

INSERT INTO folders VALUES
    (2, X'0000000000000000000000000000000A', X'00000000000000000000000000000001',
     NULL, 'My Inventory', 8, 7),
    (4, X'0000000000000000000000000000000B', X'00000000000000000000000000000001',
     X'0000000000000000000000000000000A', 'Objects', 6, 1);

INSERT INTO items VALUES (
    1, X'0000000000000000000000000000000C', X'00000000000000000000000000000001',
    X'0000000000000000000000000000000B', X'0000000000000000000000000000000D',
    'Thing', 'a thing', 6, 6, 0,
    X'00000000000000000000000000000001', X'00000000000000000000000000000001',
    X'00000000000000000000000000000000', 0,
    2147483647, 2147483647, 0, 0, 581632, 0, 10, 1700000002
);
