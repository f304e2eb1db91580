//! What becomes of a frame.

use wire::headers::Headers;

use crate::{Context, Verdict, Worker};

/// Decides.
pub fn process(
    _cx: &Context<'_, '_>,
    _worker: &mut Worker,
    _frame: &mut [u8],
    _headers: &Headers,
    _reply: &mut [u8],
) -> Verdict {
    Verdict::NotMine
}
