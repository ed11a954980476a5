//! Every operation of AIS, as viewers call it.

use axum::http::{Method, header};
use uuid::Uuid;

use super::super::tests::{Answer, Grid};
use crate::llsd::{self, Llsd};
use crate::services::inventory::{
    FolderType, LIBRARY_OWNER, LIBRARY_ROOT, WearableType, default_wearable_item, standard_folder,
};

struct Client {
    grid: Grid,
}

impl Client {
    async fn new() -> Self {
        Self { grid: Grid::new().await }
    }

    fn folder(&self, kind: FolderType) -> Uuid {
        standard_folder(self.grid.agent(), kind).0
    }

    async fn ask(&self, method: &str, path: &str, body: &Llsd) -> Answer {
        self.call("InventoryAPIv3", method, path, &[], body).await
    }

    async fn call(
        &self,
        cap: &'static str,
        method: &str,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: &Llsd,
    ) -> Answer {
        let url = format!("{}{path}", self.grid.url(cap));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = if body.is_undef() { Vec::new() } else { llsd::xml::write(body).into_bytes() };
        self.grid.call(method, &url, headers, body).await
    }

    /// A folder and what lies in it.
    async fn children(&self, folder: Uuid, query: &str) -> Llsd {
        let path = format!("/category/{folder}/children?{query}");
        let answer = self.ask("GET", &path, &Llsd::Undef).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.llsd()
    }

    async fn make_folder(&self, parent: Uuid, name: &str) -> Uuid {
        let new = llsd::map! { "category_id" => Uuid::nil(), "parent_id" => parent,
        "type_default" => -1, "name" => name };
        let body = llsd::map! { "categories" => llsd::array![new] };
        let path = format!("/category/{parent}?tid={}", Uuid::new_v4());
        let answer = self.ask("POST", &path, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.llsd().get("_created_categories").at(0).as_uuid()
    }
}

fn link(target: Uuid, name: &str) -> Llsd {
    llsd::map! { "linked_id" => target, "type" => 24, "inv_type" => 18, "name" => name,
    "desc" => "@400" }
}

fn version(answer: &Llsd, folder: Uuid) -> i32 {
    answer.get("_updated_category_versions").get(&folder.to_string()).as_i32()
}

fn uuids(list: &Llsd) -> Vec<Uuid> {
    list.as_array().iter().map(Llsd::as_uuid).collect()
}

#[tokio::test]
async fn a_new_folder_is_complete_and_counts_in_its_parent() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let before = client.children(root, "depth=0").await.get("version").as_i32();
    let body = llsd::map! { "categories" => llsd::array![llsd::map! {
        "category_id" => Uuid::nil(), "parent_id" => root, "type_default" => -1, "name" => "Boxes",
    }] };
    let made = client.ask("POST", &format!("/category/{root}?tid=1"), &body).await;
    assert_eq!(made.status, 201);
    let made = made.llsd();
    let id = made.get("_created_categories").at(0).as_uuid();
    assert_eq!(version(&made, root), before + 1);
    assert_eq!(made.get("_updated_category_versions").as_map().len(), 1, "not the new folder");
    let shown = made.get("_embedded").get("categories").get(&id.to_string());
    assert_eq!((shown.get("version").as_i32(), shown.get("name").as_string()), (1, "Boxes".into()));
    for list in ["categories", "items", "links"] {
        assert_eq!(shown.get("_embedded").get(list), &Llsd::Map(llsd::Map::default()), "{list}");
    }
}

#[tokio::test]
async fn an_empty_folder_has_three_empty_lists_and_a_version() {
    let client = Client::new().await;
    let found = client.children(client.folder(FolderType::Trash), "depth=0").await;
    assert_eq!((found.get("version").as_i32(), found.get("type_default").as_i32()), (1, 14));
    for list in ["categories", "items", "links"] {
        assert_eq!(found.get("_embedded").get(list), &Llsd::Map(llsd::Map::default()), "{list}");
    }
}

