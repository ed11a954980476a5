//! The bit stream in `LayerData`: 16 × 16 patches of heights or wind, compressed by a cosine
//! transform.
//!
//! It only encodes: heights come from [`super::terrain`], and the module `entry` makes the
//! messages. Field widths and bit order are those that viewers read (land type `L`, wind `7`).

use super::terrain::{EDGE, Heightmap};

/// Squares along the edge of a patch.
pub const PATCH: usize = 16;

/// `LayerData.LayerID.Type` of land of a 256 m region.
pub const LAYER_LAND: u8 = b'L';

/// `LayerData.LayerID.Type` of wind.
pub const LAYER_WIND: u8 = b'7';

/// One patch of values, row by row from the south-west, with its place in patches.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Patches from the west, 0..=31.
    pub column: u8,
    /// Patches from the south, 0..=31.
    pub row: u8,
    /// Metres (land) or metres per second (wind).
    pub values: [f32; PATCH * PATCH],
}

impl Patch {
    /// The patch of a heightmap at (`column`, `row`).
    pub fn of_terrain(map: &Heightmap, column: u8, row: u8) -> Self {
        let (west, south) = (usize::from(column) * PATCH, usize::from(row) * PATCH);
        let values =
            std::array::from_fn(|place| map.square(west + place % PATCH, south + place / PATCH));
        Self { column, row, values }
    }
}

/// All patches of a heightmap as `LayerData.LayerData.Data` payloads of about 1000 bytes at most.
pub fn encode_terrain(map: &Heightmap) -> Vec<Vec<u8>> {
    let across = (EDGE / PATCH) as u8;
    let places = (0..across).flat_map(|row| (0..across).map(move |column| (column, row)));
    encode_layer(LAYER_LAND, places.map(|(column, row)| Patch::of_terrain(map, column, row)))
}

/// Patches of one layer as `LayerData.LayerData.Data` payloads, split so that each stays below
/// [`PAYLOAD_LIMIT`] bytes (one patch never needs more).
pub fn encode_layer(kind: u8, patches: impl IntoIterator<Item = Patch>) -> Vec<Vec<u8>> {
    let transform = Transform::new();
    let mut payloads = Vec::new();
    let mut stream = group(kind);
    let mut filled = false;
    for patch in patches {
        let mut bits = BitWriter::default();
        transform.encode_patch(&patch, &mut bits);
        if filled && stream.len() + bits.len() + 8 > PAYLOAD_LIMIT * 8 {
            payloads.push(finish(std::mem::replace(&mut stream, group(kind))));
        }
        stream.append(&bits);
        filled = true;
    }
    if filled {
        payloads.push(finish(stream));
    }
    payloads
}

fn group(kind: u8) -> BitWriter {
    let mut stream = BitWriter::default();
    stream.value(STRIDE, 16);
    stream.value(PATCH as u32, 8);
    stream.value(u32::from(kind), 8);
    stream
}

fn finish(mut stream: BitWriter) -> Vec<u8> {
    stream.value(END_OF_PATCHES, 8);
    stream.bytes
}

/// The cosine transform's tables; cheap to make, used for a whole layer.
struct Transform {
    /// `cos((2x + 1)uπ / 2N)` at `u · N + x`, with the factor for u = 0 and √(2/N) inside.
    basis: [f32; PATCH * PATCH],
    /// For each square of frequencies the place in zigzag order.
    zigzag: [usize; PATCH * PATCH],
}

