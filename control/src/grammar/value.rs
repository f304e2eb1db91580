//! What a value is: what `?` says of it, what completion offers, and how it is spelt.

use std::net::{IpAddr, SocketAddr};

use wire::Mac;

use crate::config::seconds;

/// A value that may be typed.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// One of these words.
    Choice(&'static [Choice]),
    /// `true` or `false`.
    Switch,
    /// An integer from the first to the last; the unit may be empty.
    Integer(i64, i64, &'static str),
    /// Seconds, with so many digits after the point at most, from the first to the last in steps
    /// of the last digit.
    Seconds(u32, u32, u32),
    /// A new name, or one that is in the configuration already.
    Name,
    /// A NIC of this box.
    Interface,
    /// A name that the configuration has at this path.
    Reference(&'static [&'static str]),
    /// A unicast address.
    Address,
    /// A unicast address with a prefix length.
    Prefix,
    /// A network with its prefix length.
    Network,
    /// An address with a port.
    Endpoint,
    /// A unicast MAC address.
    Mac,
    /// A host by its name or address.
    Host,
    /// A status, or a range of them.
    Statuses,
    /// Bytes in hexadecimal.
    Hex,
    /// Any text; in quotes if it has blanks. What `?` calls it.
    Text(&'static str),
}

/// A word of a closed list.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// Linux's number for it, which is understood too.
    pub number: Option<u8>,
    /// What it means, in at most [`HELP_CHARS`](super::HELP_CHARS) characters.
    pub help: &'static str,
}

impl Value {
    /// What stands for a value in help and faults: `68..9000 bytes`, `ADDRESS:PORT`.
    #[must_use]
    pub fn form(&self) -> String {
        match self {
            Self::Choice(choices) => {
                let words: Vec<&str> = choices.iter().map(|choice| choice.word).collect();
                words.join(" | ")
            }
            Self::Switch => "true | false".to_owned(),
            Self::Integer(first, last, "") => format!("{first}..{last}"),
            Self::Integer(first, last, unit) => format!("{first}..{last} {unit}"),
            Self::Seconds(digits, first, last) => {
                let (first, last) = (
                    seconds::spell(*digits, *first),
                    seconds::spell(*digits, *last),
                );
                format!("{first}..{last} s")
            }
            Self::Name | Self::Reference(_) => "NAME".to_owned(),
            Self::Interface => "NIC".to_owned(),
            Self::Address => "ADDRESS".to_owned(),
            Self::Prefix => "ADDRESS/LENGTH".to_owned(),
            Self::Network => "NETWORK/LENGTH".to_owned(),
            Self::Endpoint => "ADDRESS:PORT".to_owned(),
            Self::Mac => "MAC".to_owned(),
            Self::Host => "HOST".to_owned(),
            Self::Statuses => "STATUS[-STATUS]".to_owned(),
            Self::Hex => "HEX".to_owned(),
            Self::Text(form) => (*form).to_owned(),
        }
    }

    /// The words of a closed list, with their help; none where any of many values is legal.
    pub(super) fn closed(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Choice(choices) => choices.iter().map(|c| (c.word, c.help)).collect(),
            Self::Switch => vec![("true", ""), ("false", "")],
            Self::Integer(..)
            | Self::Seconds(..)
            | Self::Name
            | Self::Interface
            | Self::Reference(_)
            | Self::Address
            | Self::Prefix
            | Self::Network
            | Self::Endpoint
            | Self::Mac
            | Self::Host
            | Self::Statuses
            | Self::Hex
            | Self::Text(_) => Vec::new(),
        }
    }

    /// Whether `text` looks like such a value: what decides whether an optional one is there.
    pub(super) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Integer(..) => text.parse::<i64>().is_ok(),
            Self::Seconds(..) => text.parse::<f64>().is_ok(),
            Self::Choice(_) | Self::Switch => {
                let mut words = self.closed().into_iter();
                words.any(|(word, _)| word.starts_with(text))
            }
            Self::Name
            | Self::Interface
            | Self::Reference(_)
            | Self::Address
            | Self::Prefix
            | Self::Network
            | Self::Endpoint
            | Self::Mac
            | Self::Host
            | Self::Statuses
            | Self::Hex
            | Self::Text(_) => true,
        }
    }

    /// The one spelling of what `text` says, as the canonical form has it; none when it says nothing
    /// of this kind. Not everything that can be spelt is legal.
    pub(crate) fn spell(&self, text: &str) -> Option<String> {
        match self {
            Self::Choice(choices) => {
                let number = text.parse().ok();
                let is_it =
                    |c: &&Choice| c.word == text || (number.is_some() && c.number == number);
                choices.iter().find(is_it).map(|c| c.word.to_owned())
            }
            Self::Switch => switch(text).map(|on| on.to_string()),
            Self::Integer(..) => text.parse::<i64>().ok().map(|number| number.to_string()),
            Self::Seconds(digits, ..) => {
                seconds::decimal(text, *digits).map(|steps| seconds::spell(*digits, steps))
            }
            Self::Address => text.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
            Self::Prefix | Self::Network => prefix(text).map(|(ip, bits)| format!("{ip}/{bits}")),
            Self::Endpoint => text
                .parse::<SocketAddr>()
                .ok()
                .map(|socket| socket.to_string()),
            Self::Mac => text.parse::<Mac>().ok().map(|mac| mac.to_string()),
            Self::Host => {
                let ip = text.parse::<IpAddr>().map(|ip| ip.to_string());
                Some(ip.unwrap_or_else(|_| text.to_owned()))
            }
            Self::Statuses => match text.split_once('-') {
                Some((first, last)) if first == last => Some(first.to_owned()),
                Some(_) | None => Some(text.to_owned()),
            },
            Self::Hex => Some(text.to_ascii_lowercase()),
            Self::Name | Self::Interface | Self::Reference(_) | Self::Text(_) => {
                Some(text.to_owned())
            }
        }
    }

    /// Whether TOML has it without quotes.
    pub(crate) const fn is_bare(&self) -> bool {
        matches!(self, Self::Switch | Self::Integer(..) | Self::Seconds(..))
    }
}

/// An address and a prefix length.
pub(crate) fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = text.split_once('/')?;
    Some((ip.parse().ok()?, bits.parse().ok()?))
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "1" => Some(true),
        "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
