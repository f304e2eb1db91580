//! What tasks see for the loop.

use control::ipc::PoolVerdict;

use crate::forwarder::Attachment;

/// Something that a task saw for the loop.
#[derive(Debug)]
pub enum Seen {
    /// lvsd serves us.
    Attached(Attachment),
    /// It ended the connection.
    Detached,
    /// healthd's word on services.
    Pools(Vec<PoolVerdict>),
}
