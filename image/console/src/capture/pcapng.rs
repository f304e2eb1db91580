//! Frames as a pcapng file, in little-endian, with times in nanoseconds (draft-ietf-opsawg-pcapng).

use std::io::{self, Write};

use super::frame::Frame;

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;
const LINKTYPE_ETHERNET: u16 = 1;

const END_OF_OPTIONS: u16 = 0;
/// shb_userappl.
const APPLICATION: u16 = 4;
/// if_name.
const NAME: u16 = 2;
/// if_tsresol.
const RESOLUTION: u16 = 9;
/// epb_flags.
const FLAGS: u16 = 2;
/// epb_dropcount.
const DROP_COUNT: u16 = 4;

/// The direction bits of epb_flags.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// A file that is written block by block: it is whole after each.
#[derive(Debug)]
pub(super) struct Writer<W: Write> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Begins a file of frames of these interfaces, at most `snap_length` bytes of each.
    pub(super) fn begin(mut out: W, interfaces: &[String], snap_length: u32) -> io::Result<Self> {
        let application = concat!("fourfold ", env!("CARGO_PKG_VERSION"));
        let mut header = Block::new(SECTION_HEADER);
        header.bytes(&BYTE_ORDER_MAGIC.to_le_bytes());
        header.bytes(&1_u16.to_le_bytes());
        header.bytes(&0_u16.to_le_bytes());
        // Nobody knows yet how long the section will be.
        header.bytes(&u64::MAX.to_le_bytes());
        header.option(APPLICATION, application.as_bytes())?;
        header.write(&mut out)?;
        for name in interfaces {
            let mut description = Block::new(INTERFACE_DESCRIPTION);
            description.bytes(&LINKTYPE_ETHERNET.to_le_bytes());
            description.bytes(&0_u16.to_le_bytes());
            description.bytes(&snap_length.to_le_bytes());
            description.option(NAME, name.as_bytes())?;
            description.option(RESOLUTION, &[9])?;
            description.write(&mut out)?;
        }
        Ok(Self { out })
    }

    /// Writes one frame; gives the bytes that it took.
    pub(super) fn frame(&mut self, frame: &Frame) -> io::Result<usize> {
        let mut block = Block::new(ENHANCED_PACKET);
        block.bytes(&frame.interface.to_le_bytes());
        let [high, low] = [frame.unix_ns >> 32, frame.unix_ns & 0xffff_ffff];
        for half in [high, low] {
            block.bytes(&u32::try_from(half).map_err(io::Error::other)?.to_le_bytes());
        }
        let captured = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
        block.bytes(&captured.to_le_bytes());
        block.bytes(&frame.length.max(captured).to_le_bytes());
        block.padded(&frame.bytes);
        let direction = if frame.sent { OUTBOUND } else { INBOUND };
        block.option(FLAGS, &direction.to_le_bytes())?;
        if frame.lost > 0 {
            block.option(DROP_COUNT, &frame.lost.to_le_bytes())?;
        }
        block.write(&mut self.out)
    }

    /// Hands on what is still here.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A block in the making.
struct Block {
    kind: u32,
    body: Vec<u8>,
    has_options: bool,
}

impl Block {
    const fn new(kind: u32) -> Self {
        Self {
            kind,
            body: Vec::new(),
            has_options: false,
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) -> io::Result<()> {
        let length = u16::try_from(value.len()).map_err(io::Error::other)?;
        self.bytes(&code.to_le_bytes());
        self.bytes(&length.to_le_bytes());
        self.padded(value);
        self.has_options = true;
        Ok(())
    }

    /// Writes the block; gives its length.
    fn write(mut self, out: &mut impl Write) -> io::Result<usize> {
        if self.has_options {
            self.option(END_OF_OPTIONS, &[])?;
        }
        let total = self.body.len() + 12;
        let length = u32::try_from(total)
            .map_err(io::Error::other)?
            .to_le_bytes();
        out.write_all(&self.kind.to_le_bytes())?;
        out.write_all(&length)?;
        out.write_all(&self.body)?;
        out.write_all(&length)?;
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_begins_with_a_section_and_its_interfaces() {
        let mut out = Vec::new();
        Writer::begin(&mut out, &["eth1".to_owned()], 65_535).expect("written");
        assert_eq!(out[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
        assert_eq!(out[8..12], [0x4d, 0x3c, 0x2b, 0x1a]);
        let length = u32::from_le_bytes(out[4..8].try_into().expect("four bytes"));
        let rest = &out[usize::try_from(length).expect("small")..];
        assert_eq!(rest[..4], [1, 0, 0, 0]);
        // Ethernet, reserved, snap length, if_name eth1, if_tsresol 9, the end.
        let body = [
            &[1, 0, 0, 0, 0xff, 0xff, 0, 0][..],
            &[2, 0, 4, 0],
            b"eth1",
            &[9, 0, 1, 0, 9, 0, 0, 0],
            &[0, 0, 0, 0],
        ];
        assert_eq!(rest[8..rest.len() - 4], body.concat());
        assert_eq!(rest[4..8], rest[rest.len() - 4..]);
    }

    #[test]
    fn a_frame_is_padded_and_says_its_direction_and_what_was_lost_before() {
        let mut writer = Writer { out: Vec::new() };
        let frame = Frame {
            unix_ns: 0x1_0000_0002,
            interface: 3,
            sent: true,
            length: 60,
            lost: 7,
            bytes: vec![0xaa; 5],
        };
        let length = writer.frame(&frame).expect("written");
        let out = writer.out;
        assert_eq!((out.len(), out.len() % 4), (length, 0));
        let head = [6, 0x40, 3, 1, 2, 5, 60_u32].map(u32::to_le_bytes).concat();
        assert_eq!(out[..28], head);
        assert_eq!(out[28..36], [0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0, 0, 0]);
        assert_eq!(out[36..44], [2, 0, 4, 0, 2, 0, 0, 0]);
        assert_eq!(out[44..56], [4, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    }
}
