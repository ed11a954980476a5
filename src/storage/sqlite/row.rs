//! Conversion of columns to values and back; damaged data and refused values are different errors.

use rusqlite::types::{Type, ValueRef};
use rusqlite::{Row, ToSql};
use uuid::Uuid;

use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;
use crate::services::accounts::Location;
use crate::services::inventory::{
    AssetId, AssetType, Folder, FolderId, FolderType, InventoryType, Item, ItemId, Permissions,
    SaleInfo,
};

/// The columns that [`folder`] reads.
pub(super) const FOLDER_COLUMNS: &str = "id, owner, parent, name, type, version";

/// The columns that [`item`] reads.
pub(super) const ITEM_COLUMNS: &str = "id, owner, folder, asset, name, description, asset_type, \
     inventory_type, flags, creator, last_owner, group_id, group_owned, base_mask, owner_mask, \
     group_mask, everyone_mask, next_mask, sale_type, sale_price, created_at";

pub(super) fn folder(row: &Row<'_>) -> rusqlite::Result<Folder> {
    let parent = match row.get_ref(2)? {
        ValueRef::Null => None,
        _ => Some(FolderId(id(row, 2)?)),
    };
    Ok(Folder {
        id: FolderId(id(row, 0)?),
        owner: AgentId(id(row, 1)?),
        parent,
        name: row.get(3)?,
        kind: code(row, 4, FolderType::from_code(row.get(4)?))?,
        version: row.get(5)?,
    })
}

pub(super) fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        id: ItemId(id(row, 0)?),
        owner: AgentId(id(row, 1)?),
        folder: FolderId(id(row, 2)?),
        asset: AssetId(id(row, 3)?),
        name: row.get(4)?,
        description: row.get(5)?,
        asset_type: code(row, 6, AssetType::from_code(row.get(6)?))?,
        inventory_type: code(row, 7, InventoryType::from_code(row.get(7)?))?,
        flags: row.get(8)?,
        permissions: Permissions {
            creator: AgentId(id(row, 9)?),
            last_owner: AgentId(id(row, 10)?),
            group: id(row, 11)?,
            group_owned: row.get(12)?,
            base: row.get(13)?,
            owner: row.get(14)?,
            group_mask: row.get(15)?,
            everyone: row.get(16)?,
            next_owner: row.get(17)?,
        },
        sale: SaleInfo { kind: row.get(18)?, price: row.get(19)? },
        created_at: time(row, 20)?,
    })
}

/// Seven columns from `first` on; none if there is no such row in an outer join.
pub(super) fn location(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Location>> {
    if row.get_ref(first)? == ValueRef::Null {
        return Ok(None);
    }
    let number = |offset: usize| row.get::<_, f32>(first + offset);
    Ok(Some(Location {
        region: RegionId(id(row, first)?),
        position: Vector3::new(number(1)?, number(2)?, number(3)?),
        look_at: Vector3::new(number(4)?, number(5)?, number(6)?),
    }))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let bytes: [u8; 16] = row.get(column)?;
    Ok(Uuid::from_bytes(bytes))
}

/// Seconds since 1970, which no column holds as a negative number.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let seconds: i64 = row.get(column)?;
    u64::try_from(seconds).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, seconds))
}

/// Seconds since 1970 as a parameter.
pub(super) fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// A UUID as a parameter.
pub(super) fn blob(id: &Uuid) -> &dyn ToSql {
    id.as_bytes()
}

/// A number that names something, which it must.
pub(super) fn code<T>(row: &Row<'_>, column: usize, value: Option<T>) -> rusqlite::Result<T> {
    value.ok_or_else(|| {
        let name = row.as_ref().column_name(column).unwrap_or("?").to_owned();
        let number = row.get::<_, i64>(column).unwrap_or_default();
        let what = format!("{number} is no known {name}");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
    })
}

/// What is damaged, if that is what the error says.
pub(super) fn damage(error: &rusqlite::Error) -> Option<String> {
    use rusqlite::Error as E;
    match error {
        E::FromSqlConversionFailure(..)
        | E::InvalidColumnType(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..) => Some(error.to_string()),
        E::SqliteFailure(code, _)
            if matches!(
                code.code,
                rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase
            ) =>
        {
            Some(error.to_string())
        }
        _ => None,
    }
}
