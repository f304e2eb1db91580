//! `[lvs]`: how the forwarder runs, as opposed to what it forwards.

use super::section::Section;
use super::services;
use super::value::{Word, integer, one_of, word};

/// How a worker waits for frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollMode {
    /// Spin for at most 50 µs, then sleep until a frame comes.
    #[default]
    Adaptive,
    /// Never sleep: for cores that do nothing else.
    Busy,
}

/// Which mode of AF_XDP a port must use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XdpMode {
    /// The first that works: zero-copy, native copy, generic.
    #[default]
    Auto,
    /// The NIC writes into the umem itself.
    Zerocopy,
    /// The driver runs the program and copies.
    Native,
    /// The network stack runs the program: works everywhere, slowest.
    Generic,
}

/// The words of `poll_mode`.
pub(super) const POLL_MODES: &[Word<PollMode>] = &[
    word("adaptive", PollMode::Adaptive),
    word("busy", PollMode::Busy),
];

/// The words of `xdp_mode`.
pub(super) const XDP_MODES: &[Word<XdpMode>] = &[
    word("auto", XdpMode::Auto),
    word("zerocopy", XdpMode::Zerocopy),
    word("native", XdpMode::Native),
    word("generic", XdpMode::Generic),
];

/// How the forwarder runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LvsOptions {
    /// How a worker waits.
    pub poll_mode: PollMode,
    /// Which mode of AF_XDP.
    pub xdp_mode: XdpMode,
    /// Queues of each port, and so workers: 1 to 64.
    pub queues: u32,
    /// Descriptors in each ring: a power of two from 64 to 32768.
    pub ring_size: u32,
    /// Size of the connection table, in MiB: 1 to 65536.
    pub connection_table: u32,
}

impl Default for LvsOptions {
    fn default() -> Self {
        Self {
            poll_mode: PollMode::Adaptive,
            xdp_mode: XdpMode::Auto,
            queues: 1,
            ring_size: 2048,
            connection_table: 64,
        }
    }
}

/// Reads `[lvs]`, and `[lvs.timeouts]` below it.
pub(super) fn read(root: &Section<'_, '_>) -> (LvsOptions, lvs::config::Timeouts) {
    match root.section("lvs") {
        Some(table) => (read_options(&table), services::read_timeouts(&table)),
        None => Default::default(),
    }
}

fn read_options(table: &Section<'_, '_>) -> LvsOptions {
    let default = LvsOptions::default();
    let ring_size = |value: &_| {
        integer(64..=32_768, "descriptors", value)
            .ok()
            .filter(|size: &u32| size.is_power_of_two())
            .ok_or_else(|| "a power of two from 64 to 32768 descriptors".to_owned())
    };
    LvsOptions {
        poll_mode: table
            .value("poll_mode", |v| one_of(POLL_MODES, v))
            .unwrap_or_default(),
        xdp_mode: table
            .value("xdp_mode", |v| one_of(XDP_MODES, v))
            .unwrap_or_default(),
        queues: table
            .value("queues", |v| integer(1..=64, "", v))
            .unwrap_or(default.queues),
        ring_size: table
            .value("ring_size", ring_size)
            .unwrap_or(default.ring_size),
        connection_table: table
            .value("connection_table", |v| integer(1..=65_536, "MiB", v))
            .unwrap_or(default.connection_table),
    }
}
