-- The folder of a type is looked for with every item that is made.
CREATE INDEX folders_by_type ON folders (owner, type);

-- How many folders and items an owner has; the rows are counted as they come and go.
CREATE TABLE inventory_sizes (
    owner   BLOB PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    entries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO inventory_sizes (owner, entries)
SELECT owner, count(*)
FROM (SELECT owner FROM folders UNION ALL SELECT owner FROM items)
GROUP BY owner;

CREATE TRIGGER folder_counts AFTER INSERT ON folders BEGIN
    INSERT INTO inventory_sizes (owner, entries) VALUES (NEW.owner, 1)
    ON CONFLICT (owner) DO UPDATE SET entries = entries + 1;
END;

CREATE TRIGGER folder_goes AFTER DELETE ON folders BEGIN
    UPDATE inventory_sizes SET entries = entries - 1 WHERE owner = OLD.owner;
END;

CREATE TRIGGER item_counts AFTER INSERT ON items BEGIN
    INSERT INTO inventory_sizes (owner, entries) VALUES (NEW.owner, 1)
    ON CONFLICT (owner) DO UPDATE SET entries = entries + 1;
END;

CREATE TRIGGER item_goes AFTER DELETE ON items BEGIN
    UPDATE inventory_sizes SET entries = entries - 1 WHERE owner = OLD.owner;
END;
