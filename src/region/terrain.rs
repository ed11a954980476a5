//! The terrain: a height for every square metre, and the sources of heights.
//!
//! It works on bytes, never on files; [`super::layer_data`] does the encoding.

use thiserror::Error;

/// Squares along one edge of a region.
pub const EDGE: usize = 256;

/// Edge of a region in metres.
pub const REGION_SIZE: f32 = 256.0;

/// Why terrain bytes could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TerrainError {
    /// The length is that of no raw format.
    #[error("raw terrain of {0} bytes: expected 851968 (13 channels) or 262144 (32-bit floats)")]
    RawLength(usize),
    /// A 32-bit float is no number or no height.
    #[error("raw terrain: height at column {column}, row {row} is not a number of metres")]
    RawHeight {
        /// Column from the west.
        column: usize,
        /// Row from the south.
        row: usize,
    },
    /// Not a PNG, or a damaged one.
    #[error("png terrain: {0}")]
    Png(String),
    /// The picture does not fit.
    #[error("png terrain is {width} by {height}: expected 256 by 256")]
    PngSize {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
}

/// Heights in metres of a 256 m region, row by row from the south-west.
#[derive(Clone, Debug, PartialEq)]
pub struct Heightmap {
    heights: Box<[f32]>,
}

impl Heightmap {
    /// The same height everywhere.
    pub fn flat(height: f32) -> Self {
        Self::from_fn(|_, _| height)
    }

    /// Seeded hills: heights stay within `amplitude` metres of `mean`.
    pub fn noise(mean: f32, amplitude: f32, seed: u64) -> Self {
        let octaves: Vec<Lattice> = (0..OCTAVES)
            .map(|octave| Lattice::new(seed.wrapping_add(u64::from(octave)), 4 << octave))
            .collect();
        // Weights halve from octave to octave; divided by their sum the result stays in ±1.
        let total: f32 = (0..OCTAVES).map(|octave| 0.5_f32.powi(octave as i32)).sum();
        Self::from_fn(|x, y| {
            let sum: f32 = octaves
                .iter()
                .enumerate()
                .map(|(octave, lattice)| lattice.at(x, y) * 0.5_f32.powi(octave as i32))
                .sum();
            mean + amplitude * sum / total
        })
    }

    /// A raw file, told by its length: 13 bytes per square from the north-west (height is the
    /// first times the second over 128), or little-endian 32-bit floats from the south-west.
    ///
    /// # Errors
    /// A length that is neither, or a float that is no height.
    pub fn from_raw(bytes: &[u8]) -> Result<Self, TerrainError> {
        match bytes.len() {
            LINDEN_RAW_LEN => {
                let squares: Vec<f32> = bytes
                    .chunks_exact(LINDEN_CHANNELS)
                    .map(|square| match *square {
                        [height, factor, ..] => f32::from(height) * f32::from(factor) / 128.0,
                        _ => 0.0,
                    })
                    .collect();
                Ok(Self::from_north(&squares))
            }
            FLOAT_RAW_LEN => {
                let mut heights = Vec::with_capacity(EDGE * EDGE);
                for (place, bytes) in bytes.as_chunks::<4>().0.iter().enumerate() {
                    let height = f32::from_le_bytes(*bytes);
                    if !(MIN_HEIGHT..=MAX_HEIGHT).contains(&height) {
                        let (column, row) = (place % EDGE, place / EDGE);
                        return Err(TerrainError::RawHeight { column, row });
                    }
                    heights.push(height);
                }
                Ok(Self { heights: heights.into_boxed_slice() })
            }
            other => Err(TerrainError::RawLength(other)),
        }
    }

