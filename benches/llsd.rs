//! What an inventory answer of 100 folders costs to write and to read, as XML and as binary.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::llsd::{Llsd, array, binary, map, xml};
use uuid::Uuid;

/// The answer of `FetchInventoryDescendents2` to a client that asked for 100 folders.
fn inventory_reply() -> Llsd {
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

fn benches(criterion: &mut Criterion) {
    let value = inventory_reply();
    let (as_xml, as_binary) = (xml::write(&value).into_bytes(), binary::write(&value));
    let mut group = criterion.benchmark_group("llsd/inventory_100_folders");

    group.throughput(Throughput::Bytes(as_xml.len() as u64));
    group.bench_function("write_xml", |bencher| bencher.iter(|| xml::write(black_box(&value))));
    group.bench_function("parse_xml", |bencher| bencher.iter(|| xml::parse(black_box(&as_xml))));

    group.throughput(Throughput::Bytes(as_binary.len() as u64));
    group.bench_function("write_binary", |bencher| {
        bencher.iter(|| binary::write(black_box(&value)));
    });
    group.bench_function("parse_binary", |bencher| {
        bencher.iter(|| binary::parse(black_box(&as_binary)));
    });
    group.finish();
}

criterion_group!(llsd, benches);
criterion_main!(llsd);
