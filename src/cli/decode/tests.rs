//! `holm decode` from arguments to output.

use std::io::Write as _;

use clap::Parser;
use serde_json::{Value as Json, json};

use super::{DecodeArgs, bytes_of, run};
use crate::cli::Globals;
use crate::cli::exit::INPUT;

#[derive(Debug, Parser)]
struct DecodeCommand {
    #[command(flatten)]
    decode: DecodeArgs,
    #[command(flatten)]
    globals: Globals,
}

/// The output, or code and message of the failure with the output before it.
fn decode(args: &[&str]) -> Result<String, (u8, String, String)> {
    let DecodeCommand { decode, globals } =
        DecodeCommand::try_parse_from(["decode"].iter().chain(args)).unwrap();
    let mut out = Vec::new();
    let result = run(&decode, globals.message_format, &mut out);
    let out = String::from_utf8(out).unwrap();
    result.map(|()| out.clone()).map_err(|failure| (failure.code, failure.message, out))
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// StartPingCheck 7, oldest unacked 258, sequence 5.
const PING: &str = "00 00000005 00 01 07 02010000";

#[test]
fn hex_for_people() {
    assert_eq!(
        decode(&["--hex", PING]).unwrap(),
        "#1 StartPingCheck (High 1) sequence 5\n  PingID\n    PingID         7\n    \
         OldestUnacked  258\n"
    );
}

#[test]
fn hex_as_json() {
    let packet = "90:00:00:00:06:00:ff:ff:ff:fb:01:09:00:03:00:00:00:03:01";
    let out = decode(&["--hex", packet, "--message-format", "json"]).unwrap();
    assert_eq!(
        serde_json::from_str::<Json>(&out).unwrap(),
        json!({
            "packet": 1, "flags": ["ZEROCODED", "ACK"], "sequence": 6, "acks": [3],
            "number": "Fixed 0xFFFFFFFB", "message": "PacketAck",
            "body": {"Packets": [{"ID": 9}]},
        })
    );
}

#[test]
fn unknown_messages_show_their_bytes() {
    let out = decode(&["--hex", "00000000050030c0ffee"]).unwrap();
    assert_eq!(out, "#1 unknown message (High 48) sequence 5\n  c0ffee\n");
}

#[test]
fn malformed_datagrams_are_shown_and_fail() {
    let (code, message, out) = decode(&["--hex", "0000000005 00 ff ff ff fb 02 01"]).unwrap_err();
    assert_eq!(code, INPUT);
    assert_eq!(message, "hex: PacketAck.Packets: 2 entries announced, 1 bytes left");
    assert!(out.contains("  0201\n  malformed: PacketAck.Packets"), "{out}");
    assert_eq!(decode(&["--hex", "00"]).unwrap_err().1, "hex: packet of 1 bytes is shorter than 7");
}

#[test]
fn hex_errors_say_where() {
    assert_eq!(&bytes_of(" 0x0a:FF\n").unwrap()[..], [0x0A, 0xFF]);
    assert_eq!(
        bytes_of("0a0g").unwrap_err(),
        "expected a hexadecimal digit at position 4, found 'g'"
    );
    assert!(bytes_of("abc").unwrap_err().contains("even number"));
}

#[test]
fn another_template_decodes_by_its_own_words() {
    let template = file(b"{ Greeting High NotTrusted Unencoded { Words Single { Text Variable 1 } { Caf\xE9 U8 } } }");
    let (code, message, _) = decode(&["--hex", PING, "--template", path(&template)]).unwrap_err();
    assert_eq!(code, INPUT);
    assert!(message.ends_with(
        "line 1, message Greeting, block Words: expected a field name, found `Caf\u{FFFD}`"
    ));
    let template = file(
        b"// \xE9\n{ Greeting High NotTrusted Unencoded { Words Single { Text Variable 1 } } }",
    );
    let out = decode(&["--hex", "00 00000005 00 01 03 686900", "--template", path(&template)]);
    assert_eq!(out.unwrap(), "#1 Greeting (High 1) sequence 5\n  Words\n    Text  \"hi\"\n");
}

/// A capture with the packets given as link frames.
fn capture(big_endian: bool, link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = Vec::new();
    for value in [0xA1B2_C3D4, 0x0002_0004, 0, 0, 65535, link] {
        file.extend(word(value));
    }
    for frame in frames {
        for value in [1_000, 500_000, frame.len() as u32, frame.len() as u32] {
            file.extend(word(value));
        }
        file.extend(frame);
    }
    file
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x23, 0x28, 0x15, 0xB3];
    packet.extend((payload.len() as u16 + 8).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    packet
}

fn ipv4(payload: &[u8], fragment: u8) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, fragment, 0, 64, 17, 0, 0];
    packet.extend([127, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(udp(payload));
    packet
}

fn ipv6(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 0, 0, 64];
    packet.extend([0; 15]);
    packet.push(1);
    packet.extend([0; 15]);
    packet.push(2);
    // One options header before the UDP header.
    packet.extend([17, 0, 0, 0, 0, 0, 0, 0]);
    packet.extend(udp(payload));
    packet
}

