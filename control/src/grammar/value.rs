//! What a value is: what `?` says of it, what completion offers, and how it is spelt.

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
