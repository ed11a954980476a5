//! Reading inventory: folders with their contents, and single items, of the agent and of the
//! library.

use uuid::Uuid;

use super::Caps;
use super::inventory_parts::{Source, category, item_to_llsd};
use super::request::{CapError, CapReply, CapRequest};
use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::services::inventory::{
    Contents, Edit, Folder, FolderId, FolderType, InventoryError, Item, ItemId,
};

/// `FetchInventoryDescendents2` and `FetchLibDescendents2`: POST `{folders: [{folder_id, owner_id,
/// fetch_folders, fetch_items, sort_order}]}`. One entry in the answer for each good folder, in the
/// order asked.
pub(super) async fn descendents(
    caps: &Caps,
    agent: AgentId,
    source: Source,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let wanted = body.get("folders").as_array();
    let judge = |(position, wanted): (usize, &Llsd)| {
        if position >= MAX_PER_REQUEST {
            return Err("too many folders in one request");
        }
        let folder = id_of(wanted.get("folder_id")).ok_or("not an id")?;
        if source.accepts(AgentId(wanted.get("owner_id").as_uuid()), agent) {
            Ok(FolderId(folder))
        } else {
            Err("not the owner")
        }
    };
    let judged: Vec<_> = wanted.iter().enumerate().map(judge).collect();
    let ids = judged.iter().flatten().copied().collect();
    let found = caps.services.inventory.contents(source.owner(agent), ids).await;
    let mut found = found.map_err(unavailable)?.into_iter();
    let (mut folders, mut bad_folders) = (Vec::new(), Vec::new());
    for (wanted, judged) in wanted.iter().zip(judged) {
        let error = match judged {
            Ok(id) => match found.next().flatten().or_else(|| lost_and_found(source, agent, id)) {
                Some(contents) => {
                    folders.push(folder_to_llsd(&contents, agent, wanted));
                    continue;
                }
                None => "no such folder",
            },
            Err(error) => error,
        };
        let id = wanted.get("folder_id").as_uuid();
        bad_folders.push(llsd::map! { "folder_id" => id, "error" => error });
    }
    let mut answer = llsd::map! { "folders" => Llsd::Array(folders) };
    if !bad_folders.is_empty() {
        answer.insert("bad_folders", Llsd::Array(bad_folders));
    }
    Ok(CapReply::Value(answer))
}

/// `FetchInventory2` and `FetchLib2`: POST `{items: [{item_id, owner_id}]}`. Items that do not
/// exist are left out.
pub(super) async fn items(
    caps: &Caps,
    agent: AgentId,
    source: Source,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let wanted = body.get("items").as_array().iter().take(MAX_PER_REQUEST);
    let ids = wanted
        .filter(|item| source.accepts(AgentId(item.get("owner_id").as_uuid()), agent))
        .map(|item| ItemId(item.get("item_id").as_uuid()))
        .collect();
    let items =
        caps.services.inventory.items(source.owner(agent), ids).await.map_err(unavailable)?;
    let items = items.iter().map(item_to_llsd).collect();
    Ok(CapReply::Value(llsd::map! { "agent_id" => agent.0, "items" => Llsd::Array(items) }))
}

/// `CreateInventoryCategory`: POST `{folder_id, parent_id, type, name}`; the client makes the id. The
/// answer has the same keys, as they were stored.
pub(super) async fn create_category(
    caps: &Caps,
    agent: AgentId,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    let body = request.post(caps.max_body).await?;
    let id = |key: &'static str| match id_of(body.get(key)) {
        Some(id) if !id.is_nil() => Ok(FolderId(id)),
        _ => Err(CapError::BadRequest(format!("{key} is not an id").into())),
    };
    let (folder, parent) = (id("folder_id")?, id("parent_id")?);
    let number = body.get("type").as_i32();
    let kind = i8::try_from(number).ok().and_then(FolderType::from_code);
    let kind = kind.ok_or_else(|| {
        CapError::BadRequest(format!("type: no folder type has number {number}").into())
    })?;
    let name = body.get("name").as_string();
    let edit = Edit::CreateFolder { id: folder, parent, kind, name };
    let now = caps.services.clock.unix().as_secs();
    let changes = match caps.services.inventory.apply(agent, vec![edit], now).await {
        Ok(changes) => changes,
        Err(InventoryError::Refused(refusal)) => {
            return Err(CapError::BadRequest(refusal.to_string().into()));
        }
        Err(error) => return Err(unavailable(error)),
    };
    let made = changes.folder(folder).ok_or(CapError::Unavailable("inventory"))?;
    Ok(CapReply::Value(llsd::map! {
        "folder_id" => made.id.0,
        "parent_id" => parent.0,
        "type" => i32::from(made.kind.code()),
        "name" => made.name.as_str(),
    }))
}

/// The id that a client means, also as text; none for text that is no id.
fn id_of(value: &Llsd) -> Option<Uuid> {
    match value {
        Llsd::String(text) if !text.trim().is_empty() => Uuid::try_parse(text.trim()).ok(),
        other => Some(other.as_uuid()),
    }
}

/// Viewers ask for the contents of the null folder to find items without a parent: there are none.
fn lost_and_found(source: Source, agent: AgentId, id: FolderId) -> Option<Contents> {
    let folder = Folder {
        id,
        owner: source.owner(agent),
        parent: None,
        name: String::new(),
        kind: FolderType::None,
        version: 1,
    };
    id.0.is_nil().then(|| Contents { folder, folders: Vec::new(), items: Vec::new() })
}

fn unavailable(error: impl std::fmt::Display) -> CapError {
    tracing::error!(%error, "inventory cannot be read");
    CapError::Unavailable("inventory cannot be read now")
}

fn folder_to_llsd(contents: &Contents, agent: AgentId, wanted: &Llsd) -> Llsd {
    // Only an explicit false leaves something out; the count is that of what is sent, because
    // libremetaverse waits until it has seen so many.
    let wants = |key| wanted.get(key).is_undef() || wanted.get(key).as_bool();
    let mut categories: Vec<&Folder> = contents.folders.iter().collect();
    let mut items: Vec<&Item> = contents.items.iter().collect();
    if !wants("fetch_folders") {
        categories.clear();
    }
    if !wants("fetch_items") {
        items.clear();
    }
    if wanted.get("sort_order").as_i32() & SORT_BY_DATE != 0 {
        items.sort_by_key(|item| std::cmp::Reverse(item.created_at));
    }
    let folder = &contents.folder;
    llsd::map! {
        "agent_id" => agent.0,
        "categories" => Llsd::Array(categories.iter().map(|folder| category(folder, agent)).collect()),
        "descendents" => (categories.len() + items.len()) as i32,
        "folder_id" => folder.id.0,
        "items" => Llsd::Array(items.iter().copied().map(item_to_llsd).collect()),
        "owner_id" => folder.owner.0,
        "version" => folder.version,
    }
}

/// More than any client asks for at a time; each costs a look into the store.
const MAX_PER_REQUEST: usize = 1000;
const SORT_BY_DATE: i32 = 1;