fn behind(head: &[u8], packet: &[u8]) -> Vec<u8> {
    [head, packet].concat()
}

#[test]
fn captures_of_every_link_type() {
    let ping = bytes_of(PING).unwrap();
    let line = |from: &str, to: &str| {
        format!("#1 1000.500000 {from}:9000 > {to}:5555 StartPingCheck (High 1) sequence 5\n")
    };
    let v4 = (ipv4(&ping, 0), line("127.0.0.1", "10.0.0.2"));
    let v6 = (ipv6(&ping), line("[::1]", "[::2]"));
    let mut ethernet4 = vec![0; 12];
    ethernet4.extend([0x08, 0]);
    let mut ethernet6 = vec![0; 12];
    ethernet6.extend([0x81, 0, 0, 1, 0x86, 0xDD]);
    let mut cooked = vec![0; 14];
    cooked.extend([0x08, 0]);
    let mut cooked2 = vec![0x86, 0xDD];
    cooked2.extend([0; 18]);
    for (big_endian, link, head, (packet, line)) in [
        (false, 1, ethernet4, &v4),
        (true, 1, ethernet6, &v6),
        (false, 113, cooked, &v4),
        (true, 276, cooked2, &v6),
        (false, 101, vec![], &v6),
        (true, 0, vec![0, 0, 0, 2], &v4),
    ] {
        // Ethernet pads short frames.
        let frame = behind(&behind(&head, packet), &[0; 9]);
        let file = file(&capture(big_endian, link, &[frame]));
        let out = decode(&["--pcap", path(&file)]).unwrap();
        assert!(out.starts_with(line.as_str()), "link {link}: {out}");
    }
}

#[test]
fn foreign_packets_of_a_capture_are_counted() {
    let ping = bytes_of(PING).unwrap();
    let mut tcp = ipv4(&ping, 0);
    tcp[9] = 6;
    let mut short = ipv4(&ping, 0);
    short.truncate(30);
    let frames = [tcp, ipv4(&ping, 0x20), short, vec![], ipv4(&[1], 0), ipv4(&ping, 0)];
    let file = file(&capture(false, 101, &frames));
    let out = decode(&["--pcap", path(&file)]).unwrap();
    assert!(out.contains("#1 1000.500000 127.0.0.1:9000 > 10.0.0.2:5555\n  01\n  malformed:"));
    assert!(out.contains("#2 1000.500000 127.0.0.1:9000 > 10.0.0.2:5555 StartPingCheck"));
    let end = "left out: 2 packets that are not UDP\nleft out: 1 packets in fragments\nleft out: 1 \
               packets captured in part\n";
    assert!(out.ends_with(end), "{out}");
}

