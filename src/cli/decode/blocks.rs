//! The blocks of a pcapng file: sections, interfaces and the packets captured at them.

use std::io::{self, Read};

use bytes::Bytes;
use pcap_parser::traits::PcapReaderIterator as _;
use pcap_parser::{Block, PcapBlockOwned, PcapError as BlockError, PcapNGReader};

use super::link::Link;
use super::pcap::{Frame, LONGEST, PcapError};

/// A pcapng file being read.
pub(super) struct Blocks<R: Read> {
    reader: PcapNGReader<Full<R>>,
    /// Of the current section.
    interfaces: Vec<Interface>,
}

/// Reads as much as is asked for unless the input ends: the parser takes a short read at its start
/// for the end of the file.
struct Full<R>(R);

impl<R: Read> Read for Full<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read(rest) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// Where packets were captured.
#[derive(Clone, Copy)]
struct Interface {
    /// Its number; whether it is known matters when there is a packet.
    link: u32,
    ticks_per_second: f64,
    /// Added to all times, seconds.
    offset: f64,
}

/// What a block is to the reader.
enum Step {
    Frame(Result<Frame, PcapError>),
    /// It is not read whole yet.
    More,
    Other,
}

impl<R: Read> Blocks<R> {
    /// Reads the first section header.
    pub(super) fn new(input: R) -> Result<Self, PcapError> {
        match PcapNGReader::new(BUFFER, Full(input)) {
            Ok(reader) => Ok(Self { reader, interfaces: Vec::new() }),
            Err(error) => Err(failure(&error, 0)),
        }
    }

    /// The next packet; `None` at the end of the file.
    pub(super) fn frame(&mut self) -> Result<Option<Frame>, PcapError> {
        loop {
            let at = self.reader.position() as u64;
            let is_at_end = self.reader.reader_exhausted();
            let (length, step) = match self.reader.next() {
                Ok((length, PcapBlockOwned::NG(block))) => {
                    (length, read(&mut self.interfaces, &block, at))
                }
                Ok((length, _)) => (length, Step::Other),
                Err(BlockError::Eof) => return Ok(None),
                Err(BlockError::Incomplete(_)) if !is_at_end => (0, Step::More),
                Err(error) => return Err(failure(&error, at)),
            };
            self.reader.consume(length);
            match step {
                Step::Frame(frame) => return frame.map(Some),
                Step::More => self.reader.refill().map_err(|error| failure(&error, at))?,
                Step::Other => {}
            }
        }
    }
}

fn read(interfaces: &mut Vec<Interface>, block: &Block<'_>, at: u64) -> Step {
    match block {
        Block::SectionHeader(_) => interfaces.clear(),
        Block::InterfaceDescription(found) if interfaces.len() < MAX_INTERFACES => {
            let ticks = found.ts_resolution().filter(|ticks| *ticks > 0).unwrap_or(1_000_000);
            interfaces.push(Interface {
                link: found.linktype.0 as u32,
                ticks_per_second: ticks as f64,
                offset: found.if_tsoffset as f64,
            });
        }
        Block::EnhancedPacket(packet) => {
            let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
            let number = packet.if_id as usize;
            let data = packet.data.get(..packet.caplen as usize).unwrap_or(packet.data);
            return Step::Frame(frame(interfaces.get(number), number, Some(ticks), data, at));
        }
        Block::SimplePacket(packet) => {
            let data = packet.data.get(..packet.origlen as usize).unwrap_or(packet.data);
            return Step::Frame(frame(interfaces.first(), 0, None, data, at));
        }
        _ => {}
    }
    Step::Other
}

fn frame(
    interface: Option<&Interface>,
    number: usize,
    ticks: Option<u64>,
    data: &[u8],
    offset: u64,
) -> Result<Frame, PcapError> {
    let interface = interface.ok_or_else(|| PcapError::Block {
        offset,
        problem: format!("a packet of interface {number}, which is not described"),
    })?;
    let link = Link::of(interface.link).ok_or(PcapError::LinkType(interface.link))?;
    let time = ticks.map(|ticks| ticks as f64 / interface.ticks_per_second + interface.offset);
    Ok(Frame { time, link, bytes: Bytes::copy_from_slice(data) })
}

fn failure<I: AsRef<[u8]>>(error: &BlockError<I>, offset: u64) -> PcapError {
    match error {
        BlockError::UnexpectedEof | BlockError::Incomplete(_) | BlockError::Eof => {
            PcapError::CutBlock { offset }
        }
        BlockError::BufferTooSmall => {
            let problem = format!("it is longer than {BUFFER} bytes");
            PcapError::Block { offset, problem }
        }
        BlockError::ReadError => {
            PcapError::Block { offset, problem: "the file could not be read".to_owned() }
        }
        BlockError::HeaderNotRecognized
        | BlockError::NomError(..)
        | BlockError::OwnedNomError(..) => {
            PcapError::Block { offset, problem: "it is malformed".to_owned() }
        }
    }
}

/// A block must fit; the largest are packets.
const BUFFER: usize = 2 * LONGEST as usize;

/// More interfaces than any machine has.
const MAX_INTERFACES: usize = 4096;
