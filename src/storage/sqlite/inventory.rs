//! The tables `folders` and `items`.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ids::AgentId;
use crate::services::inventory::{Contents, Folder, FolderId, Item, ItemId};
use crate::services::ports::{InventoryStore, StoreError};

use super::row::{FOLDER_COLUMNS, ITEM_COLUMNS, blob, folder, item, seconds};
use super::{SqliteStore, sql};

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
    connection.prepare_cached(&text)?.execute(parameters).map(drop)
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
