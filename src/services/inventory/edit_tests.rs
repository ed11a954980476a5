//! Edits, by themselves and against a plain model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::InventoryStore as _;
use super::rules::{apply, apply_each};
use super::*;
use crate::ids::AgentId;
use crate::services::accounts::{Account, AccountName, AccountStore as _, StoredPassword};
use crate::services::store::StoreHandle;
use crate::storage::SqliteStore;

const ANN: AgentId = AgentId(Uuid::from_u128(1));
const BEN: AgentId = AgentId(Uuid::from_u128(2));
const NOW: u64 = 1_800_000_000;

fn store() -> SqliteStore {
    let mut store = SqliteStore::in_memory().unwrap();
    for (id, name) in [(ANN, "Ann Tester"), (BEN, "Ben Tester")] {
        let account = Account {
            id,
            name: AccountName::parse(name).unwrap(),
            password: StoredPassword { full: String::new(), short: None },
            created_at: 0,
            last_login: None,
            last: None,
            home: None,
        };
        let (folders, items) = standard_inventory(id, 0);
        store.create_account(&account, &folders, &items).unwrap();
    }
    store
}

fn folder_id(number: u128) -> FolderId {
    FolderId(Uuid::from_u128(1000 + number))
}

fn item_id(number: u128) -> ItemId {
    ItemId(Uuid::from_u128(2000 + number))
}

fn note(number: u128, folder: FolderId) -> Item {
    Item {
        id: item_id(number),
        owner: ANN,
        folder,
        asset: AssetId(Uuid::from_u128(7)),
        name: format!("Note {number}"),
        description: String::new(),
        asset_type: AssetType::Notecard,
        inventory_type: InventoryType::Notecard,
        flags: 0,
        permissions: Permissions::created(ANN, 0),
        sale: SaleInfo::default(),
        created_at: NOW,
    }
}

fn new_folder(number: u128, parent: FolderId) -> Edit {
    let kind = FolderType::None;
    Edit::CreateFolder { id: folder_id(number), parent, kind, name: format!("Folder {number}") }
}

fn new_item(number: u128, folder: FolderId) -> Edit {
    Edit::CreateItem { item: Box::new(note(number, folder)), or_by_type: false }
}

fn parent(folder: FolderId, parent: FolderId) -> Edit {
    Edit::ChangeFolder(folder, FolderChange { parent: Some(parent), ..Default::default() })
}

fn refusal(store: &mut SqliteStore, edit: Edit) -> EditRefusal {
    let changes = apply_each(store, ANN, &[edit], NOW).unwrap();
    assert_eq!((changes.refused.len(), changes.versions.len()), (1, 0));
    changes.refused[0].1
}

#[test]
fn a_folder_counts_once_for_each_request() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    let edits: Vec<Edit> = (0..10).map(|number| new_item(number, root)).collect();
    let changes = apply(&mut store, ANN, &edits, NOW).unwrap();
    assert_eq!(changes.versions, BTreeMap::from([(root, 2)]));
    assert_eq!(changes.created_items.len(), 10);
    assert_eq!(store.folder(ANN, root).unwrap().unwrap().version, 2);
}

#[test]
fn edits_of_anothers_inventory_find_nothing() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    apply(&mut store, ANN, &[new_item(1, root)], NOW).unwrap();
    let edits = [
        new_folder(1, root),
        Edit::RemoveItem(item_id(1)),
        Edit::Purge(root),
        Edit::ReplaceLinks(root, Vec::new()),
        Edit::RemoveFolder(standard_folder(ANN, FolderType::Trash)),
    ];
    let changes = apply_each(&mut store, BEN, &edits, NOW).unwrap();
    assert_eq!(changes.refused.len(), edits.len());
    assert_eq!(Changes { refused: Vec::new(), ..changes }, Changes::default());
    assert!(store.item(ANN, item_id(1)).unwrap().is_some());
}

#[test]
fn clients_keep_the_folders_that_they_need() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    let trash = standard_folder(ANN, FolderType::Trash);
    apply(&mut store, ANN, &[new_folder(1, root)], NOW).unwrap();
    let rename = FolderChange { name: Some("Bin".into()), ..Default::default() };
    for edit in [
        Edit::RemoveFolder(trash),
        Edit::RemoveFolder(root),
        Edit::Purge(root),
        parent(trash, folder_id(1)),
        Edit::ChangeFolder(trash, rename),
    ] {
        assert_eq!(refusal(&mut store, edit), EditRefusal::Protected);
    }
    // What does not change it is no change.
    let same = FolderChange {
        name: Some("Trash".into()),
        kind: Some(FolderType::Trash),
        parent: Some(root),
    };
    let changes = apply(&mut store, ANN, &[Edit::ChangeFolder(trash, same)], NOW).unwrap();
    assert!(changes.versions.is_empty());
    let second = Edit::CreateFolder {
        id: folder_id(2),
        parent: root,
        kind: FolderType::Trash,
        name: String::new(),
    };
    assert_eq!(refusal(&mut store, second), EditRefusal::SecondOfType);
}

