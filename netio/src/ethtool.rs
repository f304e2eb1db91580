//! What a NIC says of its link, and its offloads, by the ethtool ioctls.

use std::io;

use crate::error::{Context, Error, Result};
use crate::ifreq::{self, Control};

const SIOCETHTOOL: libc::Ioctl = 0x8946;

const GLINK: u32 = 0x0a;
const GCHANNELS: u32 = 0x3c;
const SCHANNELS: u32 = 0x3d;
const GLINKSETTINGS: u32 = 0x4c;
const GFLAGS: u32 = 0x25;
const SFLAGS: u32 = 0x26;
const GRXFHINDIR: u32 = 0x38;
const SRXFHINDIR: u32 = 0x39;

/// `ETH_FLAG_TXVLAN`, `ETH_FLAG_RXVLAN` and `ETH_FLAG_LRO`.
const FLAGS_OFF: [(&str, u32); 3] = [("txvlan", 1 << 7), ("rxvlan", 1 << 8), ("lro", 1 << 15)];

/// The offloads with a command of their own: name, get, set.
const OFFLOADS: [(&str, u32, u32); 5] = [
    ("gro", 0x2b, 0x2c),
    ("tso", 0x1e, 0x1f),
    ("gso", 0x23, 0x24),
    ("rx", 0x14, 0x15),
    ("tx", 0x16, 0x17),
];

/// `SPEED_UNKNOWN`, which virtio also says.
const SPEED_UNKNOWN: u32 = u32::MAX;
/// The fixed part of `ethtool_link_settings`, in 32-bit words; three bitmaps follow.
const SETTINGS_WORDS: usize = 12;
/// Words that one of those bitmaps has at most.
const BITMAP_WORDS: usize = 127;
/// The most entries of a table of receive queues that is written.
const SPREAD_WORDS: usize = 2_048;

/// Whether a link carries both directions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplex {
    /// One direction at a time: LACP does not aggregate it.
    Half,
    /// Both directions at once.
    Full,
}

/// A link's speed and duplex, as far as the driver knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkSettings {
    /// Mb/s.
    pub speed: Option<u32>,
    /// Half or full.
    pub duplex: Option<Duplex>,
}

/// Asks about the interfaces of one network namespace.
#[derive(Debug)]
pub struct Ethtool {
    control: Control,
}

