//! The tables `folders` and `items`.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ids::AgentId;
use crate::services::inventory::{
    Contents, Folder, FolderId, FolderType, InventoryStore, Item, ItemId,
};
use crate::services::ports::StoreError;

use super::row::{FOLDER_COLUMNS, ITEM_COLUMNS, blob, folder, item, seconds};
use super::{SqliteStore, query, sql};

impl InventoryStore for SqliteStore {
    fn folders(&mut self, owner: AgentId) -> Result<Vec<Folder>, StoreError> {
        let text = format!("SELECT {FOLDER_COLUMNS} FROM folders WHERE owner = ?1 ORDER BY row");
        let read = || -> rusqlite::Result<Vec<Folder>> {
            let mut statement = self.connection.prepare_cached(&text)?;
            statement.query_map(params![blob(&owner.0)], folder)?.collect()
        };
        sql(READ, read())
    }

    fn folder(&mut self, owner: AgentId, id: FolderId) -> Result<Option<Folder>, StoreError> {
        let text = format!("SELECT {FOLDER_COLUMNS} FROM folders WHERE id = ?1 AND owner = ?2");
        let parameters = params![blob(&id.0), blob(&owner.0)];
        let read = || self.connection.prepare_cached(&text)?.query_row(parameters, folder);
        sql(READ, read().optional())
    }

    fn folder_contents(
        &mut self,
        owner: AgentId,
        id: FolderId,
    ) -> Result<Option<Contents>, StoreError> {
        let Some(folder) = self.folder(owner, id)? else { return Ok(None) };
        let (folders, items) = sql(READ, children(&self.connection, owner, id))?;
        Ok(Some(Contents { folder, folders, items }))
    }

    fn item(&mut self, owner: AgentId, id: ItemId) -> Result<Option<Item>, StoreError> {
        let text = format!("SELECT {ITEM_COLUMNS} FROM items WHERE id = ?1 AND owner = ?2");
        let parameters = params![blob(&id.0), blob(&owner.0)];
        let read = || self.connection.prepare_cached(&text)?.query_row(parameters, item);
        sql(READ, read().optional())
    }

    fn folder_of_type(
        &mut self,
        owner: AgentId,
        kind: FolderType,
    ) -> Result<Option<Folder>, StoreError> {
        let text = format!(
            "SELECT {FOLDER_COLUMNS} FROM folders WHERE owner = ?1 AND type = ?2 AND (parent IS NULL \
             OR parent IN (SELECT id FROM folders WHERE owner = ?1 AND type = ?3 \
             AND parent IS NULL)) ORDER BY row LIMIT 1"
        );
        let parameters = params![blob(&owner.0), kind.code(), FolderType::Root.code()];
        query::one(&self.connection, READ, &text, parameters, folder)
    }