#[test]
fn a_folder_never_comes_to_lie_in_itself() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    let edits = [new_folder(1, root), new_folder(2, folder_id(1)), new_folder(3, folder_id(2))];
    apply(&mut store, ANN, &edits, NOW).unwrap();
    for inner in 1..=3 {
        let edit = parent(folder_id(1), folder_id(inner));
        assert_eq!(refusal(&mut store, edit), EditRefusal::Cycle);
    }
    let changes = apply(&mut store, ANN, &[parent(folder_id(3), root)], NOW).unwrap();
    assert_eq!(changes.versions.keys().len(), 2, "the old and the new parent");
}

#[test]
fn an_item_without_copy_right_is_not_copied() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    let mut item = note(1, root);
    item.permissions.base &= !Permissions::COPY;
    let create = Edit::CreateItem { item: Box::new(item), or_by_type: false };
    apply(&mut store, ANN, &[create], NOW).unwrap();
    let source = CopySource::Own(item_id(1));
    let copy = Edit::CopyItem { source, id: item_id(2), folder: root, name: None };
    assert_eq!(refusal(&mut store, copy), EditRefusal::NoCopy);
}

#[test]
fn links_are_replaced_in_one_step_and_items_stay() {
    let mut store = store();
    let outfit = standard_folder(ANN, FolderType::CurrentOutfit);
    let before = store.folder_contents(ANN, outfit).unwrap().unwrap();
    apply(&mut store, ANN, &[new_item(1, outfit)], NOW).unwrap();
    let mut link = note(5, outfit);
    (link.asset_type, link.asset) = (AssetType::Link, AssetId(before.items[0].id.0));
    let changes = apply(&mut store, ANN, &[Edit::ReplaceLinks(outfit, vec![link])], NOW).unwrap();
    assert_eq!(changes.removed_items.len(), before.items.len());
    assert_eq!(changes.versions, BTreeMap::from([(outfit, before.folder.version + 2)]));
    let made = changes.item(item_id(5)).unwrap();
    assert_eq!(made.asset, before.items[0].asset, "a link to a link goes to its target");
    let after = store.folder_contents(ANN, outfit).unwrap().unwrap();
    assert_eq!(after.items.len(), 2);
    assert_eq!(
        refusal(&mut store, Edit::ReplaceLinks(outfit, vec![note(6, outfit)])),
        EditRefusal::NotALink
    );
}

#[tokio::test]
async fn a_refused_edit_undoes_those_before_it() {
    let store = StoreHandle::spawn_rehearsing(Box::new(store())).unwrap();
    let inventory = Inventory::new(store);
    let root = standard_folder(ANN, FolderType::Root);
    let edits = vec![new_item(1, root), Edit::RemoveItem(item_id(9))];
    let error = inventory.apply(ANN, edits.clone(), NOW).await.unwrap_err();
    assert!(matches!(error, InventoryError::Refused(EditRefusal::NoItem)));
    assert_eq!(inventory.items(ANN, vec![item_id(1)]).await.unwrap(), []);
    let changes = inventory.apply_each(ANN, edits, NOW).await.unwrap();
    assert_eq!(changes.refused, [(1, EditRefusal::NoItem)]);
    assert_eq!(inventory.items(ANN, vec![item_id(1)]).await.unwrap().len(), 1);
}

#[test]
fn entries_are_counted_as_they_come_and_go() {
    let mut store = store();
    let root = standard_folder(ANN, FolderType::Root);
    let before = store.inventory_size(ANN).unwrap();
    let edits = [new_folder(1, root), new_folder(2, folder_id(1)), new_item(1, folder_id(2))];
    apply(&mut store, ANN, &edits, NOW).unwrap();
    assert_eq!(store.inventory_size(ANN).unwrap(), before + 3);
    let changes = apply(&mut store, ANN, &[Edit::RemoveFolder(folder_id(1))], NOW).unwrap();
    assert_eq!(changes.removed_folders, [folder_id(2), folder_id(1)]);
    assert_eq!(store.inventory_size(ANN).unwrap(), before);
}

/// A plain inventory: what lies where.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    folders: BTreeMap<u128, Option<u128>>,
    items: BTreeMap<u128, u128>,
}

#[derive(Clone, Debug)]
enum Step {
    Folder(u128, u128),
    Item(u128, u128),
    MoveFolder(u128, u128),
    MoveItem(u128, u128),
    RemoveFolder(u128),
    RemoveItem(u128),
    Purge(u128),
}