#[tokio::test]
async fn as_many_generations_come_as_were_asked_for() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let one = client.make_folder(root, "One").await;
    let two = client.make_folder(one, "Two").await;
    let three = client.make_folder(two, "Three").await;
    let below = |folder: &Llsd, id: Uuid| {
        folder.get("_embedded").get("categories").get(&id.to_string()).clone()
    };
    let flat = client.children(one, "depth=0").await;
    assert!(below(&flat, two).get("_embedded").is_undef(), "named only");
    let deep = client.children(one, "depth=1").await;
    assert!(below(&below(&deep, two), three).get("_embedded").is_undef());
    let deepest = client.children(one, "depth=50").await;
    let shown = below(&below(&deepest, two), three);
    assert_eq!(shown.get("version").as_i32(), 1);
    assert!(!shown.get("_embedded").get("links").is_undef());
    // A subset: only the named ones, each with its contents.
    let query = format!("depth=0&children={one},{}", Uuid::new_v4());
    let some = client.children(root, &query).await;
    assert_eq!(some.get("_embedded").get("categories").as_map().len(), 1);
    assert!(!below(&below(&some, one), two).get("name").is_undef());
}

#[tokio::test]
async fn a_renamed_item_is_the_answer_itself() {
    let client = Client::new().await;
    let shirt = default_wearable_item(client.grid.agent(), WearableType::Shirt).0;
    let clothing = client.folder(FolderType::Clothing);
    let before = client.children(clothing, "depth=0").await.get("version").as_i32();
    let name = "ä".repeat(32);
    let path = format!("/item/{shirt}");
    let changed = client.ask("PATCH", &path, &llsd::map! { "name" => name.as_str() }).await;
    assert_eq!(changed.status, 200);
    let changed = changed.llsd();
    assert_eq!(changed.get("name").as_string(), "ä".repeat(31));
    assert_eq!(
        (changed.get("item_id").as_uuid(), changed.get("parent_id").as_uuid()),
        (shirt, clothing)
    );
    assert_eq!(changed.get("permissions").get("base_mask").as_i32(), 0x7FFF_FFFF);
    assert_eq!(version(&changed, clothing), before + 1);
    let read = client.ask("GET", &path, &Llsd::Undef).await.llsd();
    assert_eq!(read.get("name"), changed.get("name"));
}

#[tokio::test]
async fn a_whole_item_as_viewers_send_it_changes_what_an_owner_may() {
    let client = Client::new().await;
    let shirt = default_wearable_item(client.grid.agent(), WearableType::Shirt).0;
    let clothing = client.folder(FolderType::Clothing);
    let body = llsd::map! {
        "item_id" => shirt,
        "parent_id" => client.folder(FolderType::Trash),
        "type" => "object",
        "inv_type" => "object",
        "flags" => Llsd::u32(4),
        "name" => "Shirt",
        "desc" => "mine",
        "created_at" => 1,
        "permissions" => llsd::map! { "base_mask" => 0, "owner_mask" => 0, "group_mask" => 0,
            "everyone_mask" => 0x8000, "next_owner_mask" => 0x8_2000 },
        "sale_info" => llsd::map! { "sale_type" => "copy", "sale_price" => 10 },
    };
    let changed = client.ask("PATCH", &format!("/item/{shirt}"), &body).await.llsd();
    assert_eq!((changed.get("type").as_i32(), changed.get("flags").as_i32()), (5, 4));
    assert_eq!(changed.get("parent_id").as_uuid(), clothing, "a stale folder is no move");
    assert_eq!(changed.get("permissions").get("base_mask").as_i32(), 0x7FFF_FFFF);
    assert_eq!(changed.get("permissions").get("next_owner_mask").as_i32(), 0x8_2000);
    assert_eq!(changed.get("sale_info").get("sale_type").as_i32(), 2);
    // A short body moves.
    let trash = client.folder(FolderType::Trash);
    let body = llsd::map! { "parent_id" => trash };
    let moved = client.ask("PATCH", &format!("/item/{shirt}"), &body).await.llsd();
    assert_eq!(moved.get("parent_id").as_uuid(), trash);
    assert!(version(&moved, trash) > 1 && version(&moved, clothing) > 1);
    let upload = llsd::map! { "name" => "x", "hash_id" => Uuid::from_u128(5) };
    assert_eq!(client.ask("PATCH", &format!("/item/{shirt}"), &upload).await.status, 409);
}

