//! What the data plane would make of a frame: the engines' own functions, without a daemon.

use std::fmt;

use bond::egress::{MemberEntry, Table};
use bond::hash::xmit_hash;
use bond::resilient::{equal, remap};
use bond::{BUCKETS, MAX_MEMBERS, Mapping, XmitHashPolicy};
use serde::Serialize;

/// The shortest frame: an Ethernet header.
const SHORTEST: usize = 14;

/// Where a frame leaves a bond, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hashed {
    /// The transmit hash.
    pub hash: u32,
    /// The bucket; none with mapping `modulo`.
    pub bucket: Option<u8>,
    /// The member, from 0 in the bond's order.
    pub member: usize,
}

impl fmt::Display for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hash {} ({:#010x})", self.hash, self.hash)?;
        if let Some(bucket) = self.bucket {
            write!(f, ", bucket {bucket}")?;
        }
        write!(f, ", member {}", self.member)
    }
}

/// A bond of which every member is usable and none was ever lost.
#[derive(Clone, Debug)]
pub struct Hasher {
    table: Table,
}

impl Hasher {
    /// A bond of so many members; none: not 1 to 16.
    #[must_use]
    pub fn new(policy: XmitHashPolicy, mapping: Mapping, members: usize) -> Option<Self> {
        let usable: Vec<u8> = (0..u8::try_from(members).ok()?).collect();
        if usable.is_empty() || usable.len() > MAX_MEMBERS {
            return None;
        }
        let mut table = Table {
            mapping,
            policy,
            ..Table::default()
        };
        for &member in &usable {
            table.members.push(MemberEntry::default()).ok()?;
            table.usable.push(member);
        }
        remap(&mut table.buckets, &equal(&usable));
        Some(Self { table })
    }

    /// What becomes of a whole Ethernet frame.
    #[must_use]
    pub fn hash(&self, frame: &[u8]) -> Option<Hashed> {
        let hash = xmit_hash(self.table.policy, frame);
        let [bucket, ..] = hash.to_le_bytes();
        Some(Hashed {
            hash,
            bucket: match self.table.mapping {
                Mapping::Resilient => Some(bucket),
                Mapping::Modulo => None,
            },
            member: self.table.choose(hash, 0)?,
        })
    }
}

const _: () = assert!(BUCKETS == 256, "a bucket is a byte of the hash");

/// A frame as it is typed: pairs of hexadecimal digits, with blanks and colons wherever they help.
///
/// # Errors
/// In one line: what is not legal, and what would be.
pub fn frame(text: &str) -> Result<Vec<u8>, String> {
    let marks = text
        .chars()
        .filter(|mark| !mark.is_whitespace() && *mark != ':');
    let digits = marks.map(|mark| {
        let digit = mark.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digit.ok_or_else(|| {
            format!("{mark:?} is no hexadecimal digit; legal: 0-9a-f, blanks, colons")
        })
    });
    let digits = digits.collect::<Result<Vec<u8>, String>>()?;
    let (bytes, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(format!(
            "{} hexadecimal digits; legal: two a byte",
            digits.len()
        ));
    }
    if bytes.len() < SHORTEST {
        return Err(format!(
            "{} bytes; legal: at least {SHORTEST}, an Ethernet header",
            bytes.len()
        ));
    }
    Ok(bytes.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_with_blanks_and_colons_and_what_is_none_says_why() {
        let bytes = frame(" 02:00:00:00:0a:FE 525400123456 0806").expect("a frame");
        assert_eq!(bytes.len(), 14);
        assert_eq!(bytes[5], 0xfe);
        for (text, error) in [
            (
                "0x02",
                "'x' is no hexadecimal digit; legal: 0-9a-f, blanks, colons",
            ),
            ("020", "3 hexadecimal digits; legal: two a byte"),
            ("0202", "2 bytes; legal: at least 14, an Ethernet header"),
            ("", "0 bytes; legal: at least 14, an Ethernet header"),
        ] {
            assert_eq!(frame(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn a_bond_has_1_to_16_members_and_each_gets_its_buckets() {
        let new = |members| Hasher::new(XmitHashPolicy::Layer2, Mapping::Resilient, members);
        assert!(new(0).is_none() && new(17).is_none());
        let hasher = new(16).expect("a bond");
        let mut arp = [0; 14];
        let members: std::collections::BTreeSet<usize> = (0..=255)
            .map(|byte| {
                arp[5] = byte;
                let hashed = hasher.hash(&arp).expect("a member");
                assert_eq!(hashed.bucket, Some(byte));
                hashed.member
            })
            .collect();
        assert_eq!(members.len(), 16);
    }
}
