//! The Debian guest: what it is, and what its kernel's bonding answers. No root is needed; QEMU and the guest
//! are (`cargo xtask guest`, then FOURFOLD_GUEST names its folder).

mod hash;
mod modes;
mod shell;