#[tokio::test]
async fn a_changed_folder_and_its_parent_tell_their_versions() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let outer = client.make_folder(root, "Outer").await;
    let inner = client.make_folder(outer, "Inner").await;
    let path = format!("/category/{inner}");
    let body = llsd::map! { "name" => "Outfit", "type_default" => 47 };
    let changed = client.ask("PATCH", &path, &body).await.llsd();
    assert_eq!(
        (changed.get("name").as_string(), changed.get("type_default").as_i32()),
        ("Outfit".into(), 47)
    );
    assert_eq!((version(&changed, inner), version(&changed, outer)), (1, 3));
    let moved = client.ask("PATCH", &path, &llsd::map! { "parent_id" => root }).await.llsd();
    assert_eq!(moved.get("parent_id").as_uuid(), root);
    assert!(version(&moved, root) > 1 && version(&moved, outer) == 4);
    let cycle = client.ask("PATCH", &path, &llsd::map! { "parent_id" => inner }).await;
    assert_eq!(cycle.status, 400);
    assert!(cycle.llsd().get("category_id").is_undef(), "errors carry no keys of a folder");
}

#[tokio::test]
async fn an_outfit_is_replaced_in_one_step() {
    let client = Client::new().await;
    let outfit = client.folder(FolderType::CurrentOutfit);
    let path = format!("/category/{outfit}/links?tid=1");
    let worn = client.ask("GET", "/category/current/links", &Llsd::Undef).await.llsd();
    assert_eq!(worn.get("category_id").as_uuid(), outfit);
    let links = worn.get("_embedded").get("links").as_map().len();
    assert_eq!(worn.get("_embedded").get("items").as_map().len(), links, "the targets");
    let before = worn.get("version").as_i32();
    assert_eq!(client.ask("PUT", &path, &Llsd::Undef).await.status, 400, "no body");

    let shirt = default_wearable_item(client.grid.agent(), WearableType::Shirt).0;
    let slim = llsd::map! { "linked_id" => shirt, "type" => 24, "name" => "Shirt", "desc" => "" };
    let put = client.ask("PUT", &path, &llsd::array![slim]).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let put = put.llsd();
    assert_eq!(uuids(put.get("_removed_items")).len(), links);
    assert_eq!((put.get("version").as_i32(), version(&put, outfit)), (before + 1, before + 1));
    let made = put.get("_created_items").at(0).as_uuid();
    let shown = put.get("_embedded").get("links").get(&made.to_string());
    assert_eq!((shown.get("linked_id").as_uuid(), shown.get("inv_type").as_i32()), (shirt, 18));
    assert!(shown.get("asset_id").is_undef() && shown.get("permissions").is_undef());

    let bare = client.ask("PUT", &path, &Llsd::Array(Vec::new())).await.llsd();
    assert_eq!(uuids(bare.get("_removed_items")), [made]);
    assert_eq!(version(&bare, outfit), before + 2);
}

#[tokio::test]
async fn links_are_made_and_taken_away() {
    let client = Client::new().await;
    let outfit = client.folder(FolderType::CurrentOutfit);
    let skirt = Uuid::from_u128(77);
    let body = llsd::map! { "links" => llsd::array![link(skirt, "Skirt")] };
    let made = client.ask("POST", &format!("/category/{outfit}?tid=2"), &body).await;
    assert_eq!(made.status, 201);
    let made = made.llsd();
    let id = made.get("_created_items").at(0).as_uuid();
    let shown = made.get("_embedded").get("links").get(&id.to_string());
    assert_eq!(
        (shown.get("linked_id").as_uuid(), shown.get("desc").as_string()),
        (skirt, "@400".into())
    );
    let before = version(&made, outfit);
    let gone = client.ask("DELETE", &format!("/item/{id}"), &Llsd::Undef).await;
    assert_eq!(gone.status, 200);
    let gone = gone.llsd();
    assert_eq!(uuids(gone.get("_removed_items")), [id]);
    assert_eq!(version(&gone, outfit), before + 1);
    let again = client.ask("DELETE", &format!("/item/{id}"), &Llsd::Undef).await;
    assert_eq!(again.status, 410);
    let again = again.llsd();
    assert_eq!(again.get("error_code").as_i32(), 410);
    assert!(again.get("item_id").is_undef());
}