impl Transform {
    fn new() -> Self {
        let scale = (2.0 / PATCH as f32).sqrt();
        let basis = std::array::from_fn(|place| {
            let (u, x) = ((place / PATCH) as f32, (place % PATCH) as f32);
            let first = if place < PATCH { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
            let angle = (2.0 * x + 1.0) * u * std::f32::consts::PI / (2.0 * PATCH as f32);
            scale * first * angle.cos()
        });
        Self { basis, zigzag: zigzag() }
    }

    fn encode_patch(&self, patch: &Patch, out: &mut BitWriter) {
        let low = patch.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = patch.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if high - low < FLAT_TOLERANCE {
            header(out, 0, f32::midpoint(low, high) - 0.5, 1, patch);
            out.value(0b10, 2);
            return;
        }
        let range = ((high - low + 1.0) as u32).clamp(1, 65535);
        let coefficients = self.coefficients(&patch.values, low, range);
        let greatest = coefficients.iter().map(|c| c.unsigned_abs()).max().unwrap_or(0);
        let width = (32 - greatest.leading_zeros()).clamp(2, 17);
        let quant_wbits = ((PREQUANT - 2) << 4) | (width - 2);
        header(out, quant_wbits, low, range, patch);
        let used = coefficients.iter().rposition(|&c| c != 0).map_or(0, |last| last + 1);
        for &coefficient in coefficients.iter().take(used) {
            if coefficient == 0 {
                out.value(0, 1);
            } else {
                out.value(if coefficient < 0 { 0b111 } else { 0b110 }, 3);
                out.value(coefficient.unsigned_abs(), width);
            }
        }
        if used < coefficients.len() {
            out.value(0b10, 2);
        }
    }

    /// The quantized coefficients in zigzag order.
    fn coefficients(&self, values: &[f32], low: f32, range: u32) -> [i32; PATCH * PATCH] {
        let steps = (1 << PREQUANT) as f32;
        let factor = steps / range as f32;
        let mut rows = [0.0_f32; PATCH * PATCH];
        for (row, line) in rows.chunks_exact_mut(PATCH).zip(values.chunks_exact(PATCH)) {
            for (target, basis) in row.iter_mut().zip(self.basis.chunks_exact(PATCH)) {
                let sum =
                    line.iter().zip(basis).map(|(v, b)| ((v - low) * factor - steps / 2.0) * b);
                *target = sum.sum();
            }
        }
        let mut out = [0; PATCH * PATCH];
        for (v, basis) in self.basis.chunks_exact(PATCH).enumerate() {
            for u in 0..PATCH {
                let column = rows.iter().skip(u).step_by(PATCH);
                let sum: f32 = column.zip(basis).map(|(value, b)| value * b).sum();
                let quantized = (sum / (1 + 2 * (u + v)) as f32).round() as i32;
                let place = self.zigzag.get(v * PATCH + u).copied().unwrap_or(0);
                if let Some(slot) = out.get_mut(place) {
                    *slot = quantized.clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT);
                }
            }
        }
        out
    }
}

fn header(out: &mut BitWriter, quant_wbits: u32, dc_offset: f32, range: u32, patch: &Patch) {
    out.value(quant_wbits, 8);
    out.value(dc_offset.to_bits(), 32);
    out.value(range, 16);
    out.value((u32::from(patch.column & 31) << 5) | u32::from(patch.row & 31), 10);
}

/// Places in the diagonal order of the coefficients, the first step along x.
fn zigzag() -> [usize; PATCH * PATCH] {
    let mut order = [0; PATCH * PATCH];
    let mut place = 0;
    for diagonal in 0..2 * PATCH - 1 {
        let first = diagonal.saturating_sub(PATCH - 1);
        let last = diagonal.min(PATCH - 1);
        for step in 0..=last - first {
            // Even diagonals run from the largest v to the smallest, odd ones the other way.
            let v = if diagonal % 2 == 0 { last - step } else { first + step };
            if let Some(slot) = order.get_mut(v * PATCH + (diagonal - v)) {
                *slot = place;
            }
            place += 1;
        }
    }
    order
}

/// Writes values least significant byte first, each byte's bits most significant first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used of the last byte; 0 if it is full.
    used: u32,
}

impl BitWriter {
    fn len(&self) -> usize {
        self.bytes.len() * 8 - if self.used == 0 { 0 } else { 8 - self.used as usize }
    }

    /// Writes the low `bits` (1..=32) bits of `value`.
    fn value(&mut self, value: u32, bits: u32) {
        let mut left = bits;
        for byte in value.to_le_bytes() {
            if left == 0 {
                break;
            }
            let count = left.min(8);
            self.byte(byte, count);
            left -= count;
        }
    }

    /// Writes the low `count` (1..=8) bits of `byte`, most significant first.
    fn byte(&mut self, byte: u8, count: u32) {
        for shift in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((byte >> shift) & 1) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn append(&mut self, other: &Self) {
        let Some((last, whole)) = other.bytes.split_last() else { return };
        for &byte in whole {
            self.byte(byte, 8);
        }
        let count = if other.used == 0 { 8 } else { other.used };
        self.byte(last >> (8 - count), count);
    }
}

/// Bytes that a payload may have before the next patch goes into another one.
pub const PAYLOAD_LIMIT: usize = 1000;
/// Written by every server, read by none.
const STRIDE: u32 = 264;
/// Takes the place of a patch header's first byte; no header begins so at this prequant.
const END_OF_PATCHES: u32 = 97;
/// Bits to which a patch's range is divided.
const PREQUANT: u32 = 10;
/// Greatest magnitude of a coefficient; the transform of ±2^9 cannot exceed 2^13.
const MAX_COEFFICIENT: i32 = (1 << 14) - 1;
/// Patches with less relief than this many metres are sent as one height.
const FLAT_TOLERANCE: f32 = 0.005;

#[cfg(test)]
mod tests;
