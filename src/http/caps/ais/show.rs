//! Folders, items and links as maps.

use uuid::Uuid;

use super::super::inventory_parts::item_to_llsd;
use crate::ids::AgentId;
use crate::llsd::{self, Llsd, Map};
use crate::services::inventory::{Changes, Folder, FolderId, Item};

/// An item, with all its rights because viewers reset what is missing; or a link.
pub(super) fn entry(item: &Item, agent: AgentId) -> Llsd {
    if !item.is_link() {
        let mut map = item_to_llsd(item);
        map.insert("agent_id", agent.0);
        return map;
    }
    llsd::map! {
        "agent_id" => agent.0,
        "created_at" => i32::try_from(item.created_at).unwrap_or(i32::MAX),
        "desc" => item.description.as_str(),
        "inv_type" => i32::from(item.inventory_type.code()),
        "item_id" => item.id.0,
        "linked_id" => item.asset.0,
        "name" => item.name.as_str(),
        "parent_id" => item.folder.0,
        "type" => i32::from(item.asset_type.code()),
    }
}

/// Three maps by id. Viewers know a folder as complete only if all three are there.
#[derive(Default)]
pub(super) struct Embedded {
    pub(super) categories: Map,
    pub(super) items: Map,
    pub(super) links: Map,
}

impl Embedded {
    pub(super) fn add(&mut self, item: &Item, agent: AgentId) {
        let map = if item.is_link() { &mut self.links } else { &mut self.items };
        map.insert(item.id.0.to_string(), entry(item, agent));
    }

    pub(super) fn into_llsd(self) -> Llsd {
        llsd::map! {
            "categories" => Llsd::Map(self.categories),
            "items" => Llsd::Map(self.items),
            "links" => Llsd::Map(self.links),
        }
    }
}

/// A list of ids.
pub(super) fn ids(ids: impl IntoIterator<Item = Uuid>) -> Llsd {
    ids.into_iter().collect()
}

/// `_updated_category_versions`: of folders that the client knows. New ones tell their version
/// themselves, and a viewer crashes at one that it never heard of.
pub(super) fn versions(changes: &Changes, others: &[&Folder]) -> Llsd {
    let known = |id: &FolderId| {
        !changes.created_folders.contains(id) && !changes.removed_folders.contains(id)
    };
    let changed = changes.versions.iter().filter(|(id, _)| known(id));
    let mut map: Map =
        changed.map(|(id, version)| (id.0.to_string(), Llsd::from(*version))).collect();
    for folder in others {
        map.insert(folder.id.0.to_string(), folder.version);
    }
    Llsd::Map(map)
}
