//! Built-in assets exist and are well formed.

use uuid::Uuid;

use super::*;
use crate::services::inventory::{DEFAULT_WEARABLES, WearableType};

fn assets() -> Assets {
    Assets::built_in(RegionId(Uuid::from_u128(7)))
}

fn text(id: Uuid) -> String {
    String::from_utf8(assets().get(id).unwrap().data.to_vec()).unwrap()
}

#[test]
fn textures_are_whole_jpeg_2000_codestreams() {
    let assets = assets();
    let textures: Vec<_> = assets.by_id.values().filter(|asset| asset.is_texture()).collect();
    assert_eq!(textures.len(), 9);
    for texture in textures {
        let data = &texture.data;
        // Start of codestream, then the size marker with its image size; end of codestream.
        assert_eq!(data[..4], [0xFF, 0x4F, 0xFF, 0x51]);
        assert_eq!(data[data.len() - 2..], [0xFF, 0xD9]);
        let edge = |at: usize| u32::from_be_bytes(data[at..at + 4].try_into().unwrap());
        assert_eq!(edge(8), edge(12));
        assert!(edge(8).is_power_of_two() && (32..=128).contains(&edge(8)));
        // Three components of eight bits.
        assert_eq!(data[40..43], [0, 3, 7]);
        assert!(data.len() < 4096);
        assert_eq!(texture.content_type, "image/x-j2c");
    }
}

#[test]
fn unknown_asset_is_not_found() {
    assert_eq!(assets().get(Uuid::nil()), None);
    assert!(!assets().is_empty());
    assert_eq!(assets().len(), 9 + DEFAULT_WEARABLES.len() + 4);
}

/// Reads a wearable as clients do: by words, line after line.
fn check_wearable(kind: WearableType, text: &str) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("LLWearable version 22"));
    assert!(!lines.next().unwrap().is_empty());
    let mut lines = lines.skip_while(|line| !line.starts_with("type "));
    assert_eq!(lines.next(), Some(format!("type {}", kind.code()).as_str()));
    let count: usize = lines.next().unwrap().strip_prefix("parameters ").unwrap().parse().unwrap();
    assert!(count > 0);
    for line in lines.by_ref().take(count) {
        let (number, value) = line.split_once(' ').unwrap();
        number.parse::<u16>().unwrap();
        value.parse::<f32>().unwrap();
    }
    let count: usize = lines.next().unwrap().strip_prefix("textures ").unwrap().parse().unwrap();
    for line in lines.by_ref().take(count) {
        let (_, id) = line.split_once(' ').unwrap();
        let id: Uuid = id.parse().unwrap();
        assert!(assets().get(id).unwrap().is_texture(), "{id}");
    }
    assert_eq!(lines.next(), None);
    assert!(text.ends_with('\n'));
}

#[test]
fn wearables_are_readable_and_name_only_textures_that_exist() {
    for wearable in DEFAULT_WEARABLES {
        check_wearable(wearable.kind, &text(wearable.asset.0));
        assert_eq!(assets().get(wearable.asset).unwrap().kind, wearable.asset_type());
    }
}

#[test]
fn shirt_is_exactly_as_viewers_write_it() {
    let shirt = text(DEFAULT_WEARABLES[4].asset.0);
    assert_eq!(
        shirt,
        "LLWearable version 22\nDefault Shirt\n\n\tpermissions 0\n\t{\n\
         \t\tbase_mask\t7fffffff\n\t\towner_mask\t7fffffff\n\t\tgroup_mask\t00000000\n\
         \t\teveryone_mask\t00000000\n\t\tnext_owner_mask\t0008e000\n\
         \t\tcreator_id\t11111111-1111-0000-0000-000100bba000\n\
         \t\towner_id\t11111111-1111-0000-0000-000100bba000\n\
         \t\tlast_owner_id\t11111111-1111-0000-0000-000100bba000\n\
         \t\tgroup_id\t00000000-0000-0000-0000-000000000000\n\t}\n\
         \tsale_info\t0\n\t{\n\t\tsale_type\tnot\n\t\tsale_price\t0\n\t}\n\
         type 4\nparameters 7\n800 0.7\n801 0.8\n802 0.78\n781 0.78\n803 0.35\n804 0.45\n\
         805 0.65\ntextures 1\n1 5748decc-f629-461c-9a36-a35a221fe21f\n"
    );
}

#[test]
fn notecard_says_its_length_and_landmark_its_region() {
    let notecard = text(built_in::WELCOME_NOTECARD);
    let (head, rest) = notecard.split_once("Text length ").unwrap();
    assert!(head.starts_with("Linden text version 2\n{\nLLEmbeddedItems version 1\n"));
    let (length, body) = rest.split_once('\n').unwrap();
    assert_eq!(body.len(), length.parse::<usize>().unwrap() + "}\n".len());
    assert_eq!(
        text(built_in::WELCOME_LANDMARK),
        "Landmark version 2\nregion_id 00000000-0000-0000-0000-000000000007\n\
         local_pos 128 128 25\n"
    );
}
