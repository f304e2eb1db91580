//! The lab: one appliance or two between real peers, in network namespaces. And what an appliance in QEMU
//! meets instead, without root: a [`switch`], and hosts in a [`userns`].
//!
//! A [`lab::Lab`] holds a client, Open vSwitch as the LACP switch, three nginx servers, and for each
//! appliance a namespace that an [`appliance::Appliance`] is started in and two cables that can be
//! cut with or without carrier loss. Everything carries the lab's id and goes with the value:
//! after success, error, panic, Ctrl-C and SIGTERM at once, after SIGKILL with the next lab's
//! [`lab::directory::sweep`]. Needs root.

pub mod appliance;
pub mod arp;
pub mod bench;
pub mod bonding;
pub mod cable;
pub mod census;
pub mod client;
pub mod config;
pub mod daemon;
pub mod drops;
pub mod frr;
pub mod guest;
pub mod host;
pub mod image;
pub mod interrupt;
pub mod lab;
pub mod namespace;
pub mod ovs;
pub mod pair;
pub mod pcapng;
pub mod plan;
pub mod prove;
pub mod qemu;
pub mod real;
pub mod run;
pub mod session;
pub mod site;
pub mod standin;
pub mod switch;
pub mod transaction;
pub mod userns;
pub mod wait;
