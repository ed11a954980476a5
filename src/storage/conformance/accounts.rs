//! Accounts and inventories.

use uuid::Uuid;

use super::{account, create};
use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;
use crate::services::accounts::{AccountName, Location, Place, StoredPassword};
use crate::services::inventory::{
    AssetType, FolderId, FolderType, Item, ItemId, standard_folder, standard_inventory,
};
use crate::services::ports::StoreError;
use crate::services::store::Store;

suite! {
    account_comes_back_as_it_was_kept,
    account_is_found_by_name_in_any_case,
    accounts_are_listed_by_name_in_pages,
    taken_names_and_ids_change_nothing,
    failed_creation_keeps_nothing_of_it,
    changes_reach_only_their_account,
    changes_of_nobody_are_refused,
    removal_takes_the_inventory_and_frees_name_and_ids,
    inventory_comes_back_as_it_was_kept,
    contents_are_what_lies_directly_inside,
    inventories_of_others_are_not_found,
    failed_call_in_a_batch_leaves_the_others,
}

fn location(x: f32) -> Location {
    Location {
        region: RegionId(Uuid::from_u128(0xFFFF_FFFF_0000_0000_8000_0000_0000_0001)),
        position: Vector3::new(x, 127.999_99, -0.1),
        look_at: Vector3::new(0.0, 1.0, 0.0),
    }
}

fn account_comes_back_as_it_was_kept(store: &mut dyn Store) {
    let mut full = account(1, "Ünï Cöde");
    full.password.short = Some("short".to_owned());
    full.last_login = Some(u64::from(u32::MAX) + 1);
    full.last = Some(location(0.1));
    full.home = Some(location(255.9));
    create(store, &full).unwrap();
    let found = store.account(full.id).unwrap().unwrap();
    assert_eq!(found, full);
    assert_eq!(found.name.to_string(), "Ünï Cöde");
    assert_eq!(store.account(AgentId(Uuid::from_u128(2))).unwrap(), None);
}

fn account_is_found_by_name_in_any_case(store: &mut dyn Store) {
    let kept = account(1, "Ünï Cöde");
    create(store, &kept).unwrap();
    let name = AccountName::parse("üNÏ.cÖDE").unwrap();
    assert_eq!(store.account_by_name(&name).unwrap(), Some(kept));
    let other = AccountName::parse("Uni Code").unwrap();
    assert_eq!(store.account_by_name(&other).unwrap(), None);
}

fn accounts_are_listed_by_name_in_pages(store: &mut dyn Store) {
    for (number, name) in [(1, "c c"), (2, "A b"), (3, "a A"), (4, "B b")] {
        create(store, &account(number, name)).unwrap();
    }
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.accounts(after.as_deref(), 3).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.name.key());
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|account| account.name.to_string()));
    }
    assert_eq!(seen, ["a A", "A b", "B b", "c c"]);
    assert_eq!(store.count_accounts().unwrap(), 4);
    assert_eq!(store.accounts(None, 0).unwrap(), []);
}

fn taken_names_and_ids_change_nothing(store: &mut dyn Store) {
    let kept = account(1, "Test User");
    create(store, &kept).unwrap();
    let taken = create(store, &account(2, "TEST USER"));
    assert!(matches!(taken, Err(StoreError::NameTaken(_))));
    let taken = create(store, &account(1, "Other User"));
    assert!(matches!(taken, Err(StoreError::IdTaken(_))));
    assert_eq!(store.accounts(None, 10).unwrap(), [kept]);
}

fn failed_creation_keeps_nothing_of_it(store: &mut dyn Store) {
    create(store, &account(1, "First User")).unwrap();
    let second = account(2, "Second User");
    let (folders, mut items) = standard_inventory(second.id, 0);
    // The very last row is the one that cannot be.
    let (_, others) = standard_inventory(AgentId(Uuid::from_u128(1)), 0);
    items.last_mut().unwrap().id = others[0].id;
    let failed = store.create_account(&second, &folders, &items);
    assert!(matches!(failed, Err(StoreError::IdTaken(_))), "{failed:?}");
    assert_eq!(store.account(second.id).unwrap(), None);
    assert_eq!(store.folders(second.id).unwrap(), []);
    create(store, &second).unwrap();
}

fn changes_reach_only_their_account(store: &mut dyn Store) {
    let (mut one, two) = (account(1, "Test User"), account(2, "Other User"));
    create(store, &one).unwrap();
    create(store, &two).unwrap();
    one.password = StoredPassword { full: "new".to_owned(), short: Some("n".to_owned()) };
    one.last_login = Some(1_800_000_000);
    one.last = Some(location(1.0));
    one.home = Some(location(2.0));
    store.set_password(one.id, &one.password).unwrap();
    store.set_last_login(one.id, 1_800_000_000).unwrap();
    store.set_location(one.id, Place::Last, &location(7.0)).unwrap();
    store.set_location(one.id, Place::Last, &location(1.0)).unwrap();
    store.set_location(one.id, Place::Home, &location(2.0)).unwrap();
    assert_eq!(store.account(one.id).unwrap(), Some(one));
    assert_eq!(store.account(two.id).unwrap(), Some(two));
}