#[test]
fn files_that_are_no_captures() {
    let message = |content: &[u8]| {
        let file = file(content);
        let (code, message, _) = decode(&["--pcap", path(&file)]).unwrap_err();
        assert_eq!(code, INPUT);
        message.strip_prefix(&format!("{}: ", path(&file))).unwrap().to_owned()
    };
    assert_eq!(message(b""), "is empty; expected a capture (pcap or pcapng)");
    assert_eq!(message(b"te"), "is not a pcap or pcapng capture (first bytes [74, 65])");
    assert_eq!(message(b"text"), "is not a pcap or pcapng capture (first bytes [74, 65, 78, 74])");
    assert_eq!(message(&capture(false, 147, &[])), "has link type 147, which is not supported");
    let whole = capture(false, 101, &[vec![0; 40]]);
    assert_eq!(message(&whole[..10]), "ends within the file header, after 10 of 24 bytes");
    let cut = "ends within packet 1, at byte 79: 1 bytes are missing";
    assert_eq!(message(&whole[..whole.len() - 1]), cut);
    let cut = "ends within packet 1, at byte 30: 10 bytes are missing";
    assert_eq!(message(&whole[..30]), cut);
    let mut long = capture(false, 101, &[vec![]]);
    long[32..36].copy_from_slice(&300_000u32.to_le_bytes());
    assert_eq!(message(&long), "packet 1, at byte 24, claims 300000 bytes, more than 262144");
    assert!(decode(&["--pcap", "/no/such/file"]).unwrap_err().1.starts_with("/no/such/file: "));
}

/// A block of a pcapng file.
fn block(big_endian: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let padded = body.len().next_multiple_of(4);
    let length = word(padded as u32 + 12);
    let mut block = [word(kind), length].concat();
    block.extend(body);
    block.resize(8 + padded, 0);
    block.extend(length);
    block
}

/// A pcapng file with two interfaces, of which the second counts nanoseconds.
fn pcapng(big_endian: bool, frame: &[u8]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let section = [&word(0x1A2B_3C4D)[..], &half(1), &half(0), &[0xFF; 8]].concat();
    let interface = |link: u16, options: &[u8]| {
        let body = [&half(link)[..], &half(0), &word(0), options].concat();
        block(big_endian, 1, &body)
    };
    let nanoseconds = [&half(9)[..], &half(1), &[9, 0, 0, 0], &half(0), &half(0)].concat();
    let packet = |interface: u32, ticks: u64| {
        let length = word(frame.len() as u32);
        let (high, low) = (word((ticks >> 32) as u32), word(ticks as u32));
        let body = [&word(interface)[..], &high, &low, &length, &length, frame].concat();
        block(big_endian, 6, &body)
    };
    [
        block(big_endian, 0x0A0D_0D0A, &section),
        interface(147, &[]),
        interface(101, &nanoseconds),
        // Of no use here, and passed over.
        block(big_endian, 5, &[0; 12]),
        packet(1, 1_000_500_000_000),
    ]
    .concat()
}

#[test]
fn pcapng_is_read_in_both_byte_orders() {
    let ping = bytes_of(PING).unwrap();
    for big_endian in [false, true] {
        let file = file(&pcapng(big_endian, &ipv4(&ping, 0)));
        let out = decode(&["--pcap", path(&file)]).unwrap();
        let line = "#1 1000.500000 127.0.0.1:9000 > 10.0.0.2:5555 StartPingCheck";
        assert!(out.starts_with(line), "{out}");
    }
}

#[test]
fn broken_pcapng_files_name_the_place() {
    let message = |content: &[u8]| {
        let file = file(content);
        let (code, message, _) = decode(&["--pcap", path(&file)]).unwrap_err();
        assert_eq!(code, INPUT);
        message.strip_prefix(&format!("{}: ", path(&file))).unwrap().to_owned()
    };
    let whole = pcapng(false, &ipv4(&bytes_of(PING).unwrap(), 0));
    assert_eq!(message(&whole[..6]), "ends within a block, at byte 0");
    let cut = message(&whole[..whole.len() - 8]);
    assert!(cut.starts_with("ends within a block, at byte "), "{cut}");
    // The packet says interface 7.
    let mut stray = whole.clone();
    let at = stray.len() - 12 - ipv4(&bytes_of(PING).unwrap(), 0).len().next_multiple_of(4) - 12;
    stray[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
    let stray = message(&stray);
    assert!(stray.contains("a packet of interface 7, which is not described"), "{stray}");
    let mut broken = whole;
    broken[8..12].fill(0x55);
    let broken = message(&broken);
    assert!(broken.contains("at byte 0"), "{broken}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_capture_reader_panic(
        head in proptest::sample::select(vec![0_usize, 4, 12, 28, 60, 100]),
        noise in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200),
    ) {
        let mut content = pcapng(false, &ipv4(&[1, 2, 3], 0));
        content.truncate(head);
        content.extend(noise);
        let file = file(&content);
        let _ = decode(&["--pcap", path(&file)]);
    }
}
