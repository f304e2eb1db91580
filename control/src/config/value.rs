//! Readers of single values: each answers the meaning, or what would be legal.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use toml::de::DeValue;
use wire::Mac;

use super::section::{Legal, Section};

/// The longest name that Linux gives an interface (IFNAMSIZ less its final zero).
pub(super) const INTERFACE_CHARS: usize = 15;

/// The longest name of a service.
const NAME_CHARS: usize = 63;

/// One word that a key may hold, with Linux's number for it where Linux has one.
#[derive(Debug)]
pub(super) struct Word<T> {
    pub(super) text: &'static str,
    pub(super) number: Option<u8>,
    pub(super) value: T,
}

/// A word with Linux's number for it.
pub(super) const fn numbered<T>(text: &'static str, number: u8, value: T) -> Word<T> {
    Word {
        text,
        number: Some(number),
        value,
    }
}

/// A word that is Fourfold's own.
pub(super) const fn word<T>(text: &'static str, value: T) -> Word<T> {
    Word {
        text,
        number: None,
        value,
    }
}

/// One of `words`, by its text or by its number (bare or in quotes, as Linux takes both).
pub(super) fn one_of<T: Copy>(words: &[Word<T>], value: &DeValue<'_>) -> Legal<T> {
    let number = match value {
        DeValue::Integer(integer) => u8::from_str_radix(integer.as_str(), integer.radix()).ok(),
        DeValue::String(text) => text.parse().ok(),
        _ => None,
    };
    words
        .iter()
        .find(|word| {
            value.as_str() == Some(word.text) || (number.is_some() && word.number == number)
        })
        .map(|word| word.value)
        .ok_or_else(|| words.iter().map(spelling).collect::<Vec<_>>().join(" | "))
}

fn spelling<T>(word: &Word<T>) -> String {
    match word.number {
        Some(number) => format!("{} ({number})", word.text),
        None => word.text.to_owned(),
    }
}

/// The text of `value` among `words`.
pub(super) fn text_of<T: PartialEq>(words: &[Word<T>], value: &T) -> &'static str {
    words
        .iter()
        .find(|word| word.value == *value)
        .map_or("", |word| word.text)
}

/// A switch: `true` or `false`, `"on"` or `"off"`, 1 or 0.
pub(super) fn switch(value: &DeValue<'_>) -> Legal<bool> {
    match (value, value.as_str()) {
        (DeValue::Boolean(on), _) => Ok(*on),
        (_, Some("on")) => Ok(true),
        (_, Some("off")) => Ok(false),
        (DeValue::Integer(integer), _) if integer.as_str() == "1" => Ok(true),
        (DeValue::Integer(integer), _) if integer.as_str() == "0" => Ok(false),
        _ => Err("true | false".to_owned()),
    }
}

/// An integer within `range`, counted in `unit` (may be empty).
pub(super) fn integer<T>(range: RangeInclusive<T>, unit: &str, value: &DeValue<'_>) -> Legal<T>
where
    T: TryFrom<i64> + PartialOrd + Copy + std::fmt::Display,
{
    value
        .as_integer()
        .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let gap = if unit.is_empty() { "" } else { " " };
            format!(
                "an integer from {} to {}{gap}{unit}",
                range.start(),
                range.end()
            )
        })
}

/// The name of an interface, as Linux would take it.
pub(super) fn interface(value: &DeValue<'_>) -> Legal<String> {
    value
        .as_str()
        .filter(|name| is_interface(name))
        .map(str::to_owned)
        .ok_or_else(|| INTERFACE_LEGAL.to_owned())
}

/// What the name of an interface may be.
pub(super) const INTERFACE_LEGAL: &str =
    "an interface name: 1 to 15 visible ASCII characters other than / : % \" \\";

/// Whether Linux would take `name` for an interface, and a shell and a file name would too.
pub(super) fn is_interface(name: &str) -> bool {
    (1..=INTERFACE_CHARS).contains(&name.len())
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/:%\"\\".contains(&b))
}

/// What the name of a service may be.
pub(super) const NAME_LEGAL: &str = "a name: 1 to 63 of letters, digits, '.', '_' and '-'";

