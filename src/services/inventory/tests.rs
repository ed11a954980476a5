//! The inventory service with a memory store.

use uuid::Uuid;

use super::*;
use crate::ids::AgentId;
use crate::services::accounts::{Account, AccountName, StoredPassword};
use crate::services::store::StoreHandle;
use crate::storage::SqliteStore;

async fn inventory_of(owner: AgentId) -> Inventory {
    let store = StoreHandle::spawn_rehearsing(Box::new(SqliteStore::in_memory().unwrap())).unwrap();
    let account = Account {
        id: owner,
        name: AccountName::parse("Test User").unwrap(),
        password: StoredPassword { full: String::new(), short: None },
        created_at: 0,
        last_login: None,
        last: None,
        home: None,
    };
    let (folders, items) = standard_inventory(owner, 0);
    let created = store.call(move |store| store.create_account(&account, &folders, &items));
    created.await.unwrap().unwrap();
    Inventory::new(store)
}

#[tokio::test]
async fn contents_come_in_the_order_asked_with_gaps() {
    let owner = AgentId(Uuid::from_u128(1));
    let inventory = inventory_of(owner).await;
    let asked = [FolderType::Trash, FolderType::Meshes, FolderType::Root];
    let ids = asked.map(|kind| standard_folder(owner, kind)).to_vec();
    let found = inventory.contents(owner, ids.clone()).await.unwrap();
    let kinds: Vec<_> =
        found.iter().map(|one| one.as_ref().map(|contents| contents.folder.kind)).collect();
    assert_eq!(kinds, [Some(FolderType::Trash), None, Some(FolderType::Root)]);
    let many = vec![ids[0]; 100];
    let found = inventory.contents(owner, many).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 100);
    let stranger = AgentId(Uuid::from_u128(2));
    let found = inventory.contents(stranger, ids).await.unwrap();
    assert!(found.iter().all(Option::is_none));
}

#[tokio::test]
async fn new_avatar_wears_one_of_each() {
    let owner = AgentId(Uuid::from_u128(1));
    let inventory = inventory_of(owner).await;
    let worn = inventory.worn(owner).await.unwrap();
    let expected: Vec<_> = DEFAULT_WEARABLES
        .iter()
        .map(|one| Worn {
            item: default_wearable_item(owner, one.kind).0,
            asset: one.asset.0,
            kind: one.kind.code(),
        })
        .collect();
    assert_eq!(worn, expected);
    assert_eq!(inventory.worn(AgentId::NIL).await.unwrap(), []);
}

#[tokio::test]
async fn library_answers_for_its_owner() {
    let inventory = inventory_of(AgentId(Uuid::from_u128(1))).await;
    let found = inventory.contents(LIBRARY_OWNER, vec![LIBRARY_ROOT]).await.unwrap();
    let shelf = found[0].as_ref().unwrap().folders[0].id;
    let item = inventory.library().contents(shelf).unwrap().items[0].clone();
    let asked = vec![ItemId::default(), item.id];
    assert_eq!(inventory.items(LIBRARY_OWNER, asked).await.unwrap(), [item]);
}

#[tokio::test]
async fn items_that_are_missing_are_left_out() {
    let owner = AgentId(Uuid::from_u128(1));
    let inventory = inventory_of(owner).await;
    let shirt = default_wearable_item(owner, WearableType::Shirt);
    let found = inventory.items(owner, vec![ItemId::default(), shirt]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].asset_type, AssetType::Clothing);
}
