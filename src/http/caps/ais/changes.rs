//! Changes by AIS.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::HeaderName;
use uuid::Uuid;

use super::super::request::{CapError, CapReply, CapRequest};
use super::fetch::Tree;
use super::show::{Embedded, entry, ids, versions};
use super::{Ais, MAX_BODY, Part, Target, gone, no_folder, refused};
use crate::http::caps::inventory_parts::{Source, category};
use crate::ids::{AssetId, FolderId, ItemId};
use crate::llsd::{self, Llsd};
use crate::services::inventory::{
    AssetType, Changes, CopySource, Edit, FolderChange, FolderType, InventoryError, InventoryType,
    Item, ItemChange, Masks, Permissions, SaleInfo,
};

/// Things that one request may make.
const MAX_NEW: usize = 1000;
/// Folders within folders that are copied.
const MAX_DEPTH: usize = 50;

impl Ais<'_> {
    /// POST to a folder: `{categories: […], links: […], items: […]}` are made in it.
    pub(super) async fn create(
        &self,
        folder: FolderId,
        request: CapRequest,
    ) -> Result<CapReply, CapError> {
        let body = request.body(MAX_BODY).await?;
        let of = |key| body.get(key).as_array();
        let (categories, links, items) = (of("categories"), of("links"), of("items"));
        if categories.len() + links.len() + items.len() > MAX_NEW {
            return Err(CapError::Map(
                StatusCode::FORBIDDEN,
                format!("more than {MAX_NEW} things in one request"),
            ));
        }
        let mut edits = Vec::new();
        for new in categories {
            edits.push(Edit::CreateFolder {
                id: FolderId(Uuid::new_v4()),
                parent: folder,
                kind: folder_type(new).unwrap_or(FolderType::None),
                name: name_of(new)?,
            });
        }
        for new in links {
            let link = self.link(folder, new).await?;
            edits.push(Edit::CreateItem { item: Box::new(link), or_by_type: false });
        }
        for new in items {
            let item = self.item(folder, new)?;
            edits.push(Edit::CreateItem { item: Box::new(item), or_by_type: false });
        }
        if edits.is_empty() {
            return Err(bad("nothing to create: categories, links or items are missing"));
        }
        let changes = self.apply(edits).await.map_err(refused)?;
        Ok(CapReply::Status(StatusCode::CREATED, self.made(&changes)))
    }

    /// PATCH of a folder: name, type or parent.
    pub(super) async fn change_folder(
        &self,
        id: FolderId,
        request: CapRequest,
    ) -> Result<CapReply, CapError> {
        let body = request.body(MAX_BODY).await?;
        let parent = body.get("parent_id").as_uuid();
        let change = FolderChange {
            name: text_of(&body, "name"),
            kind: folder_type(&body),
            parent: (!parent.is_nil()).then_some(FolderId(parent)),
        };
        let changes = self.apply(vec![Edit::ChangeFolder(id, change)]).await.map_err(refused)?;
        let tree = self.tree(id, 0).await?;
        let folder = &tree.get(&id).ok_or_else(no_folder)?.folder;
        let mut answer = category(folder, self.agent);
        // Clients want to see the folder itself there, though its contents are the same.
        answer.insert("_updated_category_versions", versions(&changes, &[folder]));
        Ok(CapReply::Value(answer))
    }

    /// PATCH of an item: what its owner may change. Viewers send the whole item.
    pub(super) async fn change_item(
        &self,
        id: ItemId,
        request: CapRequest,
    ) -> Result<CapReply, CapError> {
        let body = request.body(MAX_BODY).await?;
        if !body.get("hash_id").as_uuid().is_nil() {
            let text = "hash_id: there is no upload with this transaction";
            return Err(CapError::Map(StatusCode::CONFLICT, text.to_owned()));
        }
        let rights = body.get("permissions");
        let mask = |key| (!rights.get(key).is_undef()).then(|| number(rights.get(key)));
        let masks = Masks {
            group: mask("group_mask"),
            everyone: mask("everyone_mask"),
            next_owner: mask("next_owner_mask"),
        };
        let sale = body.get("sale_info");
        // A whole item may name the folder in which it was when the client read it.
        let parent = if rights.is_undef() { body.get("parent_id").as_uuid() } else { Uuid::nil() };
        let change = ItemChange {
            name: text_of(&body, "name"),
            description: text_of(&body, "desc"),
            flags: (!body.get("flags").is_undef()).then(|| number(body.get("flags"))),
            masks: (masks != Masks::default()).then_some(masks),
            group: (!rights.get("group_id").is_undef()).then(|| rights.get("group_id").as_uuid()),
            sale: (!sale.is_undef()).then(|| sale_of(sale)),
            folder: (!parent.is_nil()).then_some(FolderId(parent)),
            asset: None,
        };
        let changes =
            self.apply(vec![Edit::ChangeItem(id, Box::new(change))]).await.map_err(refused)?;
        let item = changes.item(id).ok_or(CapError::Unavailable("the item cannot be read"))?;
        let mut answer = entry(item, self.agent);
        answer.insert("_updated_category_versions", versions(&changes, &[]));
        Ok(CapReply::Value(answer))
    }

    /// PUT of the links of a folder: an array that replaces those that are there.
    pub(super) async fn replace_links(
        &self,
        folder: FolderId,
        request: CapRequest,
    ) -> Result<CapReply, CapError> {
        let body = request.body(MAX_BODY).await?;
        let list = if body.get("links").is_undef() { &body } else { body.get("links") };
        if !matches!(list, Llsd::Array(_)) {
            return Err(bad("the body is not an array of links"));
        }
        if list.as_array().len() > MAX_NEW {
            return Err(CapError::Map(StatusCode::FORBIDDEN, format!("more than {MAX_NEW} links")));
        }
        let mut links = Vec::new();
        for new in list.as_array() {
            links.push(self.link(folder, new).await?);
        }
        self.set_links(folder, links).await
    }

    /// DELETE of the links of a folder.
    pub(super) async fn remove_links(&self, folder: FolderId) -> Result<CapReply, CapError> {
        self.set_links(folder, Vec::new()).await
    }

    async fn set_links(&self, folder: FolderId, links: Vec<Item>) -> Result<CapReply, CapError> {
        let changes = self.apply(vec![Edit::ReplaceLinks(folder, links)]).await.map_err(refused)?;
        let tree = self.tree(folder, 0).await?;
        let now = &tree.get(&folder).ok_or_else(no_folder)?.folder;
        let mut answer = self.made(&changes);
        for (key, value) in category(now, self.agent).as_map().iter() {
            answer.insert(key, value.clone());
        }
        answer.insert("_removed_items", ids(changes.removed_items.iter().map(|id| id.0)));
        Ok(CapReply::Value(answer))
    }

    pub(super) async fn remove_item(&self, id: ItemId) -> Result<CapReply, CapError> {
        let changes = self.apply(vec![Edit::RemoveItem(id)]).await.map_err(gone)?;
        Ok(CapReply::Value(llsd::map! {
            "_removed_items" => ids([id.0]),
            "_category_items_removed" => ids([id.0]),
            "_updated_category_versions" => versions(&changes, &[]),
        }))
    }

    pub(super) async fn remove_folder(&self, id: FolderId) -> Result<CapReply, CapError> {
        let changes = self.apply(vec![Edit::RemoveFolder(id)]).await.map_err(gone)?;
        Ok(CapReply::Value(llsd::map! {
            "_categories_removed" => ids([id.0]),
            "_updated_category_versions" => versions(&changes, &[]),
        }))
    }

    /// DELETE of what lies in a folder: everything is listed, because viewers look for nothing else.
    pub(super) async fn purge(&self, id: FolderId) -> Result<CapReply, CapError> {
        let changes = self.apply(vec![Edit::Purge(id)]).await.map_err(gone)?;
        Ok(CapReply::Value(llsd::map! {
            "_categories_removed" => ids(changes.removed_folders.iter().map(|id| id.0)),
            "_category_items_removed" => ids(changes.removed_items.iter().map(|id| id.0)),
            "_removed_items" => ids(changes.removed_items.iter().map(|id| id.0)),
            "_updated_category_versions" => versions(&changes, &[]),
        }))
    }

    /// COPY of a folder or an item, of the library or of the agent's own, to `Destination`.
    pub(super) async fn copy(
        &self,
        target: Target,
        options: CopyOptions,
    ) -> Result<CapReply, CapError> {
        if options.simulates {
            let text = "simulate: copies cannot be tried".to_owned();
            return Err(CapError::Map(StatusCode::NOT_IMPLEMENTED, text));
        }
        let own = Ais { owner: self.agent, source: Source::Agent, ..*self };
        let to = own.folder(&options.destination).await?;
        match target {
            Target::Item(id) => {
                let source = self.source_of(id).await?;
                let new = ItemId(Uuid::new_v4());
                let edit = Edit::CopyItem { source, id: new, folder: to, name: None };
                let changes = own.apply(vec![edit]).await.map_err(refused)?;
                let mut answer = own.made(&changes);
                if let Some(item) = changes.item(new) {
                    for (key, value) in entry(item, self.agent).as_map().iter() {
                        answer.insert(key, value.clone());
                    }
                }
                Ok(CapReply::Status(StatusCode::CREATED, answer))
            }
            Target::Folder(id, Part::Itself) => {
                let depth = if options.is_flat { 0 } else { MAX_DEPTH };
                let tree = self.tree(id, depth).await?;
                let (new, edits) = self.copies(&tree, id, to, options.is_flat)?;
                let changes = own.apply(edits).await.map_err(refused)?;
                let copied = own.tree(new, MAX_DEPTH).await?;
                let mut answer = own.made(&changes);
                let shown = own.show(&copied, new).ok_or_else(no_folder)?;
                let folder = &copied.get(&new).ok_or_else(no_folder)?.folder;
                let embedded = llsd::map! {
                    "categories" => llsd::map! { new.0.to_string().as_str() => shown },
                    "items" => Llsd::Map(llsd::Map::default()),
                    "links" => Llsd::Map(llsd::Map::default()),
                };
                answer.insert("_embedded", embedded);
                for (key, value) in category(folder, self.agent).as_map().iter() {
                    answer.insert(key, value.clone());
                }
                Ok(CapReply::Status(StatusCode::CREATED, answer))
            }
            _ => Err(CapError::MethodNotAllowed),
        }
    }

    async fn source_of(&self, id: ItemId) -> Result<CopySource, CapError> {
        if self.source == Source::Agent {
            return Ok(CopySource::Own(id));
        }
        let found = self.inventory.items(self.owner, vec![id]).await.map_err(refused)?;
        let item = found.into_iter().next();
        item.map(|item| CopySource::Library(Box::new(item)))
            .ok_or_else(|| CapError::Map(StatusCode::NOT_FOUND, "there is no such item".to_owned()))
    }

    /// The edits that copy a tree into a folder; the id of the copy of its root.
    fn copies(
        &self,
        tree: &Tree,
        root: FolderId,
        to: FolderId,
        is_flat: bool,
    ) -> Result<(FolderId, Vec<Edit>), CapError> {
        let top = FolderId(Uuid::new_v4());
        let mut new: BTreeMap<FolderId, FolderId> = BTreeMap::from([(root, top)]);
        let mut edits = Vec::new();
        let mut open = vec![(root, to)];
        while let Some((id, parent)) = open.pop() {
            let contents = tree.get(&id).ok_or_else(no_folder)?;
            let copy = *new.entry(id).or_insert_with(|| FolderId(Uuid::new_v4()));
            // There is one folder of some types only, and the copy is not it.
            let kind = contents.folder.kind;
            edits.push(Edit::CreateFolder {
                id: copy,
                parent,
                kind: if kind.is_plain() { kind } else { FolderType::None },
                name: contents.folder.name.clone(),
            });
            for item in &contents.items {
                edits.push(Edit::CopyItem {
                    source: match self.source {
                        Source::Library => CopySource::Library(Box::new(item.clone())),
                        Source::Agent => CopySource::Own(item.id),
                    },
                    id: ItemId(Uuid::new_v4()),
                    folder: copy,
                    name: None,
                });
            }
            if !is_flat {
                open.extend(contents.folders.iter().map(|folder| (folder.id, copy)));
            }
        }
        Ok((top, edits))
    }

    async fn apply(&self, edits: Vec<Edit>) -> Result<Changes, InventoryError> {
        self.inventory.apply(self.owner, edits, self.now).await
    }

    /// What the changes made, and the versions of folders that the client knows.
    fn made(&self, changes: &Changes) -> Llsd {
        let mut embedded = Embedded::default();
        for id in &changes.created_folders {
            let Some(folder) = changes.folder(*id) else { continue };
            let mut shown = category(folder, self.agent);
            // A new folder is known as complete.
            shown.insert("_embedded", Embedded::default().into_llsd());
            embedded.categories.insert(id.0.to_string(), shown);
        }
        for item in changes.created_items.iter().filter_map(|id| changes.item(*id)) {
            embedded.add(item, self.agent);
        }
        llsd::map! {
            "_created_categories" => ids(changes.created_folders.iter().map(|id| id.0)),
            "_created_items" => ids(changes.created_items.iter().map(|id| id.0)),
            "_updated_category_versions" => versions(changes, &[]),
            "_embedded" => embedded.into_llsd(),
        }
    }

    /// A new link as a client describes it.
    async fn link(&self, folder: FolderId, new: &Llsd) -> Result<Item, CapError> {
        let linked = new.get("linked_id").as_uuid();
        if linked.is_nil() {
            return Err(bad("linked_id is missing or no id"));
        }
        let asset_type = match new.get("type").as_i32() {
            25 => AssetType::FolderLink,
            24 => AssetType::Link,
            other => return Err(bad(&format!("type: {other} is no link"))),
        };
        // Viewers leave the type out when they replace a whole outfit.
        let stated = i8::try_from(new.get("inv_type").as_i32()).ok();
        let stated = stated.filter(|_| !new.get("inv_type").is_undef());
        let inventory_type = match stated.and_then(InventoryType::from_code) {
            Some(stated) => stated,
            None if asset_type == AssetType::FolderLink => InventoryType::Category,
            None => {
                let target = self.inventory.items(self.owner, vec![ItemId(linked)]).await;
                let target = target.map_err(refused)?.into_iter().next();
                target.map_or(InventoryType::Wearable, |target| target.inventory_type)
            }
        };
        Ok(Item {
            asset: AssetId(linked),
            name: name_of(new)?,
            description: new.get("desc").as_string(),
            ..self.blank(folder, asset_type, inventory_type)
        })
    }

    /// A new item as a client describes it.
    fn item(&self, folder: FolderId, new: &Llsd) -> Result<Item, CapError> {
        let code = |key: &str| i8::try_from(new.get(key).as_i32()).ok();
        let asset_type = code("type").and_then(AssetType::from_code);
        let inventory_type = code("inv_type").and_then(InventoryType::from_code);
        let (Some(asset_type), Some(inventory_type)) = (asset_type, inventory_type) else {
            return Err(bad("type or inv_type is no number of a known type"));
        };
        let item = Item {
            asset: AssetId(new.get("asset_id").as_uuid()),
            name: name_of(new)?,
            description: new.get("desc").as_string(),
            flags: number(new.get("flags")) & 0xFF,
            ..self.blank(folder, asset_type, inventory_type)
        };
        if item.is_link() { Err(bad("links go into the list links")) } else { Ok(item) }
    }

    fn blank(
        &self,
        folder: FolderId,
        asset_type: AssetType,
        inventory_type: InventoryType,
    ) -> Item {
        Item {
            id: ItemId(Uuid::new_v4()),
            owner: self.agent,
            folder,
            asset: AssetId::default(),
            name: String::new(),
            description: String::new(),
            asset_type,
            inventory_type,
            flags: 0,
            permissions: Permissions::full(self.agent),
            sale: SaleInfo::default(),
            created_at: self.now,
        }
    }
}

