//! Whether figures are to be proved: then a test takes its time, and allows no room for a busy machine.

/// The variable that asks for it, whatever it holds.
pub const PROVE: &str = "FOURFOLD_PROVE";

/// Whether this run is to prove figures (`cargo xtask prove`).
#[must_use]
pub fn is_asked() -> bool {
    std::env::var_os(PROVE).is_some()
}
