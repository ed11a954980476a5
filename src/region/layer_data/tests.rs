//! An independent decoder, written from the format and not from the encoder.

use super::*;

/// Reads bits in the order that viewers do.
struct BitReader<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl BitReader<'_> {
    fn bit(&mut self) -> u32 {
        let bit = (self.bytes[self.place / 8] >> (7 - self.place % 8)) & 1;
        self.place += 1;
        u32::from(bit)
    }

    fn value(&mut self, bits: u32) -> u32 {
        let (mut value, mut shift, mut left) = (0, 0, bits);
        while left > 0 {
            let count = left.min(8);
            let byte = (0..count).fold(0, |byte, _| (byte << 1) | self.bit());
            value |= byte << shift;
            shift += 8;
            left -= count;
        }
        value
    }
}

struct Decoded {
    column: u32,
    row: u32,
    values: Vec<f32>,
}

fn decode(payload: &[u8], kind: u8) -> (Vec<Decoded>, usize) {
    let mut reader = BitReader { bytes: payload, place: 0 };
    assert_eq!(reader.value(16), 264);
    assert_eq!(reader.value(8), 16);
    assert_eq!(reader.value(8), u32::from(kind));
    let mut patches = Vec::new();
    loop {
        let quant_wbits = reader.value(8);
        if quant_wbits == 97 {
            return (patches, reader.place);
        }
        let (prequant, width) = ((quant_wbits >> 4) + 2, (quant_wbits & 15) + 2);
        let dc_offset = f32::from_bits(reader.value(32));
        let range = reader.value(16) as f32;
        let ids = reader.value(10);
        let mut coefficients = [0.0_f64; 256];
        let mut place = 0;
        while place < 256 {
            if reader.bit() == 1 {
                // `10` ends the patch; `110` and `111` begin a value.
                if reader.bit() == 0 {
                    break;
                }
                let negative = reader.bit() == 1;
                let magnitude = f64::from(reader.value(width));
                coefficients[place] = if negative { -magnitude } else { magnitude };
            }
            place += 1;
        }
        let values = inverse(&coefficients)
            .iter()
            .map(|f| dc_offset + range * (*f as f32 / (1 << prequant) as f32 + 0.5))
            .collect();
        patches.push(Decoded { column: ids >> 5, row: ids & 31, values });
    }
}

/// The definition, term by term.
fn inverse(coefficients: &[f64; 256]) -> Vec<f64> {
    let order = [0, 1, 5, 6, 14, 15, 27, 28, 44, 45, 65, 66, 90, 91, 119, 120];
    let zigzag = zigzag();
    assert_eq!(zigzag[..16], order);
    assert_eq!(zigzag[16..24], [2, 4, 7, 13, 16, 26, 29, 43]);
    let angle = |x: usize, u: usize| {
        ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 32.0).cos()
            * if u == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 }
    };
    let mut out = Vec::with_capacity(256);
    for y in 0..16 {
        for x in 0..16 {
            let mut sum = 0.0;
            for v in 0..16 {
                for u in 0..16 {
                    let f = coefficients[zigzag[v * 16 + u]] * (1 + 2 * (u + v)) as f64;
                    sum += f * angle(x, u) * angle(y, v);
                }
            }
            out.push(sum * 2.0 / 16.0);
        }
    }
    out
}

fn one(values: &[f32; 256]) -> (f32, usize) {
    let payloads = encode_layer(LAYER_LAND, [Patch { column: 3, row: 9, values: *values }]);
    assert_eq!(payloads.len(), 1);
    let (patches, bits) = decode(&payloads[0], LAYER_LAND);
    assert_eq!((patches.len(), patches[0].column, patches[0].row), (1, 3, 9));
    assert!(payloads[0].len() * 8 - bits < 8, "only padding may follow");
    let error =
        values.iter().zip(&patches[0].values).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    // Without the group header.
    (error, bits - 32)
}

#[test]
fn flat_patch_takes_68_bits_and_is_exact() {
    let (error, bits) = one(&[21.25; 256]);
    assert_eq!(bits, 68 + 8);
    assert!(error < 1e-5, "{error}");
}

#[test]
fn slope_is_within_two_decimetres() {
    let (error, bits) = one(&std::array::from_fn(|place| 20.0 + (place % 16) as f32 * 0.5));
    assert!(error < 0.2, "{error}");
    assert!((150..400).contains(&bits), "{bits}");
}

#[test]
fn random_heights_are_within_two_metres() {
    let mut random = fastrand::Rng::with_seed(3);
    let (error, bits) = one(&std::array::from_fn(|_| 20.0 + random.f32() * 30.0));
    assert!(error < 2.0, "{error}");
    assert!((1500..3300).contains(&bits), "{bits}");
}

#[test]
fn extremes_stay_decodable() {
    for (low, high) in [(0.0, 4000.0), (-100.0, 4000.0), (0.0, 0.02), (21.0, 22.0)] {
        let checkers =
            std::array::from_fn(|place| if (place / 16 + place) % 2 == 0 { low } else { high });
        let (error, _) = one(&checkers);
        assert!(error <= (high - low) * 0.07 + 0.05, "{low}..{high}: {error}");
    }
}

#[test]
fn terrain_covers_every_patch_once_in_small_payloads() {
    let map = Heightmap::noise(22.0, 12.0, 11);
    let payloads = encode_terrain(&map);
    let mut seen = std::collections::BTreeSet::new();
    for payload in &payloads {
        assert!(payload.len() <= PAYLOAD_LIMIT, "{}", payload.len());
        for patch in decode(payload, LAYER_LAND).0 {
            assert!(seen.insert((patch.column, patch.row)));
            let (west, south) = (patch.column as usize * 16, patch.row as usize * 16);
            for (place, value) in patch.values.iter().enumerate() {
                let height = map.square(west + place % 16, south + place / 16);
                assert!((height - value).abs() < 0.5, "{height} became {value}");
            }
        }
    }
    assert_eq!(seen.len(), 256);
    assert_eq!(encode_terrain(&Heightmap::flat(21.0)).len(), 3);
}

#[test]
fn wind_is_two_patches_of_id_0() {
    let wind = |speed| Patch { column: 0, row: 0, values: [speed; 256] };
    let payloads = encode_layer(LAYER_WIND, [wind(1.5), wind(-2.0)]);
    let (patches, _) = decode(&payloads[0], LAYER_WIND);
    assert_eq!(patches.len(), 2);
    assert!((patches[0].values[7] - 1.5).abs() < 1e-5);
    assert!((patches[1].values[7] + 2.0).abs() < 1e-5);
}