fn step() -> impl Strategy<Value = Step> {
    let (folder, item) = (0..6u128, 0..6u128);
    prop_oneof![
        (1..6u128, folder.clone()).prop_map(|(id, parent)| Step::Folder(id, parent)),
        (item.clone(), folder.clone()).prop_map(|(id, parent)| Step::Item(id, parent)),
        (folder.clone(), folder.clone()).prop_map(|(id, parent)| Step::MoveFolder(id, parent)),
        (item.clone(), folder.clone()).prop_map(|(id, parent)| Step::MoveItem(id, parent)),
        folder.clone().prop_map(Step::RemoveFolder),
        item.prop_map(Step::RemoveItem),
        folder.prop_map(Step::Purge),
    ]
}

impl Model {
    fn is_within(&self, mut folder: u128, outer: u128) -> bool {
        loop {
            if folder == outer {
                return true;
            }
            let Some(Some(parent)) = self.folders.get(&folder) else { return false };
            folder = *parent;
        }
    }

    fn clear(&mut self, folder: u128) {
        let within: Vec<u128> =
            self.folders.keys().copied().filter(|&one| self.is_within(one, folder)).collect();
        self.items.retain(|_, place| !within.contains(place));
        self.folders.retain(|one, _| *one == folder || !within.contains(one));
    }

    fn take(&mut self, step: &Step) -> bool {
        let has = |folder: &u128| self.folders.contains_key(folder);
        match *step {
            Step::Folder(id, parent) if has(&parent) && !has(&id) => {
                self.folders.insert(id, Some(parent));
            }
            Step::Item(id, folder) if has(&folder) && !self.items.contains_key(&id) => {
                self.items.insert(id, folder);
            }
            Step::MoveFolder(id, parent) if id != 0 && has(&id) && has(&parent) => {
                if self.is_within(parent, id) {
                    // Where it lies already, it may be told to lie.
                    return false;
                }
                self.folders.insert(id, Some(parent));
            }
            Step::MoveItem(id, folder) if self.items.contains_key(&id) && has(&folder) => {
                self.items.insert(id, folder);
            }
            Step::RemoveFolder(id) if id != 0 && has(&id) => {
                self.clear(id);
                self.folders.remove(&id);
            }
            Step::RemoveItem(id) if self.items.contains_key(&id) => {
                self.items.remove(&id);
            }
            Step::Purge(id) if id != 0 && has(&id) => self.clear(id),
            _ => return false,
        }
        true
    }
}

proptest! {
    #[test]
    fn any_edits_do_what_a_plain_model_does(steps in prop::collection::vec(step(), 0..40)) {
        let mut store = store();
        let root = standard_folder(ANN, FolderType::Root);
        let id = |number: u128| if number == 0 { root } else { folder_id(number) };
        let mut model = Model { folders: BTreeMap::from([(0, None)]), items: BTreeMap::new() };
        for step in steps {
            let edit = match step {
                Step::Folder(folder, parent) => Edit::CreateFolder {
                    id: id(folder),
                    parent: id(parent),
                    kind: FolderType::None,
                    name: "F".to_owned(),
                },
                Step::Item(item, folder) => new_item(item, id(folder)),
                Step::MoveFolder(folder, to) => parent(id(folder), id(to)),
                Step::MoveItem(item, folder) => Edit::MoveItem {
                    item: item_id(item),
                    folder: id(folder),
                    name: None,
                    stamp: false,
                },
                Step::RemoveFolder(folder) => Edit::RemoveFolder(id(folder)),
                Step::RemoveItem(item) => Edit::RemoveItem(item_id(item)),
                Step::Purge(folder) => Edit::Purge(id(folder)),
            };
            let versions = |store: &mut SqliteStore| {
                let folders = store.folders(ANN).unwrap();
                folders.into_iter().map(|one| (one.id, one.version)).collect::<BTreeMap<_, _>>()
            };
            let before = versions(&mut store);
            let is_taken = model.take(&step);
            let changes = apply_each(&mut store, ANN, &[edit], NOW).unwrap();
            prop_assert_eq!(changes.refused.is_empty(), is_taken, "{:?}", step);
            for (folder, version) in versions(&mut store) {
                if let Some(&before) = before.get(&folder) {
                    let now = changes.versions.get(&folder).copied().unwrap_or(before);
                    prop_assert_eq!(version, now);
                }
            }
            for number in 0..6 {
                let found = store.folder(ANN, id(number)).unwrap();
                let wanted = model.folders.get(&number);
                prop_assert_eq!(found.map(|one| one.parent), wanted.map(|parent| parent.map(id)));
                let found = store.item(ANN, item_id(number)).unwrap();
                let wanted = model.items.get(&number).map(|&folder| id(folder));
                prop_assert_eq!(found.map(|one| one.folder), wanted);
            }
        }
    }
}
