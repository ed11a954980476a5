//! Valid values for the fields of objects. All checks come before any change.

use super::error::ObjectError;
use crate::message::Vector3;

/// Most bytes of hover text.
pub(super) const TEXT: usize = 254;
/// Most bytes of a description that are kept.
pub(super) const DESCRIPTION: usize = 127;
/// Metres that a prim may have in each direction.
const SIZES: std::ops::RangeInclusive<f32> = 0.01..=64.0;
/// Metres from the region's south-western corner.
const PLACES: std::ops::RangeInclusive<f32> = 0.0..=256.0;
/// Height in metres.
const HEIGHTS: std::ops::RangeInclusive<f32> = -100.0..=4096.0;
/// The attachment points, those of the screen included.
const POINTS: std::ops::RangeInclusive<u8> = 1..=55;

/// An error about a field; `link` tells of which prim, in requests that have several.
pub(super) fn wrong(field: &'static str, link: Option<usize>, problem: &str) -> ObjectError {
    let problem = match link {
        Some(link) => format!("of link {link} {problem}"),
        None => problem.to_owned(),
    };
    ObjectError::Value { field, problem }
}

/// A name or a description.
pub(super) fn name(field: &'static str, link: Option<usize>, text: &str) -> Checked {
    let is_plain = !text.chars().any(char::is_control);
    ensure(is_plain, field, link, "has a control character")
}

/// The name of a script.
pub(super) fn script(text: &str) -> Checked {
    ensure(!text.is_empty(), "script", None, "has no name")?;
    let is_plain = !text.chars().any(char::is_control);
    ensure(is_plain, "script", None, "has a control character in its name")
}

/// Hover text. It may have several lines.
pub(super) fn text(link: Option<usize>, text: &str) -> Checked {
    ensure(text.len() <= TEXT, "text", link, "has more than 254 bytes")?;
    ensure(!text.contains('\0'), "text", link, "has a zero byte")
}

/// A colour and its opacity: brought to 0 to 1.
pub(super) fn color(color: [f32; 4]) -> Result<[f32; 4], ObjectError> {
    let is_finite = color.iter().all(|part| part.is_finite());
    ensure(is_finite, "color", None, "is not finite")?;
    Ok(color.map(|part| part.clamp(0.0, 1.0)))
}

/// A prim's size.
pub(super) fn size(link: Option<usize>, Vector3 { x, y, z }: Vector3) -> Checked {
    let fits = [x, y, z].iter().all(|metres| SIZES.contains(metres));
    ensure(fits, "size", link, "must be 0.01 to 64 metres in each direction")
}

/// A child prim's place in its object.
pub(super) fn offset(field: &'static str, link: Option<usize>, offset: Vector3) -> Checked {
    let is_finite = offset.x.is_finite() && offset.y.is_finite() && offset.z.is_finite();
    ensure(is_finite, field, link, "is not finite")
}

/// An object's place in the region.
pub(super) fn position(Vector3 { x, y, z }: Vector3) -> Checked {
    let is_within = PLACES.contains(&x) && PLACES.contains(&y) && HEIGHTS.contains(&z);
    let problem = "must be 0 to 256 metres east and north and -100 to 4096 metres high";
    ensure(is_within, "position", None, problem)
}

/// The nearest place within the region.
pub(super) fn within(Vector3 { x, y, z }: Vector3) -> Vector3 {
    Vector3::new(
        x.clamp(*PLACES.start(), *PLACES.end()),
        y.clamp(*PLACES.start(), *PLACES.end()),
        z.clamp(*HEIGHTS.start(), *HEIGHTS.end()),
    )
}

/// An attachment point.
pub(super) fn attachment_point(point: u8) -> Checked {
    ensure(POINTS.contains(&point), "attachment_point", None, "must be 1 to 55")
}

type Checked = Result<(), ObjectError>;

fn ensure(holds: bool, field: &'static str, link: Option<usize>, problem: &str) -> Checked {
    if holds { Ok(()) } else { Err(wrong(field, link, problem)) }
}
