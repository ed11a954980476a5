//! Inventories, the library and assets.

use super::*;
use crate::services::inventory::{FolderType, LIBRARY_OWNER, LIBRARY_ROOT, standard_folder};

fn fetch(folder: Uuid, owner: Uuid) -> Llsd {
    llsd::map! {
        "fetch_folders" => true,
        "fetch_items" => true,
        "folder_id" => folder,
        "owner_id" => owner,
        "sort_order" => 1,
    }
}

fn fetches(folders: Vec<Llsd>) -> Llsd {
    llsd::map! { "folders" => Llsd::Array(folders) }
}

#[tokio::test]
async fn a_folder_comes_with_its_contents() {
    let grid = Grid::new().await;
    let agent = grid.agent();
    let root = standard_folder(agent, FolderType::Root).0;
    let url = grid.url("FetchInventoryDescendents2");
    let answer = grid.post(&url, &fetches(vec![fetch(root, agent.0)])).await.llsd();
    assert!(answer.get("bad_folders").is_undef());
    let [folder] = answer.get("folders").as_array() else { panic!("{answer:?}") };
    assert_eq!(folder.get("folder_id"), &Llsd::Uuid(root));
    assert_eq!(folder.get("owner_id"), &Llsd::Uuid(agent.0));
    assert_eq!(folder.get("agent_id"), &Llsd::Uuid(agent.0));
    let categories = folder.get("categories").as_array();
    let items = folder.get("items").as_array();
    assert_eq!(folder.get("descendents"), &Llsd::Integer((categories.len() + items.len()) as i32));
    assert!(folder.get("version").as_i32() > 0);
    let outfit = categories.iter().find(|c| c.get("type_default") == &Llsd::Integer(46));
    let outfit = outfit.expect("a Current Outfit folder");
    assert_eq!(outfit.get("parent_id"), &Llsd::Uuid(root));
    assert_eq!(outfit.get("agent_id"), &Llsd::Uuid(agent.0));
    assert!(matches!(outfit.get("version"), Llsd::Integer(_)));
}

#[tokio::test]
async fn items_have_every_field_that_clients_insist_on() {
    let grid = Grid::new().await;
    let agent = grid.agent();
    let outfit = standard_folder(agent, FolderType::CurrentOutfit).0;
    let url = grid.url("FetchInventoryDescendents2");
    // The id as a string, as viewers send it at times.
    let mut wanted = fetch(outfit, agent.0);
    wanted.insert("folder_id", outfit.to_string());
    let answer = grid.post(&url, &fetches(vec![wanted])).await.llsd();
    let items = answer.get("folders").at(0).get("items").as_array();
    assert!(!items.is_empty(), "an avatar wears something");
    for item in items {
        for key in ["item_id", "parent_id", "asset_id"] {
            assert!(matches!(item.get(key), Llsd::Uuid(_)), "{key}");
        }
        for key in ["type", "inv_type", "flags", "created_at"] {
            assert!(matches!(item.get(key), Llsd::Integer(_)), "{key}");
        }
        for key in ["base_mask", "owner_mask", "group_mask", "everyone_mask", "next_owner_mask"] {
            assert!(matches!(item.get("permissions").get(key), Llsd::Integer(_)), "{key}");
        }
        for key in ["creator_id", "owner_id", "last_owner_id", "group_id"] {
            assert!(matches!(item.get("permissions").get(key), Llsd::Uuid(_)), "{key}");
        }
        for key in ["sale_type", "sale_price"] {
            assert!(matches!(item.get("sale_info").get(key), Llsd::Integer(_)), "{key}");
        }
    }
    let item = items[0].clone();
    let wanted = llsd::map! { "item_id" => item.get("item_id").as_uuid(), "owner_id" => agent.0 };
    let missing = llsd::map! { "item_id" => Uuid::from_u128(1), "owner_id" => agent.0 };
    let body = llsd::map! { "items" => Llsd::Array(vec![missing, wanted]) };
    let answer = grid.post(&grid.url("FetchInventory2"), &body).await.llsd();
    assert_eq!(answer.get("agent_id").as_uuid(), agent.0);
    assert_eq!(answer.get("items"), &Llsd::Array(vec![item]));
}

