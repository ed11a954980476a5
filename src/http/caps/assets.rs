//! Downloading assets: `ViewerAsset` and its predecessors, with byte ranges.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use uuid::Uuid;

use super::Caps;
use super::request::{CapError, CapReply, CapRequest};
use crate::services::inventory::AssetId;

/// Query keys that `ViewerAsset` understands.
pub(super) const ANY: &[&str] = &[
    "texture_id",
    "mesh_id",
    "sound_id",
    "animatn_id",
    "gesture_id",
    "landmark_id",
    "notecard_id",
    "lsltext_id",
    "lslbyte_id",
    "object_id",
    "clothing_id",
    "bodypart_id",
    "callcard_id",
    "settings_id",
    "material_id",
    "jpeg_id",
    "txtr_tga_id",
    "img_tga_id",
    "snd_wav_id",
];
/// Query keys that `GetTexture` understands.
pub(super) const TEXTURE: &[&str] = &["texture_id"];
/// Query keys that `GetMesh` and `GetMesh2` understand.
pub(super) const MESH: &[&str] = &["mesh_id"];

/// GET with `<type>_id=<uuid>`. The type is not compared with the asset's: viewers mix them up.
pub(super) fn download(
    caps: &Caps,
    keys: &[&str],
    request: &CapRequest,
) -> Result<CapReply, CapError> {
    request.require(&Method::GET)?;
    let query = request.query()?;
    if query.is_empty() {
        return Err(CapError::BadRequest("query names no asset".into()));
    }
    let named = query.iter().find(|(key, _)| keys.contains(&key.as_str()));
    let (_, id) = named.ok_or(CapError::NotFound("kind of asset"))?;
    let id = Uuid::try_parse(id)
        .map_err(|_| CapError::BadRequest("id of the asset is not a UUID".into()))?;
    let asset = caps.services.assets.get(AssetId(id)).ok_or(CapError::NotFound("asset"))?;
    Ok(CapReply::Response(ranged(&request.headers, asset.content_type, &asset.data)))
}

/// The part that a `Range` header asks for, or the whole. A range that begins behind the end gets
/// the whole too, as in OpenSim: a viewer takes 416 for a sign that a good asset is broken.
fn ranged(headers: &HeaderMap, content_type: &'static str, data: &Bytes) -> Response {
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let fixed = [(header::CONTENT_TYPE, content_type), (header::ACCEPT_RANGES, "bytes")];
    match range.and_then(|range| parse_range(range, data.len())) {
        Some((start, end)) => {
            let named = format!("bytes {start}-{}/{}", end - 1, data.len());
            let part = data.slice(start..end);
            let partial = [(header::CONTENT_RANGE, named)];
            (StatusCode::PARTIAL_CONTENT, fixed, partial, part).into_response()
        }
        None => (fixed, data.clone()).into_response(),
    }
}

/// Start and end (exclusive) of a single satisfiable range of `length` bytes.
fn parse_range(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => (length.saturating_sub(suffix.parse().ok()?), length),
        (first, "") => (first.parse().ok()?, length),
        (first, last) => (first.parse().ok()?, last.parse::<usize>().ok()?.saturating_add(1)),
    };
    let end = end.min(length);
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_clamped_and_what_makes_no_sense_is_ignored() {
        for (range, expected) in [
            ("bytes=0-3", Some((0, 4))),
            ("bytes=4-", Some((4, 10))),
            ("bytes=8-1000", Some((8, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-30", Some((0, 10))),
            ("bytes=9-9", Some((9, 10))),
            ("bytes=0-18446744073709551615", Some((0, 10))),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
            ("bytes=a-b", None),
            ("bytes=0-1,4-5", None),
            ("items=0-1", None),
        ] {
            assert_eq!(parse_range(range, 10), expected, "{range}");
        }
        assert_eq!(parse_range("bytes=0-0", 0), None);
    }
}
