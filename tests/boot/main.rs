//! The image in QEMU: flashed, booted, configured over its serial console. No root is needed; QEMU and the
//! image are (`cargo xtask image`, then FOURFOLD_IMAGE names it).

mod first;
mod pair;
mod power;
mod prompt;
mod slots;
mod ssh;
mod stage;
mod wrong;
