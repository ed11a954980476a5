-- What people have to do with each other. Row numbers keep the order in which things came.

CREATE TABLE groups (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    name            TEXT NOT NULL,
    -- Folded to lower case: how names are compared and searched.
    name_key        TEXT NOT NULL UNIQUE,
    charter         TEXT NOT NULL,
    show_in_list    INTEGER NOT NULL CHECK (show_in_list IN (0, 1)),
    insignia        BLOB NOT NULL CHECK (length(insignia) = 16),
    membership_fee  INTEGER NOT NULL,
    open_enrollment INTEGER NOT NULL CHECK (open_enrollment IN (0, 1)),
    allow_publish   INTEGER NOT NULL CHECK (allow_publish IN (0, 1)),
    mature_publish  INTEGER NOT NULL CHECK (mature_publish IN (0, 1)),
    -- Outlives its account.
    founder         BLOB NOT NULL CHECK (length(founder) = 16),
    owner_role      BLOB NOT NULL CHECK (length(owner_role) = 16),
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_roles (
    row         INTEGER PRIMARY KEY,
    group_id    BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    -- Zero for the role that everyone has.
    id          BLOB NOT NULL CHECK (length(id) = 16),
    name        TEXT NOT NULL,
    title       TEXT NOT NULL,
    description TEXT NOT NULL,
    -- 64 bits; the highest is the sign.
    powers      INTEGER NOT NULL,
    UNIQUE (group_id, id)
) STRICT;

CREATE TABLE group_members (
    row             INTEGER PRIMARY KEY,
    group_id        BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    agent           BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    selected_role   BLOB NOT NULL CHECK (length(selected_role) = 16),
    accept_notices  INTEGER NOT NULL CHECK (accept_notices IN (0, 1)),
    list_in_profile INTEGER NOT NULL CHECK (list_in_profile IN (0, 1)),
    contribution    INTEGER NOT NULL,
    joined_at       INTEGER NOT NULL,
    UNIQUE (group_id, agent)
) STRICT;

CREATE INDEX group_members_by_agent ON group_members (agent);

CREATE TABLE group_member_roles (
    group_id BLOB NOT NULL,
    agent    BLOB NOT NULL,
    position INTEGER NOT NULL,
    role     BLOB NOT NULL CHECK (length(role) = 16),
    PRIMARY KEY (group_id, agent, position),
    FOREIGN KEY (group_id, agent) REFERENCES group_members (group_id, agent) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX group_member_roles_by_role ON group_member_roles (group_id, role);

CREATE TABLE active_groups (
    agent    BLOB PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX active_groups_by_group ON active_groups (group_id);

CREATE TABLE group_invites (
    row      INTEGER PRIMARY KEY,
    id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    invitee  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role     BLOB NOT NULL CHECK (length(role) = 16),
    inviter  BLOB NOT NULL CHECK (length(inviter) = 16),
    at       INTEGER NOT NULL,
    UNIQUE (group_id, invitee)
) STRICT;

CREATE INDEX group_invites_by_invitee ON group_invites (invitee);
CREATE INDEX group_invites_by_time ON group_invites (at);

CREATE TABLE group_notices (
    row              INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    group_id         BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    -- Outlives its account, and so does the name.
    sender           BLOB NOT NULL CHECK (length(sender) = 16),
    sender_name      TEXT NOT NULL,
    subject          TEXT NOT NULL,
    body             TEXT NOT NULL,
    -- All four or none.
    attachment_item  BLOB CHECK (length(attachment_item) = 16),
    attachment_owner BLOB CHECK (length(attachment_owner) = 16),
    attachment_type  INTEGER,
    attachment_name  TEXT,
    at               INTEGER NOT NULL
) STRICT;

CREATE INDEX group_notices_by_group ON group_notices (group_id);
CREATE INDEX group_notices_by_time ON group_notices (at);

-- Each friendship is two rows, one for either side.
CREATE TABLE friendships (
    row    INTEGER PRIMARY KEY,
    agent  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    friend BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- What `agent` lets `friend` do.
    given  INTEGER NOT NULL,
    UNIQUE (agent, friend),
    CHECK (agent <> friend)
) STRICT;

CREATE INDEX friendships_by_friend ON friendships (friend);

CREATE TABLE friend_offers (
    row            INTEGER PRIMARY KEY,
    sender         BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    recipient      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    transaction_id BLOB NOT NULL CHECK (length(transaction_id) = 16),
    message        TEXT NOT NULL,
    at             INTEGER NOT NULL,
    UNIQUE (sender, recipient)
) STRICT;

CREATE INDEX friend_offers_by_recipient ON friend_offers (recipient);

CREATE TABLE mutes (
    row        INTEGER PRIMARY KEY,
    owner      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Zero for an entry by name.
    id         BLOB NOT NULL CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    type       INTEGER NOT NULL,
    exceptions INTEGER NOT NULL,
    UNIQUE (owner, id, name)
) STRICT;

-- Instant messages for who is not here.
CREATE TABLE messages (
    row         INTEGER PRIMARY KEY,
    key         BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
    recipient   BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- An agent, a group or an object.
    sender      BLOB NOT NULL CHECK (length(sender) = 16),
    sender_name TEXT NOT NULL,
    from_group  INTEGER NOT NULL CHECK (from_group IN (0, 1)),
    dialog      INTEGER NOT NULL,
    id          BLOB NOT NULL CHECK (length(id) = 16),
    region      BLOB NOT NULL CHECK (length(region) = 16),
    x           REAL NOT NULL,
    y           REAL NOT NULL,
    z           REAL NOT NULL,
    at          INTEGER NOT NULL,
    text        TEXT NOT NULL,
    bucket      BLOB NOT NULL
) STRICT;

CREATE INDEX messages_by_recipient ON messages (recipient);
CREATE INDEX messages_by_time ON messages (at);

CREATE TABLE profiles (
    agent            BLOB PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    about            TEXT NOT NULL,
    first_life       TEXT NOT NULL,
    image            BLOB NOT NULL CHECK (length(image) = 16),
    first_life_image BLOB NOT NULL CHECK (length(first_life_image) = 16),
    url              TEXT NOT NULL,
    allow_publish    INTEGER NOT NULL CHECK (allow_publish IN (0, 1)),
    mature_publish   INTEGER NOT NULL CHECK (mature_publish IN (0, 1)),
    want_to_mask     INTEGER NOT NULL,
    want_to_text     TEXT NOT NULL,
    skills_mask      INTEGER NOT NULL,
    skills_text      TEXT NOT NULL,
    languages        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    agent BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Outlives its account.
    about BLOB NOT NULL CHECK (length(about) = 16),
    text  TEXT NOT NULL,
    PRIMARY KEY (agent, about)
) STRICT, WITHOUT ROWID;
