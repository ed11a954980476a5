//! AIS: `InventoryAPIv3` and `LibraryAPIv3`, by which current viewers read and change inventories.
//!
//! The path behind the capability names a folder or an item, the method says what to do. Every answer
//! is a map in which viewers look for what changed, so errors never carry the keys of an item.

mod changes;
mod fetch;
mod show;
#[cfg(test)]
mod tests;

use axum::http::{Method, StatusCode};
use uuid::Uuid;

use self::changes::CopyOptions;
use self::fetch::Wanted;
use super::Caps;
use super::inventory_parts::Source;
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::{AgentId, FolderId, ItemId};
use crate::services::inventory::{
    EditRefusal, FolderType, Inventory, InventoryError, LIBRARY_ROOT,
};

/// Longest request body in bytes.
const MAX_BODY: usize = 1 << 20;

/// One request, as far as all operations need it.
struct Ais<'a> {
    inventory: &'a Inventory,
    agent: AgentId,
    /// Whose inventory is meant.
    owner: AgentId,
    source: Source,
    /// Seconds since 1970.
    now: u64,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Item(ItemId),
    Folder(FolderId, Part),
    Orphans,
}

/// Which part of a folder a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The folder itself.
    Itself,
    Children,
    Categories,
    Items,
    Links,
}

/// Answers one request to a capability.
pub(super) async fn handle(
    caps: &Caps,
    agent: AgentId,
    source: Source,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let ais = Ais {
        inventory: &caps.services.inventory,
        agent,
        owner: source.owner(agent),
        source,
        now: caps.services.clock.unix().as_secs(),
    };
    let method = request.method.clone();
    let path = request.tail().to_owned();
    let target = ais.target(&path).await?;
    // The only one of its methods that is not a standard one of HTTP.
    if method.as_str() == "COPY" {
        let options = CopyOptions::of(&request)?;
        return ais.copy(target, options).await;
    }
    if method == Method::GET {
        let wanted = Wanted::of(&request)?;
        return ais.fetch(target, wanted).await;
    }
    if source == Source::Library {
        return Err(CapError::MethodNotAllowed);
    }
    match (method, target) {
        (Method::POST, Target::Folder(folder, Part::Itself)) => ais.create(folder, request).await,
        (Method::PATCH, Target::Folder(folder, Part::Itself)) => {
            ais.change_folder(folder, request).await
        }
        (Method::PATCH, Target::Item(item)) => ais.change_item(item, request).await,
        (Method::PUT, Target::Folder(folder, Part::Links)) => {
            ais.replace_links(folder, request).await
        }
        (Method::DELETE, Target::Item(item)) => ais.remove_item(item).await,
        (Method::DELETE, Target::Folder(folder, Part::Itself)) => ais.remove_folder(folder).await,
        (Method::DELETE, Target::Folder(folder, Part::Children)) => ais.purge(folder).await,
        (Method::DELETE, Target::Folder(folder, Part::Links)) => ais.remove_links(folder).await,
        _ => Err(CapError::MethodNotAllowed),
    }
}

impl Ais<'_> {
    /// What the path behind the capability names.
    async fn target(&self, path: &str) -> Result<Target, CapError> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let target = match (parts.next(), parts.next(), parts.next()) {
            (Some("orphans"), None, None) => Target::Orphans,
            (Some("item"), Some(id), None) => {
                let id = Uuid::try_parse(id).map_err(|_| not_an_id(id))?;
                Target::Item(ItemId(id))
            }
            (Some("category"), Some(folder), part) => {
                let part = match part {
                    None => Part::Itself,
                    Some("children") => Part::Children,
                    Some("categories") => Part::Categories,
                    Some("items") => Part::Items,
                    Some("links") => Part::Links,
                    Some(_) => return Err(CapError::NotFound("part of a category")),
                };
                Target::Folder(self.folder(folder).await?, part)
            }
            _ => return Err(CapError::NotFound("resource")),
        };
        if parts.next().is_some() { Err(CapError::NotFound("resource")) } else { Ok(target) }
    }

    /// The folder that a path names by its id or by what it is for.
    async fn folder(&self, name: &str) -> Result<FolderId, CapError> {
        let kind = match name {
            "current" => FolderType::CurrentOutfit,
            "trash" => FolderType::Trash,
            "root" | "inventory" => FolderType::Root,
            "lost+found" | "lostandfound" => FolderType::LostAndFound,
            id => return Uuid::try_parse(id).map(FolderId).map_err(|_| not_an_id(id)),
        };
        if self.source == Source::Library {
            return if kind == FolderType::Root { Ok(LIBRARY_ROOT) } else { Err(no_folder()) };
        }
        let found = self.inventory.folder_of_type(self.owner, kind).await.map_err(refused)?;
        found.map(|folder| folder.id).ok_or_else(no_folder)
    }
}

fn not_an_id(text: &str) -> CapError {
    CapError::Map(StatusCode::BAD_REQUEST, format!("{text:?} is not an id"))
}

fn no_folder() -> CapError {
    CapError::Map(StatusCode::NOT_FOUND, EditRefusal::NoFolder.to_string())
}

/// The status that clients understand.
fn refused(error: InventoryError) -> CapError {
    let refusal = match error {
        InventoryError::Refused(refusal) => refusal,
        error => {
            tracing::error!(%error, "an inventory cannot be reached");
            return CapError::Unavailable("the inventory cannot be reached now");
        }
    };
    let status = match refusal {
        EditRefusal::NoFolder | EditRefusal::NoItem => StatusCode::NOT_FOUND,
        EditRefusal::IdTaken => StatusCode::CONFLICT,
        EditRefusal::Protected | EditRefusal::NoCopy | EditRefusal::Full => StatusCode::FORBIDDEN,
        EditRefusal::Cycle | EditRefusal::SecondOfType | EditRefusal::NotALink => {
            StatusCode::BAD_REQUEST
        }
    };
    CapError::Map(status, refusal.to_string())
}

/// As [`refused`], for deletions: viewers forget what is gone.
fn gone(error: InventoryError) -> CapError {
    match error {
        InventoryError::Refused(refusal @ (EditRefusal::NoFolder | EditRefusal::NoItem)) => {
            CapError::Map(StatusCode::GONE, refusal.to_string())
        }
        error => refused(error),
    }
}
