//! The rules by which an inventory changes, over the store: every edit is checked whole before it
//! writes anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::AgentId;
use crate::message::cut;
use crate::services::ports::StoreError;
use crate::services::store::Store;

use super::edit::{Changes, CopySource, Edit, EditRefusal, FolderChange, ItemChange};
use super::{AssetType, Folder, FolderId, FolderType, Item, ItemId, Permissions};

/// Longest name in bytes; viewers cut there too.
pub const MAX_NAME: usize = 63;
/// Longest description in bytes.
pub const MAX_DESCRIPTION: usize = 127;
/// Folders and items of one account. Real ones have 75,000 and more.
const MAX_ENTRIES: u64 = 250_000;
/// Folders within folders.
const MAX_DEPTH: usize = 100;

/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A rule.
    #[error(transparent)]
    Refused(#[from] EditRefusal),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes all edits, or none: the first that is refused is the error, and the job must be undone.
pub(super) fn apply(
    store: &mut dyn Store,
    owner: AgentId,
    edits: &[Edit],
    now: u64,
) -> Result<Changes, EditError> {
    let mut editor = Editor::new(store, owner, now);
    for edit in edits {
        editor.apply(edit)?;
    }
    Ok(editor.finish()?)
}

/// Makes those edits that are allowed; the others leave nothing behind.
pub(super) fn apply_each(
    store: &mut dyn Store,
    owner: AgentId,
    edits: &[Edit],
    now: u64,
) -> Result<Changes, StoreError> {
    let mut editor = Editor::new(store, owner, now);
    let mut refused = Vec::new();
    for (place, edit) in edits.iter().enumerate() {
        match editor.apply(edit) {
            Ok(()) => {}
            Err(EditError::Refused(refusal)) => refused.push((place, refusal)),
            Err(EditError::Store(error)) => return Err(error),
        }
    }
    let mut changes = editor.finish()?;
    changes.refused = refused;
    Ok(changes)
}

/// Carries out edits and remembers what they did.
struct Editor<'a> {
    store: &'a mut dyn Store,
    owner: AgentId,
    now: u64,
    changes: Changes,
    folders: BTreeMap<FolderId, Folder>,
    items: BTreeMap<ItemId, Item>,
    /// Folders whose direct contents changed: each counts once.
    touched: BTreeSet<FolderId>,
}

impl<'a> Editor<'a> {
    fn new(store: &'a mut dyn Store, owner: AgentId, now: u64) -> Self {
        Self {
            store,
            owner,
            now,
            changes: Changes::default(),
            folders: BTreeMap::new(),
            items: BTreeMap::new(),
            touched: BTreeSet::new(),
        }
    }

    fn finish(mut self) -> Result<Changes, StoreError> {
        for id in self.touched {
            let Some(version) = self.store.touch_folder(self.owner, id)? else { continue };
            self.changes.versions.insert(id, version);
            if let Some(folder) = self.folders.get_mut(&id) {
                folder.version = version;
            }
        }
        self.changes.folders = self.folders.into_values().collect();
        self.changes.items = self.items.into_values().collect();
        Ok(self.changes)
    }

