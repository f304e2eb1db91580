//! An address with its prefix length.

use alloc::string::String;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An address of the bond's host interface with its prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The host's address.
    pub ip: IpAddr,
    /// Prefix length in bits: at most 32 or 128.
    pub prefix: u8,
}

/// Why a text is no [`Address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressParseError;

impl fmt::Display for AddressParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is IP/PREFIX, such as 10.1.0.2/24 or 2001:db8::2/64")
    }
}

impl core::error::Error for AddressParseError {}

impl FromStr for Address {
    type Err = AddressParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (ip, prefix) = text.split_once('/').ok_or(AddressParseError)?;
        let ip: IpAddr = ip.parse().map_err(|_| AddressParseError)?;
        let prefix: u8 = prefix.parse().map_err(|_| AddressParseError)?;
        let widest = if ip.is_ipv4() { 32 } else { 128 };
        if prefix > widest {
            Err(AddressParseError)
        } else {
            Ok(Self { ip, prefix })
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
