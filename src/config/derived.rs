//! Ids for things without a configured id: hashes of names, so that they stay the same between
//! starts.

use uuid::{Builder, Uuid};

/// A hash of `bytes`, marked as version 8 (custom).
pub(super) fn derived_id(bytes: &(impl Iterator<Item = u8> + Clone)) -> Uuid {
    let mut id = [0; 16];
    for (half, basis) in id.chunks_exact_mut(8).zip([FNV_BASIS, !FNV_BASIS]) {
        let mut hash = basis;
        for byte in bytes.clone() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        // FNV leaves the high bits of short inputs poorly mixed.
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(FNV_PRIME);
        half.copy_from_slice(&(hash ^ (hash >> 29)).to_be_bytes());
    }
    Builder::from_custom_bytes(id).into_uuid()
}

/// The id of an account in a grid with that seed; `name` is compared without case, so it comes in
/// lower case. Two runs with one seed give the same.
pub fn derived_agent_id(seed: u64, name: &str) -> Uuid {
    derived_id(&b"agent".iter().copied().chain(seed.to_be_bytes()).chain(name.bytes()))
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