    fn apply(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::CreateFolder { id, parent, kind, name } => {
                self.create_folder(*id, *parent, *kind, name)
            }
            Edit::ChangeFolder(id, change) => self.change_folder(*id, change),
            Edit::RemoveFolder(id) => self.remove_folder(*id),
            Edit::Purge(id) => self.purge(*id),
            Edit::CreateItem { item, or_by_type } => self.create_item(item, *or_by_type),
            Edit::ChangeItem(id, change) => self.change_item(*id, change),
            Edit::MoveItem { item, folder, name, stamp } => {
                self.move_item(*item, *folder, name.as_deref(), *stamp)
            }
            Edit::CopyItem { source, id, folder, name } => {
                self.copy_item(source, *id, *folder, name.as_deref())
            }
            Edit::RemoveItem(id) => self.remove_item(*id),
            Edit::ReplaceLinks(folder, links) => self.replace_links(*folder, links),
        }
    }

    fn create_folder(
        &mut self,
        id: FolderId,
        parent: FolderId,
        kind: FolderType,
        name: &str,
    ) -> Result<(), EditError> {
        let parent = self.folder(parent)?;
        self.require_room(1)?;
        self.require_depth(&parent)?;
        if parent.parent.is_none() {
            self.require_only_one(kind)?;
        }
        let folder = Folder {
            id,
            owner: self.owner,
            parent: Some(parent.id),
            name: text(name, MAX_NAME),
            kind,
            version: 1,
        };
        self.store.create_folder(&folder).map_err(taken)?;
        self.changes.created_folders.push(id);
        self.folders.insert(id, folder);
        self.touched.insert(parent.id);
        Ok(())
    }

    fn change_folder(&mut self, id: FolderId, change: &FolderChange) -> Result<(), EditError> {
        let before = self.folder(id)?;
        let mut folder = before.clone();
        if let Some(name) = &change.name {
            folder.name = text(name, MAX_NAME);
        }
        // Other types are what clients say that do not mean to change it.
        if let Some(kind) = change.kind
            && [folder.kind, kind].iter().all(|kind| kind.is_plain())
        {
            folder.kind = kind;
        }
        if let Some(parent) = change.parent.filter(|&parent| Some(parent) != folder.parent) {
            let parent = self.folder(parent)?;
            self.require_outside(&parent, id)?;
            self.require_depth(&parent)?;
            folder.parent = Some(parent.id);
        }
        if folder == before {
            return Ok(());
        }
        self.require_unprotected(&before)?;
        self.store.change_folder(&folder)?;
        self.touched.extend(before.parent);
        self.touched.extend(folder.parent);
        self.folders.insert(id, folder);
        Ok(())
    }

    fn remove_folder(&mut self, id: FolderId) -> Result<(), EditError> {
        let folder = self.folder(id)?;
        self.require_unprotected(&folder)?;
        let (folders, items) = self.all_within(id)?;
        self.store.remove_folder(self.owner, id)?;
        self.forget(folders.into_iter().chain([id]), items, false);
        self.touched.extend(folder.parent);
        Ok(())
    }

    fn purge(&mut self, id: FolderId) -> Result<(), EditError> {
        let folder = self.folder(id)?;
        if folder.parent.is_none() {
            return Err(EditRefusal::Protected.into());
        }
        let (folders, items) = self.all_within(id)?;
        if folders.is_empty() && items.is_empty() {
            return Ok(());
        }
        let Some(contents) = self.store.folder_contents(self.owner, id)? else { return Ok(()) };
        for folder in contents.folders {
            self.store.remove_folder(self.owner, folder.id)?;
        }
        for item in contents.items {
            self.store.remove_item(self.owner, item.id)?;
        }
        self.forget(folders, items, true);
        self.touched.insert(id);
        Ok(())
    }

    fn create_item(&mut self, item: &Item, or_by_type: bool) -> Result<(), EditError> {
        let folder = match self.folder(item.folder) {
            Err(EditError::Refused(EditRefusal::NoFolder)) if or_by_type => {
                self.folder_for(item.asset_type)?
            }
            folder => folder?,
        };
        self.require_room(1)?;
        let mut item = Item { folder: folder.id, owner: self.owner, ..item.clone() };
        clean(&mut item);
        self.resolve_link(&mut item)?;
        self.add(item)
    }

    fn change_item(&mut self, id: ItemId, change: &ItemChange) -> Result<(), EditError> {
        let before = self.item(id)?;
        let mut item = before.clone();
        if let Some(name) = &change.name {
            item.name.clone_from(name);
        }
        if let Some(description) = &change.description {
            item.description.clone_from(description);
        }
        if let Some(flags) = change.flags {
            item.set_flags(flags);
        }
        if let Some(masks) = change.masks {
            item.set_masks(masks);
        }
        if let Some(group) = change.group {
            item.permissions.group = group;
        }
        if let Some(sale) = change.sale {
            item.sale = sale;
        }
        if let Some(asset) = change.asset {
            item.set_asset(asset);
        }
        if let Some(folder) = change.folder.filter(|&folder| folder != item.folder) {
            item.folder = self.folder(folder)?.id;
        }
        clean(&mut item);
        self.replace(&before, item)
    }

    fn move_item(
        &mut self,
        id: ItemId,
        folder: FolderId,
        name: Option<&str>,
        stamp: bool,
    ) -> Result<(), EditError> {
        let before = self.item(id)?;
        let mut item = Item { folder: self.folder(folder)?.id, ..before.clone() };
        if let Some(name) = name {
            name.clone_into(&mut item.name);
        }
        if stamp {
            item.created_at = self.now;
        }
        clean(&mut item);
        self.replace(&before, item)
    }

    fn copy_item(
        &mut self,
        source: &CopySource,
        id: ItemId,
        folder: FolderId,
        name: Option<&str>,
    ) -> Result<(), EditError> {
        let mut copy = match source {
            CopySource::Library(item) => (**item).clone(),
            CopySource::Own(source) => {
                let item = self.item(*source)?;
                if !item.is_link() && item.permissions.owner & Permissions::COPY == 0 {
                    return Err(EditRefusal::NoCopy.into());
                }
                item
            }
        };
        copy.id = id;
        copy.folder = folder;
        copy.created_at = self.now;
        if let Some(name) = name {
            name.clone_into(&mut copy.name);
        }
        self.create_item(&copy, true)
    }

    fn remove_item(&mut self, id: ItemId) -> Result<(), EditError> {
        let item = self.item(id)?;
        self.store.remove_item(self.owner, id)?;
        self.forget([], [id], true);
        self.touched.insert(item.folder);
        Ok(())
    }

    fn replace_links(&mut self, folder: FolderId, links: &[Item]) -> Result<(), EditError> {
        let Some(contents) = self.store.folder_contents(self.owner, folder)? else {
            return Err(EditRefusal::NoFolder.into());
        };
        if !links.iter().all(Item::is_link) {
            return Err(EditRefusal::NotALink.into());
        }
        self.require_room(links.len())?;
        // Before the old ones go: a new link may name one of them.
        let mut new = Vec::new();
        for link in links {
            let mut link = Item { folder, owner: self.owner, ..link.clone() };
            clean(&mut link);
            self.resolve_link(&mut link)?;
            new.push(link);
        }
        for old in contents.items.iter().filter(|item| item.is_link()) {
            self.store.remove_item(self.owner, old.id)?;
            self.forget([], [old.id], true);
        }
        for link in new {
            self.add(link)?;
        }
        self.touched.insert(folder);
        Ok(())
    }

    /// Keeps a new item.
    fn add(&mut self, item: Item) -> Result<(), EditError> {
        self.store.create_item(&item).map_err(taken)?;
        self.changes.created_items.push(item.id);
        self.touched.insert(item.folder);
        self.items.insert(item.id, item);
        Ok(())
    }

    /// Keeps what became of an item, if it is not as before.
    fn replace(&mut self, before: &Item, item: Item) -> Result<(), EditError> {
        if item != *before {
            self.store.change_item(&item)?;
            self.touched.extend([before.folder, item.folder]);
        }
        self.items.insert(item.id, item);
        Ok(())
    }

    /// Notes what is gone. Items within a folder that is deleted need not be listed.
    fn forget(
        &mut self,
        folders: impl IntoIterator<Item = FolderId>,
        items: impl IntoIterator<Item = ItemId>,
        lists_items: bool,
    ) {
        for id in folders {
            self.folders.remove(&id);
            self.touched.remove(&id);
            self.changes.created_folders.retain(|&created| created != id);
            self.changes.removed_folders.push(id);
        }
        for id in items {
            self.items.remove(&id);
            self.changes.created_items.retain(|&created| created != id);
            if lists_items {
                self.changes.removed_items.push(id);
            }
        }
    }

    fn folder(&mut self, id: FolderId) -> Result<Folder, EditError> {
        self.store.folder(self.owner, id)?.ok_or(EditRefusal::NoFolder.into())
    }

    fn item(&mut self, id: ItemId) -> Result<Item, EditError> {
        self.store.item(self.owner, id)?.ok_or(EditRefusal::NoItem.into())
    }

    /// The folder for things of that type, else the root.
    fn folder_for(&mut self, asset: AssetType) -> Result<Folder, EditError> {
        let root = self.store.folder_of_type(self.owner, FolderType::Root)?;
        let folder = match FolderType::for_asset(asset) {
            Some(kind) => self.store.folder_of_type(self.owner, kind)?,
            None => None,
        };
        folder.or(root).ok_or(EditRefusal::NoFolder.into())
    }

    /// All folders and items within a folder, however deep.
    fn all_within(&mut self, id: FolderId) -> Result<(Vec<FolderId>, Vec<ItemId>), StoreError> {
        let (mut folders, mut items) = (Vec::new(), Vec::new());
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let Some(contents) = self.store.folder_contents(self.owner, next)? else { continue };
            for folder in contents.folders {
                folders.push(folder.id);
                open.push(folder.id);
            }
            items.extend(contents.items.into_iter().map(|item| item.id));
        }
        Ok((folders, items))
    }

    fn require_room(&mut self, entries: usize) -> Result<(), EditError> {
        if self.store.inventory_size(self.owner)? + entries as u64 > MAX_ENTRIES {
            return Err(EditRefusal::Full.into());
        }
        Ok(())
    }

    /// Clients need one folder of some types, and only one, in the root.
    fn require_only_one(&mut self, kind: FolderType) -> Result<(), EditError> {
        if kind == FolderType::Root
            || (kind.is_singleton() && self.store.folder_of_type(self.owner, kind)?.is_some())
        {
            return Err(EditRefusal::SecondOfType.into());
        }
        Ok(())
    }

    /// The root, and the folders in it that clients need.
    fn require_unprotected(&mut self, folder: &Folder) -> Result<(), EditError> {
        let Some(parent) = folder.parent else { return Err(EditRefusal::Protected.into()) };
        if !folder.kind.is_plain() && self.folder(parent)?.parent.is_none() {
            return Err(EditRefusal::Protected.into());
        }
        Ok(())
    }

    /// `folder` must not be `other` or lie in it.
    fn require_outside(&mut self, folder: &Folder, other: FolderId) -> Result<(), EditError> {
        let mut next = Some(folder.clone());
        while let Some(folder) = next {
            if folder.id == other {
                return Err(EditRefusal::Cycle.into());
            }
            next = self.parent(&folder)?;
        }
        Ok(())
    }

    fn require_depth(&mut self, parent: &Folder) -> Result<(), EditError> {
        let mut depth = 1;
        let mut next = Some(parent.clone());
        while let Some(folder) = next {
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(EditRefusal::Full.into());
            }
            next = self.parent(&folder)?;
        }
        Ok(())
    }

    fn parent(&mut self, folder: &Folder) -> Result<Option<Folder>, EditError> {
        folder.parent.map(|parent| self.folder(parent)).transpose()
    }

    /// A link to a link becomes one to its target.
    fn resolve_link(&mut self, item: &mut Item) -> Result<(), EditError> {
        if item.asset_type == AssetType::Link
            && let Some(target) = self.store.item(self.owner, ItemId(item.asset.0))?
            && target.is_link()
        {
            item.asset = target.asset;
            item.asset_type = target.asset_type;
        }
        Ok(())
    }
}

/// Text and masks as they may be.
fn clean(item: &mut Item) {
    item.name = text(&item.name, MAX_NAME);
    item.description = text(&item.description, MAX_DESCRIPTION);
    item.permissions = item.permissions.consistent();
}

/// A text without NUL, cut to `most` bytes between two characters.
fn text(text: &str, most: usize) -> String {
    cut(&text.replace('\0', ""), most).to_owned()
}

fn taken(error: StoreError) -> EditError {
    match error {
        StoreError::IdTaken(_) => EditRefusal::IdTaken.into(),
        error => error.into(),
    }
}
