//! Inventories are changed by UDP and stay changed.

use anyhow::Result;
use holm::client::Client;
use holm::llsd::{self, Llsd};
use holm::message::{
    AgentAlertMessage, CopyInventoryItem, CopyInventoryItemInventoryData, CreateInventoryFolder,
    CreateInventoryItem, LinkInventoryItem, MoveInventoryFolder, MoveInventoryFolderInventoryData,
    MoveInventoryItem, MoveInventoryItemInventoryData, PurgeInventoryDescendents,
    RemoveInventoryItem, RemoveInventoryItemInventoryData, UpdateCreateInventoryItem,
    UpdateCreateInventoryItemInventoryData, UpdateInventoryItem, UpdateInventoryItemInventoryData,
    text, variable1,
};
use holm::services::inventory::{LIBRARY_OWNER, LIBRARY_ROOT};
use holm::testing::TestGrid;
use uuid::Uuid;

use super::SOON;

/// Copies the agent's ids into a message.
macro_rules! of {
    ($client:expr, $message:ident) => {{
        let mut message = $message::default();
        message.agent_data.agent_id = $client.login.agent_id.0;
        message.agent_data.session_id = $client.login.session_id.0;
        message
    }};
}

/// The folder of that type in the login answer: its id and version.
fn folder(client: &Client, kind: i32) -> (Uuid, i32) {
    let skeleton = client.login.fields.get("inventory-skeleton").as_array();
    let found = skeleton.iter().find(|folder| folder.get("type_default").as_i32() == kind);
    let found = found.expect("a folder of each type");
    (found.get("folder_id").as_uuid(), found.get("version").as_i32())
}

/// A folder and its contents, by the capability.
async fn contents(client: &Client, folder: Uuid) -> Result<Llsd> {
    let asked = llsd::map! { "folder_id" => folder, "owner_id" => client.login.agent_id.0,
    "fetch_folders" => true, "fetch_items" => true };
    let body = llsd::map! { "folders" => llsd::array![asked] };
    Ok(client.caps.post("FetchInventoryDescendents2", &body).await?.get("folders").at(0).clone())
}

fn names(contents: &Llsd, what: &str) -> Vec<String> {
    contents.get(what).as_array().iter().map(|one| one.get("name").as_string()).collect()
}

async fn make_folder(client: &Client, parent: Uuid, kind: i8, name: &str) -> Result<Uuid> {
    let id = Uuid::new_v4();
    let mut create = of!(client, CreateInventoryFolder);
    create.folder_data.folder_id = id;
    create.folder_data.parent_id = parent;
    create.folder_data.type_ = kind;
    create.folder_data.name = variable1(name);
    client.send(&create).await?;
    client.flush().await?;
    Ok(id)
}

async fn make_note(
    client: &mut Client,
    folder: Uuid,
    name: &str,
) -> Result<UpdateCreateInventoryItemInventoryData> {
    let mut create = of!(client, CreateInventoryItem);
    create.inventory_block.callback_id = 77;
    create.inventory_block.folder_id = folder;
    create.inventory_block.next_owner_mask = 0x8_2000;
    create.inventory_block.type_ = 7;
    create.inventory_block.inv_type = 7;
    create.inventory_block.name = variable1(name);
    client.send(&create).await?;
    let made = client.expect::<UpdateCreateInventoryItem>(SOON, |_| true).await?;
    Ok(made.inventory_data[0].clone())
}

