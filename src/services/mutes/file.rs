//! A mute list as the file that clients fetch: one line `type id name|flags` per entry.

use std::fmt::Write;

use bytes::Bytes;

use super::model::Mute;

/// The file of a list.
pub(super) fn write(mutes: &[Mute]) -> Bytes {
    let mut file = String::new();
    for mute in mutes {
        let (kind, flags) = (mute.kind.code(), mute.exceptions.bits());
        // Writing to a string cannot fail.
        let _ = writeln!(file, "{kind} {} {}|{flags}", mute.id, mute.name);
    }
    file.into()
}

/// The CRC-32 of zlib over `data`, with which clients name the copy that they have.
pub(super) fn checksum(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

/// What each byte adds to the CRC.
const TABLE: [u32; 256] = {
    /// The polynomial, bits reversed.
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::model::{MuteExceptions, MuteKind};
    use super::*;

    /// Reads a line as viewers do: kind and id up to blanks, the name up to the bar.
    fn read_line(line: &str) -> Mute {
        let mut parts = line.splitn(3, ' ');
        let kind = parts.next().and_then(|kind| kind.parse().ok()).unwrap();
        let id = parts.next().and_then(|id| id.parse().ok()).unwrap();
        let (name, flags) = parts.next().and_then(|rest| rest.split_once('|')).unwrap();
        Mute {
            id,
            name: name.to_owned(),
            kind: MuteKind::from_code(kind).unwrap(),
            exceptions: MuteExceptions::from_bits(flags.parse().unwrap()).unwrap(),
        }
    }

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn an_entry_is_one_line() {
        let mute = Mute {
            id: Uuid::from_u128(1),
            name: "Bob Tester".to_owned(),
            kind: MuteKind::Agent,
            exceptions: MuteExceptions::VOICE | MuteExceptions::SOUNDS,
        };
        let expected = "1 00000000-0000-0000-0000-000000000001 Bob Tester|10\n";
        assert_eq!(write(&[mute]), expected);
    }

    proptest! {
        #[test]
        fn written_form_is_read_again(
            entries in prop::collection::vec((any::<u128>(), any::<String>(), 0..4, 0..16u32), 0..20),
        ) {
            let mutes: Vec<_> = entries
                .iter()
                .map(|(id, name, kind, flags)| Mute {
                    id: Uuid::from_u128(*id),
                    name: Mute::clean_name(name),
                    kind: MuteKind::from_code(*kind).unwrap(),
                    exceptions: MuteExceptions::from_bits(*flags).unwrap(),
                })
                .collect();
            let file = write(&mutes);
            let text = std::str::from_utf8(&file).unwrap();
            let read: Vec<_> = text.split_terminator('\n').map(read_line).collect();
            prop_assert_eq!(read, mutes);
        }
    }
}