fn changes_of_nobody_are_refused(store: &mut dyn Store) {
    let nobody = AgentId(Uuid::from_u128(9));
    let password = StoredPassword { full: "x".to_owned(), short: None };
    for refused in [
        store.set_password(nobody, &password),
        store.set_last_login(nobody, 1),
        store.set_location(nobody, Place::Home, &location(1.0)),
        store.remove_account(nobody),
    ] {
        assert!(matches!(refused, Err(StoreError::NotFound(id)) if id == nobody));
    }
}

fn removal_takes_the_inventory_and_frees_name_and_ids(store: &mut dyn Store) {
    let mut kept = account(1, "Test User");
    kept.last = Some(location(1.0));
    create(store, &kept).unwrap();
    store.remove_account(kept.id).unwrap();
    assert_eq!(store.account(kept.id).unwrap(), None);
    assert_eq!(store.account_by_name(&kept.name).unwrap(), None);
    assert_eq!(store.folders(kept.id).unwrap(), []);
    kept.last = None;
    create(store, &kept).unwrap();
    assert_eq!(store.account(kept.id).unwrap(), Some(kept));
}

fn inventory_comes_back_as_it_was_kept(store: &mut dyn Store) {
    let kept = account(1, "Test User");
    let (folders, mut items) = standard_inventory(kept.id, 1_700_000_000);
    let odd: &mut Item = items.last_mut().unwrap();
    odd.name = "Quote ' and ünïcode".to_owned();
    odd.flags = u32::MAX;
    odd.permissions.everyone = u32::MAX;
    odd.permissions.group = Uuid::from_u128(u128::MAX);
    odd.permissions.group_owned = true;
    odd.sale.kind = 3;
    odd.sale.price = -1;
    store.create_account(&kept, &folders, &items).unwrap();
    assert_eq!(store.folders(kept.id).unwrap(), folders);
    for folder in &folders {
        assert_eq!(store.folder(kept.id, folder.id).unwrap().as_ref(), Some(folder));
    }
    for item in &items {
        assert_eq!(store.item(kept.id, item.id).unwrap().as_ref(), Some(item));
    }
    assert_eq!(store.item(kept.id, ItemId::default()).unwrap(), None);
    assert_eq!(store.folder(kept.id, FolderId::default()).unwrap(), None);
}

fn contents_are_what_lies_directly_inside(store: &mut dyn Store) {
    let kept = account(1, "Test User");
    create(store, &kept).unwrap();
    let mut contents = |kind| store.folder_contents(kept.id, standard_folder(kept.id, kind));
    let root = contents(FolderType::Root).unwrap().unwrap();
    assert_eq!(root.folder.parent, None);
    assert_eq!(root.folders.len(), 19);
    assert_eq!(root.items, []);
    let outfit = contents(FolderType::CurrentOutfit).unwrap().unwrap();
    assert_eq!(outfit.folders, []);
    assert_eq!(outfit.items.len(), 6);
    assert!(outfit.items.iter().all(|item| item.asset_type == AssetType::Link));
    let trash = contents(FolderType::Trash).unwrap().unwrap();
    assert_eq!(trash.descendents(), 0);
    assert_eq!(contents(FolderType::Outfit).unwrap(), None);
}

fn inventories_of_others_are_not_found(store: &mut dyn Store) {
    let (one, two) = (account(1, "Test User"), account(2, "Other User"));
    create(store, &one).unwrap();
    create(store, &two).unwrap();
    let root = standard_folder(one.id, FolderType::Root);
    let (_, items) = standard_inventory(one.id, 0);
    assert_eq!(store.folder(two.id, root).unwrap(), None);
    assert_eq!(store.folder_contents(two.id, root).unwrap(), None);
    assert_eq!(store.item(two.id, items[0].id).unwrap(), None);
    assert_eq!(store.folders(AgentId(Uuid::from_u128(9))).unwrap(), []);
}

fn failed_call_in_a_batch_leaves_the_others(store: &mut dyn Store) {
    store.begin().unwrap();
    create(store, &account(1, "First User")).unwrap();
    assert!(create(store, &account(2, "First User")).is_err());
    assert!(create(store, &account(1, "Third User")).is_err());
    create(store, &account(4, "Fourth User")).unwrap();
    store.commit().unwrap();
    store.flush().unwrap();
    let names: Vec<String> =
        store.accounts(None, 10).unwrap().iter().map(|one| one.name.to_string()).collect();
    assert_eq!(names, ["First User", "Fourth User"]);
}
