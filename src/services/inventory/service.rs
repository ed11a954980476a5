//! Access to inventories: the stored ones of agents, and the library.

use uuid::Uuid;

use crate::ids::AgentId;
use crate::services::ports::{StoreError, StoreGone};
use crate::services::store::{Store, StoreHandle};

use super::edit::{Changes, Edit, EditRefusal};
use super::rules::{self, EditError};
use super::{AssetType, Contents, Folder, FolderId, FolderType, Item, ItemId, Library};

/// The inventory service; a cheap clone.
#[derive(Clone, Debug)]
pub struct Inventory {
    store: StoreHandle,
    library: Library,
}

impl Inventory {
    /// The service over `store`.
    pub fn new(store: StoreHandle) -> Self {
        Self { store, library: Library::new() }
    }

    /// The library that all agents share.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// All folders of an agent, the root first and parents before children: the skeleton of a
    /// login answer. Empty for an unknown agent.
    pub async fn skeleton(&self, owner: AgentId) -> Result<Vec<Folder>, InventoryError> {
        Ok(self.store.call(move |store| store.folders(owner)).await??)
    }

    /// The contents of each of `ids`, in their order; none for a folder that the owner does not
    /// have. [`LIBRARY_OWNER`](super::LIBRARY_OWNER) owns the library's.
    pub async fn contents(
        &self,
        owner: AgentId,
        ids: Vec<FolderId>,
    ) -> Result<Vec<Option<Contents>>, InventoryError> {
        if owner == super::LIBRARY_OWNER {
            return Ok(ids.into_iter().map(|id| self.library.contents(id)).collect());
        }
        let mut found = Vec::new();
        for some in ids.chunks(AT_A_TIME) {
            let some = some.to_vec();
            let part = self.store.call(move |store| {
                let found = some.iter().map(|&id| store.folder_contents(owner, id));
                found.collect::<Result<Vec<_>, _>>()
            });
            found.extend(part.await??);
        }
        Ok(found)
    }

    /// Those of `ids` that the owner has, in their order.
    pub async fn items(
        &self,
        owner: AgentId,
        ids: Vec<ItemId>,
    ) -> Result<Vec<Item>, InventoryError> {
        if owner == super::LIBRARY_OWNER {
            return Ok(ids.into_iter().filter_map(|id| self.library.item(id).cloned()).collect());
        }
        let mut found = Vec::new();
        for some in ids.chunks(AT_A_TIME) {
            let some = some.to_vec();
            let part = self.store.call(move |store| {
                let found = some.iter().filter_map(|&id| store.item(owner, id).transpose());
                found.collect::<Result<Vec<_>, _>>()
            });
            found.extend(part.await??);
        }
        Ok(found)
    }

    /// Makes all edits, or none of them.
    ///
    /// # Errors
    /// [`InventoryError::Refused`] by the first edit that is not allowed.
    pub async fn apply(
        &self,
        owner: AgentId,
        edits: Vec<Edit>,
        now: u64,
    ) -> Result<Changes, InventoryError> {
        let changes = self.store.call(move |store| rules::apply(store, owner, &edits, now)).await?;
        Ok(changes?)
    }

    /// Makes those edits that are allowed, in order; [`Changes::refused`] has the others.
    pub async fn apply_each(
        &self,
        owner: AgentId,
        edits: Vec<Edit>,
        now: u64,
    ) -> Result<Changes, InventoryError> {
        let changes =
            self.store.call(move |store| rules::apply_each(store, owner, &edits, now)).await?;
        Ok(changes?)
    }

    /// The owner's folder of a type, if it is the root or lies directly in it.
    pub async fn folder_of_type(
        &self,
        owner: AgentId,
        kind: FolderType,
    ) -> Result<Option<Folder>, InventoryError> {
        Ok(self.store.call(move |store| store.folder_of_type(owner, kind)).await??)
    }

    /// What the agent wears, by the links in its Current Outfit folder.
    pub async fn worn(&self, owner: AgentId) -> Result<Vec<Worn>, InventoryError> {
        Ok(self.store.call(move |store| worn(store, owner)).await??)
    }
}

/// A wearable that is worn, as `AgentWearablesUpdate.WearableData` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worn {
    /// The item (not the link to it).
    pub item: Uuid,
    /// The wearable asset.
    pub asset: Uuid,
    /// A [`WearableType`](super::WearableType) number.
    pub kind: u8,
}

/// Why an inventory has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not answer.
    #[error(transparent)]
    Gone(#[from] StoreGone),
    /// A rule forbids it.
    #[error(transparent)]
    Refused(EditRefusal),
}

impl From<EditError> for InventoryError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Refused(refusal) => Self::Refused(refusal),
            EditError::Store(error) => Self::Store(error),
        }
    }
}

fn worn(store: &mut dyn Store, owner: AgentId) -> Result<Vec<Worn>, StoreError> {
    let Some(outfit) = store.folder_of_type(owner, FolderType::CurrentOutfit)? else {
        return Ok(Vec::new());
    };
    let Some(contents) = store.folder_contents(owner, outfit.id)? else { return Ok(Vec::new()) };
    let mut worn = Vec::new();
    for link in contents.items.iter().filter(|item| item.asset_type == AssetType::Link) {
        // A link may have outlived its item, and attachments are linked here too.
        if let Some(item) = store.item(owner, ItemId(link.asset.0))?
            && matches!(item.asset_type, AssetType::BodyPart | AssetType::Clothing)
        {
            worn.push(Worn { item: item.id.0, asset: item.asset.0, kind: item.flags as u8 });
        }
    }
    Ok(worn)
}

/// Folders or items read in one storage call: a client that asks for thousands waits its turn
/// between them, and so do not all others.
const AT_A_TIME: usize = 32;
