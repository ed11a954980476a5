//! Folders and items of an inventory as maps, as all capabilities about inventories show them.

use uuid::Uuid;

use crate::ids::AgentId;
use crate::llsd::{self, Llsd};
use crate::services::inventory::{Folder, Item, LIBRARY_OWNER};

/// Whose inventory a capability reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The agent's own.
    Agent,
    /// The library, which belongs to nobody.
    Library,
}

impl Source {
    /// Whether a request for things of `owner` may be answered for `agent`. Clients leave the
    /// owner out, or name themselves also when they ask for the library (node-metaverse).
    pub(super) fn accepts(self, owner: AgentId, agent: AgentId) -> bool {
        let library = self == Self::Library && owner == LIBRARY_OWNER;
        library || owner == agent || owner == AgentId::NIL
    }

    pub(super) fn owner(self, agent: AgentId) -> AgentId {
        match self {
            Self::Agent => agent,
            Self::Library => LIBRARY_OWNER,
        }
    }
}

/// A folder without what lies in it.
pub(super) fn category(folder: &Folder, agent: AgentId) -> Llsd {
    llsd::map! {
        "agent_id" => agent.0,
        "category_id" => folder.id.0,
        "name" => folder.name.as_str(),
        "parent_id" => folder.parent.map_or(Uuid::nil(), |parent| parent.0),
        "type_default" => i32::from(folder.kind.code()),
        "version" => folder.version,
    }
}

/// An item with all its rights.
pub(super) fn item_to_llsd(item: &Item) -> Llsd {
    let permissions = &item.permissions;
    llsd::map! {
        "asset_id" => item.asset.0,
        "created_at" => i32::try_from(item.created_at).unwrap_or(i32::MAX),
        "desc" => item.description.as_str(),
        "flags" => item.flags as i32,
        "inv_type" => i32::from(item.inventory_type.code()),
        "item_id" => item.id.0,
        "name" => item.name.as_str(),
        "parent_id" => item.folder.0,
        "permissions" => llsd::map! {
            "base_mask" => permissions.base as i32,
            "creator_id" => permissions.creator.0,
            "everyone_mask" => permissions.everyone as i32,
            "group_id" => permissions.group,
            "group_mask" => permissions.group_mask as i32,
            "is_owner_group" => permissions.group_owned,
            "last_owner_id" => permissions.last_owner.0,
            "next_owner_mask" => permissions.next_owner as i32,
            "owner_id" => item.owner.0,
            "owner_mask" => permissions.owner as i32,
        },
        "sale_info" => llsd::map! {
            "sale_price" => item.sale.price,
            "sale_type" => i32::from(item.sale.kind),
        },
        "type" => i32::from(item.asset_type.code()),
    }
}
