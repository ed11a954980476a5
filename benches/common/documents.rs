//! LLSD documents as a viewer gets them.

use holm::llsd::{Llsd, array, map};
use uuid::Uuid;

/// The answer of `FetchInventoryDescendents2` to a client that asked for 100 folders.
pub fn inventory() -> Llsd {
    let owner = Uuid::from_u128(0x1234);
    let folder = |number: u128| {
        let id = Uuid::from_u128(number << 64 | number);
        map! {
            "agent_id" => owner,
            "owner_id" => owner,
            "folder_id" => id,
            "version" => 7,
            "descendents" => 2,
            "categories" => array![map! {
                "category_id" => Uuid::from_u128(number),
                "parent_id" => id,
                "name" => format!("Folder <{number}> & others"),
                "type_default" => -1,
                "version" => 1,
            }],
            "items" => array![map! {
                "item_id" => Uuid::from_u128(number << 32),
                "asset_id" => Uuid::from_u128(number << 16),
                "parent_id" => id,
                "name" => format!("Item {number}"),
                "desc" => "",
                "type" => 0,
                "inv_type" => 0,
                "flags" => 0,
                "created_at" => 1_700_000_000,
                "permissions" => map! {
                    "creator_id" => owner,
                    "owner_id" => owner,
                    "group_id" => Uuid::nil(),
                    "base_mask" => i32::MAX,
                    "owner_mask" => i32::MAX,
                    "everyone_mask" => 0,
                    "is_owner_group" => false,
                },
                "sale_info" => map! { "sale_type" => 0, "sale_price" => 10 },
            }],
        }
    };
    map! { "folders" => (1..=100).map(folder).collect::<Llsd>() }
}

/// The answer to a login of an account with 40 inventory folders and 20 friends.
pub fn login() -> Llsd {
    let id = |number: u128| Uuid::from_u128(number << 64 | number).to_string();
    let mut answer = map! {
        "login" => "true",
        "agent_id" => id(1),
        "session_id" => id(2),
        "secure_session_id" => id(3),
        "first_name" => "\"Ann\"",
        "last_name" => "Tester",
        "agent_access" => "M",
        "agent_access_max" => "A",
        "circuit_code" => 1_234_567_890,
        "sim_ip" => "127.0.0.1",
        "sim_port" => 9000,
        "http_port" => 9000,
        "region_x" => 256_000,
        "region_y" => 256_000,
        "region_size_x" => 256,
        "region_size_y" => 256,
        "look_at" => "[r0.99949799999999999756,r0.03160700000000000104,r0]",
        "start_location" => "last",
        "home" => "{'region_handle':[r256000,r256000],'position':[r128,r128,r22],'look_at':[r1,r0,r0]}",
        "seed_capability" => "http://127.0.0.1:9000/cap/0f3f9d42-8a64-4a59-9a8d-4e1a4d0d7e11",
        "message" => "Welcome to Holm & <friends>.",
        "seconds_since_epoch" => 1_700_000_000,
        "max-agent-groups" => 42,
        "inventory-root" => array![map! { "folder_id" => id(9) }],
        "inventory-lib-owner" => array![map! { "agent_id" => id(8) }],
        "login-flags" => array![map! {
            "stipend_since_login" => "N",
            "ever_logged_in" => "Y",
            "gendered" => "Y",
            "daylight_savings" => "N",
        }],
        "ui-config" => array![map! { "allow_first_life" => "Y" }],
        "classified_categories" => array![
            map! { "category_id" => 1, "category_name" => "Shopping" },
            map! { "category_id" => 2, "category_name" => "Land Rental" },
            map! { "category_id" => 3, "category_name" => "Property Rental" },
        ],
    };
    let folder = |number: u128| {
        map! {
            "folder_id" => id(number << 8),
            "parent_id" => id(9),
            "name" => format!("Folder {number}"),
            "type_default" => 8,
            "version" => 1,
        }
    };
    let friend = |number: u128| {
        map! { "buddy_id" => id(number << 16), "buddy_rights_given" => 1, "buddy_rights_has" => 1 }
    };
    if let Llsd::Map(answer) = &mut answer {
        answer.insert("inventory-skeleton", (1..=40).map(folder).collect::<Llsd>());
        answer.insert("buddy-list", (1..=20).map(friend).collect::<Llsd>());
    }
    answer
}

/// A poll of the event queue.
pub fn poll() -> Llsd {
    map! { "ack" => 12_345_678, "done" => false }
}

/// What a poll brings while a group talks: ten lines of a chat session.
pub fn events() -> Llsd {
    let line = |number: u128| {
        map! {
            "message" => "ChatterBoxSessionMessage",
            "body" => map! {
                "session_id" => Uuid::from_u128(7 << 64 | 7),
                "from_id" => Uuid::from_u128(number << 64 | 1),
                "from_name" => "Ann Tester",
                "message" => format!("Line {number}: \"is anyone at the lake\" & who <else>?"),
                "timestamp" => 1_700_000_000,
                "offline" => 0,
                "parent_estate_id" => 1,
                "region_id" => Uuid::nil(),
                "position" => array![128.5, 96.25, 21.0],
                "binary_bucket" => Llsd::Binary(b"Friends of the lake\0".to_vec()),
            },
        }
    };
    map! { "events" => (1..=10).map(line).collect::<Llsd>(), "id" => 12_345_679 }
}
