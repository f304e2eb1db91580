//! The Debian guest: what it is, what its kernel's bonding answers, and how it gets on with ours. QEMU and the
//! guest are needed (`cargo xtask guest`, then FOURFOLD_GUEST names its folder); root and the appliance's
//! programs (FOURFOLD_BINARIES) where a test says so.

mod carrier;
mod hash;
mod lacp;
mod modes;
mod shell;
mod story;
mod vlan;
