//! Options with a closed list of values.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An option with a closed list of values, each with Linux's word and Linux's number.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal, $text:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value's word in configuration, `show` and Linux.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Linux's number of the value.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The value with this number.
            #[must_use]
            pub fn from_number(number: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| u64::from(v.number()) == number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let unknown = UnknownChoice { legal: concat!($($text, " "),+) };
                Self::ALL.iter().copied().find(|v| v.name() == text).ok_or(unknown)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Word::deserialize(deserializer)? {
                    Word::Name(text) => text.parse().map_err(serde::de::Error::custom),
                    Word::Number(number) => Self::from_number(number).ok_or_else(|| {
                        let legal = concat!($($text, " "),+);
                        serde::de::Error::custom(UnknownChoice { legal })
                    }),
                }
            }
        }
    };
}

/// A value as configuration may write it: Linux's word or Linux's number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Number(u64),
    Name(String),
}

/// A word or number that is no value of its option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownChoice {
    /// The legal words, separated by spaces.
    pub legal: &'static str,
}

impl fmt::Display for UnknownChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "legal values: {}", self.legal.trim_end())
    }
}

impl core::error::Error for UnknownChoice {}

choice! {
    /// How the members share the work.
    Mode {
        /// Packet after packet by the next member: in order on each member, not over all.
        BalanceRr = 0, "balance-rr";
        /// One member carries all traffic, the others wait.
        ActiveBackup = 1, "active-backup";
        /// A hash of the frame chooses the member.
        BalanceXor = 2, "balance-xor";
        /// Every frame by every member.
        Broadcast = 3, "broadcast";
        /// IEEE 802.1AX link aggregation, negotiated by LACP.
        Ieee8023ad = 4, "802.3ad";
        /// Every member sends its share of the flows, as measured; one receives.
        BalanceTlb = 5, "balance-tlb";
        /// As `balance-tlb`; each client is told the MAC of one of the members, and sends to that.
        BalanceAlb = 6, "balance-alb";
    }
}

choice! {
    /// How often we ask the partner to send, and so how soon its silence is noticed.
    LacpRate {
        /// A PDU every 30 s; silence counts after 90 s.
        Slow = 0, "slow";
        /// A PDU every second; silence counts after 3 s.
        Fast = 1, "fast";
    }
}

choice! {
    /// Which header fields choose the member of a frame.
    XmitHashPolicy {
        /// MAC addresses and ethertype.
        Layer2 = 0, "layer2";
        /// IP addresses and ports.
        Layer34 = 1, "layer3+4";
        /// MAC addresses, ethertype and IP addresses.
        Layer23 = 2, "layer2+3";
        /// As `layer2+3`, of the innermost packet of a tunnel.
        Encap23 = 3, "encap2+3";
        /// As `layer3+4`, of the innermost packet of a tunnel.
        Encap34 = 4, "encap3+4";
        /// VLAN tag and source MAC address.
        VlanSrcmac = 5, "vlan+srcmac";
    }
}

choice! {
    /// How a hash becomes a member.
    Mapping {
        /// hash % usable members, as Linux: every flow may move when a member leaves.
        Modulo = 0, "modulo";
        /// 256 buckets: only the flows of the member that leaves move.
        Resilient = 1, "resilient";
    }
}

choice! {
    /// Which aggregator carries the traffic when partners differ.
    AdSelect {
        /// The one in use stays as long as it works; then that of most bandwidth.
        Stable = 0, "stable";
        /// That of most bandwidth, at any time.
        Bandwidth = 1, "bandwidth";
        /// That of most ports, then of most bandwidth, at any time.
        Count = 2, "count";
        /// That whose port priorities add up to the most, then of most ports, at any time.
        ActorPortPrio = 3, "actor_port_prio";
    }
}

choice! {
    /// What carries traffic while no LACP partner answers.
    Fallback {
        /// Nothing: Linux's `lacp_strict`.
        None = 0, "none";
        /// One member, which stays while its link is up: as Linux does.
        Individual = 1, "individual";
        /// The member of best priority, the others wait, as in mode active-backup.
        ActiveBackup = 2, "active-backup";
    }
}

choice! {
    /// When the primary becomes active again after it has returned.
    PrimaryReselect {
        /// At once.
        Always = 0, "always";
        /// If its speed and then duplex are better than the active member's.
        Better = 1, "better";
        /// Only when the active member fails.
        Failure = 2, "failure";
    }
}

choice! {
    /// Which MAC the bond and those of its members that are not active have.
    FailOverMac {
        /// One MAC for the bond and all members.
        None = 0, "none";
        /// The bond has the own MAC of its active member, and another one after each failover.
        Active = 1, "active";
        /// The bond's MAC goes with the active member; the others speak with their own.
        Follow = 2, "follow";
    }
}

choice! {
    /// Which frames prove that a member's path works.
    ArpValidate {
        /// Any frame.
        None = 0, "none";
        /// On the active member valid answers only.
        Active = 1, "active";
        /// On backup members our own probes only.
        Backup = 2, "backup";
        /// On each member what is valid there.
        All = 3, "all";
        /// Any ARP or Neighbor Discovery.
        Filter = 4, "filter";
        /// As `active`; on backup members any ARP or Neighbor Discovery.
        FilterActive = 5, "filter_active";
        /// As `backup`; on the active member any ARP or Neighbor Discovery.
        FilterBackup = 6, "filter_backup";
    }
}

choice! {
    /// How many targets must answer.
    ArpAllTargets {
        /// One.
        Any = 0, "any";
        /// Each.
        All = 1, "all";
    }
}