    /// A picture of 256 by 256, north up, of 8 or 16 bits: black is `black` metres high, white
    /// `white`. Colours count by the mean of their channels, transparency does not count.
    ///
    /// # Errors
    /// A picture that cannot be read or has another size.
    pub fn from_png(bytes: &[u8], black: f32, white: f32) -> Result<Self, TerrainError> {
        let damaged = |error: png::DecodingError| TerrainError::Png(error.to_string());
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(damaged)?;
        let (width, height) = (reader.info().width, reader.info().height);
        if (width, height) != (EDGE as u32, EDGE as u32) {
            return Err(TerrainError::PngSize { width, height });
        }
        let (color, depth) = reader.output_color_type();
        let sample_bytes = if depth == png::BitDepth::Sixteen { 2 } else { 1 };
        let samples = color.samples();
        let colors = if samples >= 3 { 3 } else { 1 };
        let mut pixels = vec![0; EDGE * EDGE * samples * sample_bytes];
        reader.next_frame(&mut pixels).map_err(damaged)?;
        let squares: Vec<f32> = pixels
            .chunks_exact(samples * sample_bytes)
            .map(|pixel| {
                let sum: f32 = pixel
                    .chunks_exact(sample_bytes)
                    .take(colors)
                    .map(|sample| match *sample {
                        [high, low] => f32::from(u16::from_be_bytes([high, low])) / 65535.0,
                        [value] => f32::from(value) / 255.0,
                        _ => 0.0,
                    })
                    .sum();
                black + (white - black) * sum / colors as f32
            })
            .collect();
        Ok(Self::from_north(&squares))
    }

    /// The height of square (`column`, `row`), counted from the south-west; clamped to the region.
    pub fn square(&self, column: usize, row: usize) -> f32 {
        let place = row.min(EDGE - 1) * EDGE + column.min(EDGE - 1);
        self.heights.get(place).copied().unwrap_or(0.0)
    }

    /// The height of the ground under a place, in metres; interpolated between squares.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let limit = (EDGE - 1) as f32;
        // `max` before `min`, because that turns NaN into 0.
        let (x, y) = (x.max(0.0).min(limit), y.max(0.0).min(limit));
        let (column, row) = (x as usize, y as usize);
        let (east, north) = (x.fract(), y.fract());
        let south_edge = mix(self.square(column, row), self.square(column + 1, row), east);
        let north_edge = mix(self.square(column, row + 1), self.square(column + 1, row + 1), east);
        mix(south_edge, north_edge, north)
    }

    fn from_fn(mut height: impl FnMut(f32, f32) -> f32) -> Self {
        let heights = (0..EDGE * EDGE)
            .map(|place| height((place % EDGE) as f32, (place / EDGE) as f32))
            .map(|height| height.clamp(MIN_HEIGHT, MAX_HEIGHT))
            .collect();
        Self { heights }
    }

    /// From rows that begin in the north.
    fn from_north(squares: &[f32]) -> Self {
        let heights = squares.chunks_exact(EDGE).rev().flatten().copied();
        Self { heights: heights.map(|height| height.clamp(MIN_HEIGHT, MAX_HEIGHT)).collect() }
    }
}

/// Random values in ±1 on a square grid, smoothly joined.
struct Lattice {
    cells: usize,
    values: Vec<f32>,
}

impl Lattice {
    fn new(seed: u64, cells: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let side = cells + 1;
        let values = (0..side * side).map(|_| random.f32().mul_add(2.0, -1.0)).collect();
        Self { cells, values }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let scale = self.cells as f32 / EDGE as f32;
        let (x, y) = (x * scale, y * scale);
        let (column, row) = (x as usize, y as usize);
        let (east, north) = (smooth(x.fract()), smooth(y.fract()));
        let south_edge = mix(self.value(column, row), self.value(column + 1, row), east);
        let north_edge = mix(self.value(column, row + 1), self.value(column + 1, row + 1), east);
        mix(south_edge, north_edge, north)
    }

    fn value(&self, column: usize, row: usize) -> f32 {
        self.values.get(row * (self.cells + 1) + column).copied().unwrap_or(0.0)
    }
}

fn mix(a: f32, b: f32, share: f32) -> f32 {
    (b - a).mul_add(share, a)
}

fn smooth(t: f32) -> f32 {
    t * t * 2.0_f32.mul_add(-t, 3.0)
}