/// Whether `name` may name a service.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A unicast MAC address.
pub(super) fn unicast_mac(value: &DeValue<'_>) -> Legal<Mac> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .filter(|mac: &Mac| !mac.is_group() && *mac != Mac::ZERO)
        .ok_or_else(|| "a unicast MAC address: \"02:00:00:00:00:01\"".to_owned())
}

/// An IP address.
pub(super) fn address(value: &DeValue<'_>) -> Legal<IpAddr> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .filter(is_host)
        .ok_or_else(|| "a unicast IP address: \"10.1.0.1\" or \"2001:db8::1\"".to_owned())
}

/// An address that one host can have.
pub(super) fn is_host(address: &IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    let never = address.is_unspecified() || address.is_loopback() || address.is_multicast();
    !(never || broadcast || mapped)
}

/// Whether an address is one that every interface has by itself (RFC 4291 2.5.6).
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// An IP address with a prefix length.
pub(super) fn prefix(value: &DeValue<'_>) -> Legal<(IpAddr, u8)> {
    value
        .as_str()
        .and_then(|text| text.split_once('/'))
        .and_then(|(ip, length)| Some((ip.parse().ok()?, length.parse().ok()?)))
        .filter(|(ip, length)| *length <= bits(ip))
        .ok_or_else(|| {
            "an address with a prefix length: \"10.1.0.2/24\" or \"2001:db8::2/64\"".to_owned()
        })
}

/// The array `addresses` of a table: unicast addresses with their prefix lengths, each once.
pub(super) fn addresses(table: &Section<'_, '_>) -> Vec<bond::Address> {
    once(
        table,
        "addresses",
        "a unicast address, each once",
        |value| {
            let (ip, prefix) = prefix(value)?;
            let address = bond::Address { ip, prefix };
            Ok(is_host(&ip).then_some((ip, address)))
        },
    )
}

/// The elements of the array `key`, each once by what `read` gives first; `legal` says so, and of
/// those that `read` gives none for.
pub(super) fn once<K: PartialEq, T>(
    table: &Section<'_, '_>,
    key: &str,
    legal: &str,
    read: impl Fn(&DeValue<'_>) -> Legal<Option<(K, T)>>,
) -> Vec<T> {
    let seen: RefCell<Vec<K>> = RefCell::default();
    table.list(key, |value| {
        let mut seen = seen.borrow_mut();
        match read(value)? {
            Some((name, element)) if !seen.contains(&name) => {
                seen.push(name);
                Ok(element)
            }
            Some(_) | None => Err(legal.to_owned()),
        }
    })
}

/// The number of bits in an address of this family.
pub(super) fn bits(address: &IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// A network: an address with a prefix length below which no bit is set.
pub(super) fn exact_network(value: &DeValue<'_>, legal: &str) -> Legal<(IpAddr, u8)> {
    let (ip, length) = prefix(value).map_err(|_| legal.to_owned())?;
    let network = network(ip, length);
    if network == ip {
        Ok((ip, length))
    } else {
        Err(format!("a network: {network}/{length}"))
    }
}

/// Whether two networks, each with its prefix length, have an address in common.
pub(super) fn overlap(one: (IpAddr, u8), other: (IpAddr, u8)) -> bool {
    let shorter = one.1.min(other.1);
    one.0.is_ipv4() == other.0.is_ipv4() && network(one.0, shorter) == network(other.0, shorter)
}

/// The address with all bits below the prefix cleared.
pub(super) fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(u32::from(32 - length.min(32)))
                .unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(u32::from(128 - length.min(128)))
                .unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// What an address with a port looks like.
pub(super) const SOCKET_LEGAL: &str =
    "a unicast address with a port from 1 to 65535: \"10.1.0.100:80\" or \"[2001:db8::100]:80\"";

/// A host's address with a port other than 0.
pub(super) fn socket(text: &str) -> Legal<SocketAddr> {
    text.parse()
        .ok()
        .filter(|socket: &SocketAddr| socket.port() != 0 && is_host(&socket.ip()))
        .filter(|socket| !matches!(socket, SocketAddr::V6(v6) if v6.scope_id() != 0))
        .ok_or_else(|| SOCKET_LEGAL.to_owned())
}