#[tokio::test]
async fn good_folders_come_in_order_and_bad_ones_apart() {
    let grid = Grid::new().await;
    let agent = grid.agent();
    let id = |kind| standard_folder(agent, kind).0;
    let (trash, root) = (id(FolderType::Trash), id(FolderType::Root));
    let other = Uuid::from_u128(1);
    let asked = fetches(vec![
        fetch(trash, agent.0),
        fetch(root, other),
        fetch(other, agent.0),
        fetch(root, Uuid::nil()),
        fetch(Uuid::nil(), agent.0),
    ]);
    let answer = grid.post(&grid.url("FetchInventoryDescendents2"), &asked).await.llsd();
    let ids = |key: &str| -> Vec<Uuid> {
        answer.get(key).as_array().iter().map(|f| f.get("folder_id").as_uuid()).collect()
    };
    assert_eq!(ids("folders"), [trash, root, Uuid::nil()]);
    assert_eq!(ids("bad_folders"), [root, other]);
    for folder in answer.get("folders").as_array() {
        assert!(matches!(folder.get("categories"), Llsd::Array(_)), "also when empty");
    }
}

#[tokio::test]
async fn an_empty_fetch_has_its_own_form() {
    let grid = Grid::new().await;
    let url = grid.url("FetchInventoryDescendents2");
    let answer = grid.post(&url, &fetches(Vec::new())).await;
    assert_eq!(answer.text(), "<llsd><map><key>folders</key><array /></map></llsd>");
}

#[tokio::test]
async fn the_library_is_read_under_either_owner() {
    let grid = Grid::new().await;
    let url = grid.url("FetchLibDescendents2");
    for owner in [LIBRARY_OWNER, grid.agent()] {
        let asked = fetches(vec![fetch(LIBRARY_ROOT.0, owner.0)]);
        let answer = grid.post(&url, &asked).await.llsd();
        let folder = answer.get("folders").at(0);
        assert_eq!(folder.get("owner_id").as_uuid(), LIBRARY_OWNER.0);
        assert!(folder.get("descendents").as_i32() > 0);
    }
    let own = standard_folder(grid.agent(), FolderType::Root).0;
    let answer = grid.post(&url, &fetches(vec![fetch(own, grid.agent().0)])).await.llsd();
    assert_eq!(answer.get("bad_folders").as_array().len(), 1, "this way leads to the library only");
}

#[tokio::test]
async fn a_texture_comes_whole_or_in_part() {
    let grid = Grid::new().await;
    let plywood = "89556747-24cb-43ed-920b-47caed15465f";
    let url = format!("{}/?texture_id={plywood}", grid.url("ViewerAsset"));
    let whole = grid.get(&url).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.headers[header::CONTENT_TYPE], "image/x-j2c");
    let size = whole.body.len();
    for (range, status, content_range, part) in [
        ("bytes=0-9", 206, format!("bytes 0-9/{size}"), &whole.body[..10]),
        ("bytes=5-99999999", 206, format!("bytes 5-{}/{size}", size - 1), &whole.body[5..]),
        ("bytes=99999999-", 200, String::new(), &whole.body[..]),
    ] {
        let headers = [(header::RANGE, range)];
        let answer = grid.call(Method::GET, &url, &headers, Vec::new()).await;
        assert_eq!(answer.status, status, "{range}");
        let named = answer.headers.get(header::CONTENT_RANGE);
        assert_eq!(named.map_or("", |value| value.to_str().unwrap()), content_range);
        assert_eq!(answer.body, part);
    }
    let old = format!("{}?texture_id={plywood}", grid.url("GetTexture"));
    assert_eq!(grid.get(&old).await.body, whole.body);
}

#[tokio::test]
async fn missing_assets_are_told_apart_from_bad_questions() {
    let grid = Grid::new().await;
    let url = grid.url("ViewerAsset");
    for (query, status) in [
        ("/?texture_id=00000000-0000-0000-0000-000000000001", 404),
        ("/?thing_id=89556747-24cb-43ed-920b-47caed15465f", 404),
        ("/?texture_id=plywood", 400),
        ("/", 400),
    ] {
        assert_eq!(grid.get(&format!("{url}{query}")).await.status, status, "{query}");
    }
    let mesh = grid.url("GetMesh");
    let texture = "?texture_id=89556747-24cb-43ed-920b-47caed15465f";
    assert_eq!(grid.get(&format!("{mesh}{texture}")).await.status, 404);
}

#[tokio::test]
async fn a_malformed_folder_id_fails_only_its_own_folder() {
    let grid = Grid::new().await;
    let agent = grid.agent();
    let root = standard_folder(agent, FolderType::Root).0;
    let mut malformed = fetch(root, agent.0);
    malformed.insert("folder_id", "no id");
    let url = grid.url("FetchInventoryDescendents2");
    let wanted = fetches(vec![malformed, fetch(root, agent.0)]);
    let answer = grid.post(&url, &wanted).await.llsd();
    assert_eq!(answer.get("folders").as_array().len(), 1);
    assert_eq!(answer.get("folders").at(0).get("folder_id"), &Llsd::Uuid(root));
    assert_eq!(answer.get("bad_folders").at(0).get("error").as_string(), "not an id");
}
