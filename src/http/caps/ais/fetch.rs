//! Reading by AIS.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use super::super::inventory_parts::category;
use super::super::request::{CapError, CapReply, CapRequest};
use super::show::{Embedded, entry};
use super::{Ais, Part, Target, no_folder, refused};
use crate::llsd::{self, Llsd};
use crate::services::inventory::{AssetType, Contents, EditRefusal, FolderId, Item, ItemId};

/// Folders and items in one answer. A viewer asks again for what is missing.
const MAX_OBJECTS: usize = 10_000;
/// Folders within folders that a request may ask for.
const MAX_DEPTH: usize = 50;

/// Folders with their contents, as far down as was asked for.
pub(super) type Tree = BTreeMap<FolderId, Contents>;

/// How much of a folder is asked for.
pub(super) struct Wanted {
    /// Generations of folders below it.
    depth: usize,
    /// The folders in it that are meant; all of them if none is named.
    only: Option<Vec<FolderId>>,
}

impl Wanted {
    pub(super) fn of(request: &CapRequest) -> Result<Self, CapError> {
        let query = request.query()?;
        let value =
            |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let depth = value("depth").and_then(|depth| depth.parse().ok()).unwrap_or(0);
        let only = value("children").map(|children| {
            children.split(',').filter_map(|id| id.trim().parse().ok().map(FolderId)).collect()
        });
        Ok(Self { depth, only })
    }
}

impl Ais<'_> {
    pub(super) async fn fetch(&self, target: Target, wanted: Wanted) -> Result<CapReply, CapError> {
        let answer = match target {
            Target::Orphans => llsd::map! { "_embedded" => Embedded::default().into_llsd() },
            Target::Item(id) => {
                let found = self.inventory.items(self.owner, vec![id]).await.map_err(refused)?;
                let item = found.first().ok_or_else(|| {
                    CapError::Map(StatusCode::NOT_FOUND, EditRefusal::NoItem.to_string())
                })?;
                entry(item, self.agent)
            }
            Target::Folder(folder, part) => self.fetch_folder(folder, part, wanted).await?,
        };
        Ok(CapReply::Value(answer))
    }

    async fn fetch_folder(
        &self,
        folder: FolderId,
        part: Part,
        wanted: Wanted,
    ) -> Result<Llsd, CapError> {
        let Wanted { depth, only } = wanted;
        let mut tree = self.tree(folder, 0).await?;
        let contents = tree.get(&folder).ok_or_else(no_folder)?.clone();
        let mut answer = category(&contents.folder, self.agent);
        if part == Part::Itself && depth == 0 {
            return Ok(answer);
        }
        let below: Vec<FolderId> = match &only {
            Some(only) => contents
                .folders
                .iter()
                .map(|folder| folder.id)
                .filter(|id| only.contains(id))
                .collect(),
            None if depth > 0 => contents.folders.iter().map(|folder| folder.id).collect(),
            None => Vec::new(),
        };
        let deeper = if only.is_some() { depth } else { depth.saturating_sub(1) };
        self.grow(&mut tree, below, deeper.min(MAX_DEPTH)).await?;
        let mut embedded = Embedded::default();
        let (folders, items, links) = match part {
            Part::Itself | Part::Children => (true, true, true),
            Part::Categories => (true, false, false),
            Part::Items => (false, true, false),
            Part::Links => (false, false, true),
        };
        if folders {
            for folder in &contents.folders {
                if only.as_ref().is_none_or(|only| only.contains(&folder.id)) {
                    let shown = self.show(&tree, folder.id).unwrap_or(category(folder, self.agent));
                    embedded.categories.insert(folder.id.0.to_string(), shown);
                }
            }
        }
        for item in &contents.items {
            if (item.is_link() && links) || (!item.is_link() && items) {
                embedded.add(item, self.agent);
            }
        }
        if part == Part::Links {
            for target in self.targets(&contents.items).await? {
                embedded.items.insert(target.id.0.to_string(), entry(&target, self.agent));
            }
        }
        answer.insert("_embedded", embedded.into_llsd());
        Ok(answer)
    }

    /// The items that links stand for; those that exist.
    async fn targets(&self, items: &[Item]) -> Result<Vec<Item>, CapError> {
        let links = items.iter().filter(|item| item.asset_type == AssetType::Link);
        let targets: Vec<ItemId> = links.map(|link| ItemId(link.asset.0)).collect();
        self.inventory.items(self.owner, targets).await.map_err(refused)
    }

    /// A folder with `depth` generations of those below it.
    pub(super) async fn tree(&self, root: FolderId, depth: usize) -> Result<Tree, CapError> {
        let mut tree = Tree::new();
        self.grow(&mut tree, vec![root], depth).await?;
        if tree.is_empty() { Err(no_folder()) } else { Ok(tree) }
    }

    /// Adds folders, and `depth` generations of those below them, as long as the answer is not too
    /// long.
    async fn grow(
        &self,
        tree: &mut Tree,
        mut next: Vec<FolderId>,
        depth: usize,
    ) -> Result<(), CapError> {
        let mut objects: usize = tree.values().map(Contents::descendents).sum();
        for _ in 0..=depth {
            if next.is_empty() || objects > MAX_OBJECTS {
                break;
            }
            let found = self.inventory.contents(self.owner, next).await.map_err(refused)?;
            next = Vec::new();
            for contents in found.into_iter().flatten() {
                objects += contents.descendents();
                next.extend(contents.folders.iter().map(|folder| folder.id));
                tree.insert(contents.folder.id, contents);
            }
        }
        if objects > MAX_OBJECTS {
            let text = format!("more than {MAX_OBJECTS} folders and items; ask for less");
            return Err(CapError::Map(StatusCode::FORBIDDEN, text));
        }
        Ok(())
    }

    /// A folder of the tree with what lies in it. Folders that the tree ends at are named only.
    pub(super) fn show(&self, tree: &Tree, folder: FolderId) -> Option<Llsd> {
        let contents = tree.get(&folder)?;
        let mut shown = category(&contents.folder, self.agent);
        let mut embedded = Embedded::default();
        for folder in &contents.folders {
            let below = self.show(tree, folder.id).unwrap_or_else(|| category(folder, self.agent));
            embedded.categories.insert(folder.id.0.to_string(), below);
        }
        for item in &contents.items {
            embedded.add(item, self.agent);
        }
        shown.insert("_embedded", embedded.into_llsd());
        Some(shown)
    }
}