impl Ethtool {
    /// For the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub fn open() -> Result<Self> {
        Ok(Self {
            control: Control::open()?,
        })
    }

    /// Whether an interface has carrier. Asking also has the kernel report a loss that it was
    /// holding back, so that a poll of a few milliseconds sees it in time.
    ///
    /// # Errors
    /// When there is no such interface.
    pub fn carrier(&self, ifname: &str) -> Result<bool> {
        let [_, value] = self
            .ask(ifname, [GLINK, 0])
            .context(|| at(ifname, "carrier"))?;
        Ok(value != 0)
    }

    /// An interface's speed and duplex; both unknown where the driver has no word for them.
    ///
    /// # Errors
    /// When there is no such interface.
    pub fn link_settings(&self, ifname: &str) -> Result<LinkSettings> {
        let operation = || at(ifname, "speed and duplex");
        let mut words = [0_u32; SETTINGS_WORDS + 3 * BITMAP_WORDS];
        words[0] = GLINKSETTINGS;
        // The first answer says how many words a bitmap has, negated; the second has them.
        let words = match self.ask(ifname, words) {
            Ok(mut answer) => {
                let count = settings_byte(&answer, 15).cast_signed().unsigned_abs();
                answer[0] = GLINKSETTINGS;
                set_settings_byte(&mut answer, 15, count);
                self.ask(ifname, answer)
            }
            Err(error) => Err(error),
        };
        match words {
            Ok(words) => Ok(LinkSettings {
                speed: Some(words[1]).filter(|speed| *speed != SPEED_UNKNOWN && *speed != 0),
                duplex: match settings_byte(&words, 8) {
                    0 => Some(Duplex::Half),
                    1 => Some(Duplex::Full),
                    _unknown => None,
                },
            }),
            Err(error) if is_unsupported(&error) => Ok(LinkSettings::default()),
            Err(error) => Err(error).context(operation),
        }
    }

    /// Switches off what merges, defers or hides parts of frames: gro, lro, tso, gso, rxvlan,
    /// txvlan and both checksums. Says which ones are still on: fixed by the driver.
    ///
    /// # Errors
    /// When there is no such interface, or CAP_NET_ADMIN is missing.
    pub fn disable_offloads(&self, ifname: &str) -> Result<Vec<&'static str>> {
        let operation = || at(ifname, "offloads");
        let mut still_on = Vec::new();
        for (name, get, set) in OFFLOADS {
            tolerate(self.ask(ifname, [set, 0])).context(operation)?;
            if tolerate(self.ask(ifname, [get, 0]))
                .context(operation)?
                .is_some_and(|[_, on]| on != 0)
            {
                still_on.push(name);
            }
        }
        let Some([_, flags]) = tolerate(self.ask(ifname, [GFLAGS, 0])).context(operation)? else {
            return Ok(still_on);
        };
        // One at a time: a driver refuses a change that it cannot make in whole.
        for (name, flag) in FLAGS_OFF.into_iter().filter(|(_, flag)| flags & flag != 0) {
            let [_, now] = self.ask(ifname, [GFLAGS, 0]).context(operation)?;
            let result = self.ask(ifname, [SFLAGS, now & !flag]);
            if tolerate(result).context(operation)?.is_none() {
                still_on.push(name);
            }
        }
        Ok(still_on)
    }

    /// How many receive queues an interface has now: 1 where the driver cannot say.
    ///
    /// # Errors
    /// When there is no such interface.
    pub fn receive_queues(&self, ifname: &str) -> Result<u32> {
        let operation = || at(ifname, "channels");
        let answer = tolerate(self.ask(ifname, [GCHANNELS, 0, 0, 0, 0, 0, 0, 0, 0]));
        let [_, _, _, _, _, rx, _, _, combined] = match answer.context(operation)? {
            Some(channels) => channels,
            None => return Ok(1),
        };
        Ok((rx + combined).max(1))
    }

    /// Sets how many queues an interface has, combined where the driver combines them.
    ///
    /// # Errors
    /// When there are not that many, or the driver cannot.
    pub fn set_queues(&self, ifname: &str, queues: u32) -> Result<()> {
        let operation = || at(ifname, "channels");
        let channels = self
            .ask(ifname, [GCHANNELS, 0, 0, 0, 0, 0, 0, 0, 0])
            .context(operation)?;
        let [_, max_rx, max_tx, max_other, max_combined, _, _, other, _] = channels;
        let (rx, tx, combined) = if max_combined > 0 {
            (0, 0, queues)
        } else {
            (queues, queues, 0)
        };
        let request = [
            SCHANNELS,
            max_rx,
            max_tx,
            max_other,
            max_combined,
            rx,
            tx,
            other,
            combined,
        ];
        self.ask(ifname, request).context(operation)?;
        Ok(())
    }

    /// Has an interface that keeps more receive queues use the first `queues` only, by its table
    /// (RSS): for drivers that cannot change how many there are.
    ///
    /// # Errors
    /// When the driver has no such table, or does not let it be written.
    pub fn receive_by_first(&self, ifname: &str, queues: u32) -> Result<()> {
        let operation = || at(ifname, "table of receive queues");
        let [_, entries] = self.ask(ifname, [GRXFHINDIR, 0]).context(operation)?;
        let mut request = [0_u32; SPREAD_WORDS + 2];
        let room = usize::try_from(entries).unwrap_or(usize::MAX);
        if entries == 0 || room > SPREAD_WORDS {
            return Err(Error::other(operation(), format!("{entries} entries")));
        }
        (request[0], request[1]) = (SRXFHINDIR, entries);
        for (entry, queue) in request[2..2 + room]
            .iter_mut()
            .zip((0..queues.max(1)).cycle())
        {
            *entry = queue;
        }
        self.ask(ifname, request).context(operation)?;
        Ok(())
    }

    /// Makes one request of 32-bit words, the first being the command.
    fn ask<const N: usize>(&self, ifname: &str, mut words: [u32; N]) -> io::Result<[u32; N]> {
        let mut request = ifreq::named(ifname)?;
        request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
        self.control.request(SIOCETHTOOL, &mut request)?;
        Ok(words)
    }
}

fn at(ifname: &str, what: &str) -> String {
    format!("ethtool: {what} of {ifname}")
}

fn settings_byte(words: &[u32], at: usize) -> u8 {
    words[at / 4].to_ne_bytes()[at % 4]
}

fn set_settings_byte(words: &mut [u32], at: usize, value: u8) {
    let mut bytes = words[at / 4].to_ne_bytes();
    bytes[at % 4] = value;
    words[at / 4] = u32::from_ne_bytes(bytes);
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EINVAL))
}

/// A driver that cannot is no fault here.
fn tolerate<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_unsupported(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