#[tokio::test]
async fn a_folder_is_there_when_it_is_acked_and_at_the_next_login() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let (root, version) = folder(&alice, 8);
    let boxes = make_folder(&alice, root, -1, "Boxes").await?;
    // The client's flush waits for the ack, so the next request must see it.
    let found = contents(&alice, root).await?;
    assert!(names(&found, "categories").contains(&"Boxes".to_owned()));
    assert_eq!(found.get("version").as_i32(), version + 1);
    alice.log_out().await?;

    let alice = grid.enter("Alice", "Tester").await?;
    let skeleton = alice.login.fields.get("inventory-skeleton").as_array();
    let kept = skeleton.iter().find(|one| one.get("folder_id").as_uuid() == boxes).unwrap();
    assert_eq!((kept.get("version").as_i32(), kept.get("name").as_string()), (1, "Boxes".into()));
    assert_eq!(folder(&alice, 8).1, version + 1);
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn a_folder_made_by_capability_is_refused_or_there() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let (root, _) = folder(&alice, 8);
    let ask = |id: Uuid, parent: Uuid, kind: i32| {
        llsd::map! { "folder_id" => id, "parent_id" => parent, "type" => kind, "name" => "Boxes" }
    };
    let id = Uuid::new_v4();
    let made = alice.caps.post("CreateInventoryCategory", &ask(id, root, -1)).await?;
    assert_eq!((made.get("folder_id").as_uuid(), made.get("parent_id").as_uuid()), (id, root));
    assert!(names(&contents(&alice, root).await?, "categories").contains(&"Boxes".to_owned()));
    let new = Uuid::new_v4();
    for (body, why) in [
        (ask(id, root, -1), "in use"),
        (ask(new, Uuid::from_u128(5), -1), "no such folder"),
        (ask(new, root, 46), "only one"),
        (ask(new, root, 99), "99"),
        (ask(Uuid::nil(), root, -1), "folder_id"),
    ] {
        let url = alice.caps.url("CreateInventoryCategory")?;
        let body = llsd::xml::write(&body);
        let refused = alice.http().post(url, "application/llsd+xml", body).await?;
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(refused.status == 400 && text.contains(why), "{} {text}", refused.status);
    }
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn a_new_notecard_is_answered_and_can_be_read_at_once() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (notecards, _) = folder(&alice, 7);
    let made = make_note(&mut alice, notecards, "Shopping").await?;
    assert_eq!((made.callback_id, made.folder_id), (77, notecards));
    assert_eq!((made.base_mask, made.owner_mask), (0x7FFF_FFFF, 0x7FFF_FFFF));
    assert_eq!((made.next_owner_mask, text(&made.name).as_str()), (0x8_2000, "Shopping"));
    let asked = llsd::map! { "item_id" => made.item_id, "owner_id" => alice.login.agent_id.0 };
    let body = llsd::map! { "items" => llsd::array![asked] };
    let found = alice.caps.post("FetchInventory2", &body).await?;
    assert_eq!(found.get("items").at(0).get("name").as_string(), "Shopping");
    let url = format!("{}/?notecard_id={}", alice.caps.url("ViewerAsset")?, made.asset_id);
    let asset = alice.http().get(&url).await?;
    assert!(asset.body.starts_with(b"Linden text version 2"));
    // Without a folder it goes where its kind belongs.
    let lost = make_note(&mut alice, Uuid::nil(), "Anywhere").await?;
    assert_eq!(lost.folder_id, notecards);
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn a_move_to_trash_counts_in_both_folders_and_sets_the_date() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let ((notecards, _), (trash, _)) = (folder(&alice, 7), folder(&alice, 14));
    let made = make_note(&mut alice, notecards, "Old").await?;
    let before = [contents(&alice, notecards).await?, contents(&alice, trash).await?];
    let mut moved = of!(alice, MoveInventoryItem);
    moved.agent_data.stamp = true;
    moved.inventory_data = vec![MoveInventoryItemInventoryData {
        item_id: made.item_id,
        folder_id: trash,
        new_name: variable1(""),
    }];
    alice.send(&moved).await?;
    alice.flush().await?;
    let after = [contents(&alice, notecards).await?, contents(&alice, trash).await?];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after.get("version").as_i32(), before.get("version").as_i32() + 1);
    }
    let item = after[1].get("items").at(0);
    assert_eq!(item.get("name").as_string(), "Old");
    assert!(item.get("created_at").as_i32() > 1_700_000_000);

    let mut purge = of!(alice, PurgeInventoryDescendents);
    purge.inventory_data.folder_id = trash;
    alice.send(&purge).await?;
    alice.flush().await?;
    assert_eq!(contents(&alice, trash).await?.get("descendents").as_i32(), 0);
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn an_owner_changes_name_and_rights_but_not_the_base() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let (notecards, _) = folder(&alice, 7);
    let made = make_note(&mut alice, notecards, "Draft").await?;
    let mut update = of!(alice, UpdateInventoryItem);
    update.inventory_data = vec![UpdateInventoryItemInventoryData {
        item_id: made.item_id,
        folder_id: Uuid::from_u128(9),
        base_mask: 0,
        owner_mask: 0,
        everyone_mask: 0x8000 | 0x4000,
        next_owner_mask: 0xE000,
        name: variable1(&"é".repeat(60)),
        ..Default::default()
    }];
    alice.send(&update).await?;
    alice.flush().await?;
    let found = contents(&alice, notecards).await?;
    let item = found.get("items").at(0);
    assert_eq!(item.get("name").as_string(), "é".repeat(31), "63 bytes, between two letters");
    let rights = item.get("permissions");
    let mask = |name| rights.get(name).as_i32();
    assert_eq!((mask("base_mask"), mask("owner_mask")), (0x7FFF_FFFF, 0x7FFF_FFFF));
    assert_eq!((mask("everyone_mask"), mask("next_owner_mask")), (0x8000, 0xE000));
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn copies_and_links_are_answered_with_their_callbacks() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let ((notecards, _), (clothing, _), (outfit, _)) =
        (folder(&alice, 7), folder(&alice, 5), folder(&alice, 46));
    let made = make_note(&mut alice, notecards, "First").await?;
    let shirt = contents_of_library(&alice).await?;
    let mut copy = of!(alice, CopyInventoryItem);
    let block = |owner, item, folder, name, callback_id| CopyInventoryItemInventoryData {
        callback_id,
        old_agent_id: owner,
        old_item_id: item,
        new_folder_id: folder,
        new_name: variable1(name),
    };
    copy.inventory_data = vec![
        block(alice.login.agent_id.0, made.item_id, notecards, "Second", 5),
        block(LIBRARY_OWNER.0, shirt, clothing, "", 6),
    ];
    alice.send(&copy).await?;
    let event = alice.expect_event(SOON, "BulkUpdateInventory", |_| true).await?;
    let copies = event.get("ItemData");
    assert_eq!(
        (copies.at(0).get("CallbackID").as_u32(), copies.at(1).get("CallbackID").as_u32()),
        (5, 6)
    );
    assert_eq!(copies.at(0).get("Name").as_string(), "Second");
    assert_eq!(copies.at(0).get("BaseMask"), &Llsd::Binary(vec![0x7F, 0xFF, 0xFF, 0xFF]));
    assert_eq!(copies.at(1).get("OwnerID").as_uuid(), alice.login.agent_id.0);

    let mut link = of!(alice, LinkInventoryItem);
    link.inventory_block.callback_id = 8;
    link.inventory_block.folder_id = outfit;
    link.inventory_block.old_item_id = copies.at(1).get("ItemID").as_uuid();
    link.inventory_block.type_ = 24;
    link.inventory_block.inv_type = 18;
    link.inventory_block.name = variable1("Shirt");
    alice.send(&link).await?;
    let linked = alice.expect::<UpdateCreateInventoryItem>(SOON, |_| true).await?;
    let linked = &linked.inventory_data[0];
    assert_eq!((linked.callback_id, linked.type_), (8, 24));
    assert_eq!(linked.asset_id, copies.at(1).get("ItemID").as_uuid());
    // Taking it off is deleting the link.
    let mut remove = of!(alice, RemoveInventoryItem);
    remove.inventory_data = vec![RemoveInventoryItemInventoryData { item_id: linked.item_id }];
    alice.send(&remove).await?;
    alice.flush().await?;
    let found = contents(&alice, outfit).await?;
    let ids: Vec<Uuid> =
        found.get("items").as_array().iter().map(|one| one.get("item_id").as_uuid()).collect();
    assert!(!ids.contains(&linked.item_id));
    Ok(grid.stop().await?)
}