const OCTAVES: u32 = 4;
const LINDEN_CHANNELS: usize = 13;
const LINDEN_RAW_LEN: usize = EDGE * EDGE * LINDEN_CHANNELS;
const FLOAT_RAW_LEN: usize = EDGE * EDGE * 4;
/// Lowest ground that is accepted, metres.
const MIN_HEIGHT: f32 = -100.0;
/// Highest ground that is accepted, metres.
const MAX_HEIGHT: f32 = 4000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_seeded_and_bounded() {
        let hills = Heightmap::noise(22.0, 8.0, 5);
        assert_eq!(hills, Heightmap::noise(22.0, 8.0, 5));
        assert_ne!(hills, Heightmap::noise(22.0, 8.0, 6));
        let low = hills.heights.iter().copied().fold(f32::MAX, f32::min);
        let high = hills.heights.iter().copied().fold(f32::MIN, f32::max);
        assert!(low >= 14.0 && high <= 30.0 && high - low > 2.0, "{low}..{high}");
    }

    #[test]
    fn ground_is_interpolated_and_clamped() {
        let slope = Heightmap::from_fn(|x, y| x + y / 2.0);
        assert!((slope.at(10.5, 20.25) - 20.625).abs() < 1e-4);
        assert_eq!(slope.at(-5.0, -5.0), 0.0);
        assert_eq!(slope.at(1e9, 0.0), 255.0);
        assert_eq!(slope.at(f32::NAN, 2.0), 1.0);
    }

    #[test]
    fn linden_raw_begins_in_the_north() {
        let mut bytes = vec![0; LINDEN_RAW_LEN];
        bytes[0] = 100;
        bytes[1] = 64;
        let map = Heightmap::from_raw(&bytes).unwrap();
        assert_eq!(map.square(0, 255), 50.0);
        assert_eq!(map.square(0, 0), 0.0);
    }

    #[test]
    fn float_raw_begins_in_the_south_and_is_checked() {
        let mut bytes = vec![0; FLOAT_RAW_LEN];
        bytes[4..8].copy_from_slice(&33.5_f32.to_le_bytes());
        assert_eq!(Heightmap::from_raw(&bytes).unwrap().square(1, 0), 33.5);
        bytes[EDGE * 4..EDGE * 4 + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let error = Heightmap::from_raw(&bytes).unwrap_err();
        assert_eq!(error, TerrainError::RawHeight { column: 0, row: 1 });
        assert_eq!(Heightmap::from_raw(&[1, 2, 3]), Err(TerrainError::RawLength(3)));
    }

    #[test]
    fn png_of_8_and_16_bits() {
        for (depth, white) in
            [(png::BitDepth::Eight, vec![255]), (png::BitDepth::Sixteen, vec![255; 2])]
        {
            let mut pixels = vec![0; EDGE * EDGE * white.len()];
            pixels[..white.len()].copy_from_slice(&white);
            let map = Heightmap::from_png(&picture(256, depth, &pixels), 10.0, 50.0).unwrap();
            assert_eq!(map.square(0, 255), 50.0);
            assert_eq!(map.square(0, 0), 10.0);
        }
    }

    #[test]
    fn wrong_pictures_are_refused() {
        let small = picture(16, png::BitDepth::Eight, &[0; 256]);
        let error = Heightmap::from_png(&small, 0.0, 1.0).unwrap_err();
        assert_eq!(error, TerrainError::PngSize { width: 16, height: 16 });
        assert!(matches!(Heightmap::from_png(b"GIF89a", 0.0, 1.0), Err(TerrainError::Png(_))));
        let whole = picture(256, png::BitDepth::Eight, &vec![7; EDGE * EDGE]);
        let cut = &whole[..whole.len() / 2];
        assert!(matches!(Heightmap::from_png(cut, 0.0, 1.0), Err(TerrainError::Png(_))));
    }

    fn picture(edge: u32, depth: png::BitDepth, pixels: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, edge, edge);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(depth);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        out
    }
}
