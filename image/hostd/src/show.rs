//! What `hostd` shows: the host's interfaces, and what runs on the box.

mod interfaces;
mod version;

pub use interfaces::interfaces;
pub use version::version;