/// An item of the library's clothing.
async fn contents_of_library(client: &Client) -> Result<Uuid> {
    let mut folder = LIBRARY_ROOT.0;
    loop {
        let asked = llsd::map! { "folder_id" => folder, "owner_id" => LIBRARY_OWNER.0,
        "fetch_folders" => true, "fetch_items" => true };
        let body = llsd::map! { "folders" => llsd::array![asked] };
        let found = client.caps.post("FetchLibDescendents2", &body).await?;
        let found = found.get("folders").at(0);
        let item = found.get("items").at(0).get("item_id").as_uuid();
        if !item.is_nil() {
            return Ok(item);
        }
        let shelves = found.get("categories").as_array();
        let clothing = shelves.iter().find(|one| one.get("type_default").as_i32() == 5);
        folder = clothing.unwrap().get("category_id").as_uuid();
    }
}

#[tokio::test]
async fn forbidden_changes_are_told_and_leave_everything() -> Result<()> {
    let grid = TestGrid::start().await?;
    let mut alice = grid.enter("Alice", "Tester").await?;
    let ((root, _), (outfit, _)) = (folder(&alice, 8), folder(&alice, 46));
    let outer = make_folder(&alice, root, -1, "Outer").await?;
    let inner = make_folder(&alice, outer, -1, "Inner").await?;
    make_folder(&alice, root, 46, "Second outfit").await?;
    let told = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
    assert!(text(&told.alert_data.message).contains("only one"), "{told:?}");
    let before = contents(&alice, root).await?;
    for (moved, to, why) in [(outer, inner, "into itself"), (outfit, outer, "cannot be changed")] {
        let mut message = of!(alice, MoveInventoryFolder);
        message.inventory_data =
            vec![MoveInventoryFolderInventoryData { folder_id: moved, parent_id: to }];
        alice.send(&message).await?;
        let told = alice.expect::<AgentAlertMessage>(SOON, |_| true).await?;
        assert!(text(&told.alert_data.message).contains(why), "{told:?}");
    }
    assert_eq!(contents(&alice, root).await?, before);
    Ok(grid.stop().await?)
}

#[tokio::test]
async fn an_outfit_changed_by_ais_is_kept() -> Result<()> {
    let grid = TestGrid::start().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    let (outfit, version) = folder(&alice, 46);
    let url = format!("{}/category/current/links", alice.caps.url("InventoryAPIv3")?);
    let shown = alice.http().get(&url).await?.llsd(&url)?;
    let links = shown.get("_embedded").get("links").as_map();
    assert!(links.len() > 3 && shown.get("version").as_i32() == version);
    let (_, first) = links.iter().next().expect("a link");
    let item = first.get("item_id").as_uuid();
    let url = format!("{}/item/{item}", alice.caps.url("InventoryAPIv3")?);
    let removed = alice.http().delete(&url).await?.llsd(&url)?;
    assert_eq!(removed.get("_removed_items").at(0).as_uuid(), item);
    alice.log_out().await?;
    let alice = grid.enter("Alice", "Tester").await?;
    assert_eq!(folder(&alice, 46), (outfit, version + 1));
    assert_eq!(contents(&alice, outfit).await?.get("items").as_array().len(), links.len() - 1);
    Ok(grid.stop().await?)
}