/// What is behind the question mark of a COPY, and where it goes.
pub(super) struct CopyOptions {
    destination: String,
    /// Without the folders in the folder.
    is_flat: bool,
    simulates: bool,
}

impl CopyOptions {
    pub(super) fn of(request: &CapRequest) -> Result<Self, CapError> {
        let destination = request.headers.get(HeaderName::from_static("destination"));
        let destination = destination.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // An id, or a path that ends in one.
        let destination = destination.trim().rsplit('/').next().unwrap_or_default().to_owned();
        if destination.is_empty() {
            return Err(bad("the header Destination is missing"));
        }
        let query = request.query()?;
        // Viewers write `tid=ID,depth=0`.
        let joined = |what: &str| {
            query
                .iter()
                .any(|(key, value)| format!("{key}={value}").split(',').any(|part| part == what))
        };
        let options =
            Self { destination, is_flat: joined("depth=0"), simulates: joined("simulate=1") };
        Ok(options)
    }
}

fn bad(text: &str) -> CapError {
    CapError::Map(StatusCode::BAD_REQUEST, text.to_owned())
}

fn text_of(body: &Llsd, key: &str) -> Option<String> {
    let value = body.get(key);
    (!value.is_undef()).then(|| value.as_string())
}

fn name_of(new: &Llsd) -> Result<String, CapError> {
    text_of(new, "name").ok_or_else(|| bad("name is missing"))
}

/// What a folder is for, as a number.
fn folder_type(body: &Llsd) -> Option<FolderType> {
    let value = ["type_default", "type"].map(|key| body.get(key)).into_iter();
    let number =
        value.filter(|value| matches!(value, Llsd::Integer(_))).map(Llsd::as_i32).next()?;
    FolderType::from_code(i8::try_from(number).ok()?)
}

/// A number, also as four bytes.
fn number(value: &Llsd) -> u32 {
    match value {
        Llsd::Binary(_) => value.as_u32(),
        other => other.as_i32() as u32,
    }
}

fn sale_of(sale: &Llsd) -> SaleInfo {
    let kind = match sale.get("sale_type") {
        Llsd::String(name) => match name.as_str() {
            "orig" => 1,
            "copy" => 2,
            "cntn" => 3,
            _ => 0,
        },
        number => u8::try_from(number.as_i32()).ok().filter(|kind| *kind <= 3).unwrap_or(0),
    };
    SaleInfo { kind, price: sale.get("sale_price").as_i32() }
}