#[tokio::test]
async fn folders_are_emptied_and_deleted() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let outer = client.make_folder(root, "Outer").await;
    let inner = client.make_folder(outer, "Inner").await;
    let body = llsd::map! { "links" => llsd::array![link(Uuid::from_u128(7), "A")] };
    let made = client.ask("POST", &format!("/category/{inner}"), &body).await.llsd();
    let item = made.get("_created_items").at(0).as_uuid();
    let emptied = client.ask("DELETE", &format!("/category/{outer}/children"), &Llsd::Undef).await;
    let emptied = emptied.llsd();
    assert_eq!(uuids(emptied.get("_categories_removed")), [inner]);
    assert_eq!(uuids(emptied.get("_category_items_removed")), [item]);
    assert_eq!(version(&emptied, outer), 3);
    let deleted = client.ask("DELETE", &format!("/category/{outer}"), &Llsd::Undef).await.llsd();
    assert_eq!(uuids(deleted.get("_categories_removed")), [outer]);
    assert_eq!(deleted.get("_updated_category_versions").as_map().len(), 1, "the parent only");
    for (path, status) in [
        (format!("/category/{outer}"), 410),
        (format!("/category/{root}"), 403),
        ("/category/current".to_owned(), 403),
        (format!("/category/{root}/children"), 403),
        ("/category/nonsense".to_owned(), 400),
    ] {
        assert_eq!(client.ask("DELETE", &path, &Llsd::Undef).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_library_folder_is_copied_flat_or_whole() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let destination = [(header::HeaderName::from_static("destination"), &*root.to_string())];
    for (query, is_flat) in [("?tid=1,depth=0", true), ("?tid=2", false)] {
        let path = format!("/category/{}{query}", LIBRARY_ROOT.0);
        let copied = client.call("LibraryAPIv3", "COPY", &path, &destination, &Llsd::Undef).await;
        assert_eq!(copied.status, 201, "{}", copied.text());
        let copied = copied.llsd();
        let id = copied.get("category_id").as_uuid();
        assert_eq!(copied.get("parent_id").as_uuid(), root);
        let versions = copied.get("_updated_category_versions").as_map();
        assert_eq!(versions.len(), 1, "the destination only");
        let folders = copied.get("_created_categories").as_array().len();
        let items = copied.get("_created_items").as_array().len();
        assert_eq!((folders == 1, items == 0), (is_flat, is_flat));
        let shown = client.children(id, "depth=50").await;
        let all = llsd::xml::write(&shown);
        assert!(!all.contains(&LIBRARY_OWNER.0.to_string()) || !is_flat);
    }
    let deep = client.ask("GET", &format!("/category/{root}?depth=3"), &Llsd::Undef).await;
    assert_eq!(deep.status, 200);
}

#[tokio::test]
async fn nobody_writes_to_the_library() {
    let client = Client::new().await;
    let path = format!("/category/{}", LIBRARY_ROOT.0);
    for method in ["POST", "PATCH", "DELETE", "MOVE", "PUT"] {
        let body = llsd::map! { "name" => "Mine" };
        let answer = client.call("LibraryAPIv3", method, &path, &[], &body).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let path = format!("{path}/children");
    let read = client.call("LibraryAPIv3", "GET", &path, &[], &Llsd::Undef).await.llsd();
    assert!(read.get("_embedded").get("categories").as_map().len() > 2);
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let client = Client::new().await;
    let root = client.folder(FolderType::Root);
    let post = format!("/category/{root}");
    let many: Llsd = (0..1001).map(|_| llsd::map! { "name" => "x" }).collect();
    for (method, path, body, status, why) in [
        (
            "POST",
            post.clone(),
            llsd::map! { "links" => llsd::array![llsd::map! {}] },
            400,
            "linked_id",
        ),
        (
            "POST",
            post.clone(),
            llsd::map! { "categories" => llsd::array![llsd::map! {}] },
            400,
            "name",
        ),
        ("POST", post.clone(), llsd::map! { "categories" => many }, 403, "1000"),
        ("POST", post.clone(), llsd::map! {}, 400, "nothing"),
        (
            "POST",
            format!("/category/{}", Uuid::new_v4()),
            llsd::map! { "categories" => llsd::array![llsd::map! { "name" => "x" }] },
            404,
            "folder",
        ),
        ("PATCH", format!("/item/{}", Uuid::new_v4()), llsd::map! { "name" => "x" }, 404, "item"),
        ("GET", "/item/zzz".to_owned(), Llsd::Undef, 400, "zzz"),
        ("GET", "/nothing".to_owned(), Llsd::Undef, 404, "resource"),
        ("GET", format!("/category/{}/children", Uuid::new_v4()), Llsd::Undef, 404, "folder"),
        ("COPY", format!("/category/{root}"), Llsd::Undef, 400, "Destination"),
        ("PUT", format!("/category/{root}/children"), llsd::map! {}, 405, "method"),
    ] {
        let answer = client.ask(method, &path, &body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(why), "{method} {path}: {}", answer.text());
    }
    let orphans = client.ask("GET", "/orphans", &Llsd::Undef).await.llsd();
    assert!(!orphans.get("_embedded").get("items").is_undef());
}