    fn inventory_size(&mut self, owner: AgentId) -> Result<u64, StoreError> {
        let text = "SELECT entries FROM inventory_sizes WHERE owner = ?1";
        let size = query::one(&self.connection, READ, text, params![blob(&owner.0)], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(size.unwrap_or_default().unsigned_abs())
    }

    fn create_folder(&mut self, folder: &Folder) -> Result<(), StoreError> {
        insert_folder(&self.connection, folder)
            .map_err(|error| query::taken(WRITE, error, || format!("folder {}", folder.id)))
    }

    fn change_folder(&mut self, folder: &Folder) -> Result<(), StoreError> {
        let text =
            "UPDATE folders SET parent = ?3, name = ?4, type = ?5 WHERE id = ?1 AND owner = ?2";
        let parameters = params![
            blob(&folder.id.0),
            blob(&folder.owner.0),
            folder.parent.as_ref().map(|parent| blob(&parent.0)),
            folder.name,
            folder.kind.code(),
        ];
        query::change(&self.connection, WRITE, text, parameters).map(drop)
    }

    fn touch_folder(&mut self, owner: AgentId, id: FolderId) -> Result<Option<i32>, StoreError> {
        let text = "UPDATE folders SET version = version + 1 WHERE id = ?1 AND owner = ?2 \
                    RETURNING version";
        let parameters = params![blob(&id.0), blob(&owner.0)];
        query::one(&self.connection, WRITE, text, parameters, |row| row.get(0))
    }

    fn remove_folder(&mut self, owner: AgentId, id: FolderId) -> Result<bool, StoreError> {
        let text = "DELETE FROM folders WHERE id = ?1 AND owner = ?2";
        let parameters = params![blob(&id.0), blob(&owner.0)];
        Ok(query::change(&self.connection, WRITE, text, parameters)? > 0)
    }

    fn create_item(&mut self, item: &Item) -> Result<(), StoreError> {
        insert_item(&self.connection, item)
            .map_err(|error| query::taken(WRITE, error, || format!("item {}", item.id)))
    }

    fn change_item(&mut self, item: &Item) -> Result<(), StoreError> {
        let columns: Vec<String> = ITEM_COLUMNS
            .split(", ")
            .zip(1..)
            .skip(2)
            .map(|(column, number)| format!("{column} = ?{number}"))
            .collect();
        let text = format!("UPDATE items SET {} WHERE id = ?1 AND owner = ?2", columns.join(", "));
        let run = || -> rusqlite::Result<()> { with_item(&self.connection, &text, item) };
        sql(WRITE, run())
    }

    fn remove_item(&mut self, owner: AgentId, id: ItemId) -> Result<bool, StoreError> {
        let text = "DELETE FROM items WHERE id = ?1 AND owner = ?2";
        let parameters = params![blob(&id.0), blob(&owner.0)];
        Ok(query::change(&self.connection, WRITE, text, parameters)? > 0)
    }
}

pub(super) fn insert_folder(connection: &Connection, folder: &Folder) -> rusqlite::Result<()> {
    let text = format!("INSERT INTO folders ({FOLDER_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    let parameters = params![
        blob(&folder.id.0),
        blob(&folder.owner.0),
        folder.parent.as_ref().map(|parent| blob(&parent.0)),
        folder.name,
        folder.kind.code(),
        folder.version,
    ];
    connection.prepare_cached(&text)?.execute(parameters).map(drop)
}

pub(super) fn insert_item(connection: &Connection, item: &Item) -> rusqlite::Result<()> {
    let text = format!(
        "INSERT INTO items ({ITEM_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
         ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
    );
    with_item(connection, &text, item)
}

/// Runs a statement with the columns of an item as its parameters, in the order of
/// [`ITEM_COLUMNS`].
fn with_item(connection: &Connection, text: &str, item: &Item) -> rusqlite::Result<()> {
    let parameters = params![
        blob(&item.id.0),
        blob(&item.owner.0),
        blob(&item.folder.0),
        blob(&item.asset.0),
        item.name,
        item.description,
        item.asset_type.code(),
        item.inventory_type.code(),
        item.flags,
        blob(&item.permissions.creator.0),
        blob(&item.permissions.last_owner.0),
        blob(&item.permissions.group),
        item.permissions.group_owned,
        item.permissions.base,
        item.permissions.owner,
        item.permissions.group_mask,
        item.permissions.everyone,
        item.permissions.next_owner,
        item.sale.kind,
        item.sale.price,
        seconds(item.created_at),
    ];
    connection.prepare_cached(text)?.execute(parameters).map(drop)
}

fn children(
    connection: &Connection,
    owner: AgentId,
    id: FolderId,
) -> rusqlite::Result<(Vec<Folder>, Vec<Item>)> {
    let parameters = params![blob(&id.0), blob(&owner.0)];
    let text = format!(
        "SELECT {FOLDER_COLUMNS} FROM folders WHERE parent = ?1 AND owner = ?2 ORDER BY row"
    );
    let mut statement = connection.prepare_cached(&text)?;
    let folders = statement.query_map(parameters, folder)?.collect::<rusqlite::Result<_>>()?;
    let text =
        format!("SELECT {ITEM_COLUMNS} FROM items WHERE folder = ?1 AND owner = ?2 ORDER BY row");
    let mut statement = connection.prepare_cached(&text)?;
    let items = statement.query_map(parameters, item)?.collect::<rusqlite::Result<_>>()?;
    Ok((folders, items))
}

const READ: &str = "read an inventory";
const WRITE: &str = "change an inventory";
