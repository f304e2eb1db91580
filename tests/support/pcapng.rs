//! Frames of a pcapng file, as the switch records them and the appliance captures them: times in nanoseconds,
//! and which way each went.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use pcap_parser::pcapng::EnhancedPacketBlock;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader};

/// Longer than any block.
const BLOCK: usize = 1 << 18;
/// Options of a packet: its direction, and how many were lost before it.
const FLAGS: u16 = 2;
const DROP_COUNT: u16 = 4;
/// The direction of a frame that the interface received.
const INBOUND: u32 = 1;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The interface's name.
    pub interface: String,
    /// Whether the interface received it; else it sent it. A port of the switch receives what its guest sends.
    pub is_inbound: bool,
    /// Nanoseconds since 1970.
    pub at: u64,
    /// Frames that were lost before it.
    pub lost: u64,
    /// Its bytes, as far as they were kept.
    pub bytes: Vec<u8>,
}

/// The frames of a file, in its order.
pub fn read(file: &Path) -> Result<Vec<Recorded>> {
    let what = || format!("reading {}", file.display());
    let mut reader = PcapNGReader::new(BLOCK, File::open(file).with_context(what)?)
        .map_err(|error| anyhow!("{}: {error:?}", what()))?;
    let mut names = Vec::new();
    let mut frames = Vec::new();
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                if let PcapBlockOwned::NG(Block::InterfaceDescription(one)) = &block {
                    ensure!(one.if_tsresol == 9, "times are not nanoseconds");
                    let name = one.if_name().and_then(Result::ok);
                    names.push(name.context("an interface without a name")?.to_owned());
                }
                if let PcapBlockOwned::NG(Block::EnhancedPacket(one)) = &block {
                    frames.push(recorded(one, &names)?);
                }
                reader.consume(offset);
            }
            Err(PcapError::Eof) => return Ok(frames),
            Err(PcapError::Incomplete(_)) => reader
                .refill()
                .map_err(|error| anyhow!("{}: {error:?}", what()))?,
            Err(error) => return Err(anyhow!("{}: {error:?}", what())),
        }
    }
}

fn recorded(block: &EnhancedPacketBlock<'_>, names: &[String]) -> Result<Recorded> {
    let option = |code: u16| block.options.iter().find(|option| option.code.0 == code);
    let flags = option(FLAGS).and_then(|option| option.as_u32_le().ok());
    let lost = option(DROP_COUNT).and_then(|option| option.as_u64_le().ok());
    let name = names.get(usize::try_from(block.if_id)?);
    Ok(Recorded {
        interface: name.context("an interface that is not there")?.clone(),
        is_inbound: flags.context("a frame without a direction")? & 3 == INBOUND,
        at: u64::from(block.ts_high) << 32 | u64::from(block.ts_low),
        lost: lost.unwrap_or(0),
        bytes: block.packet_data().to_vec(),
    })
}
