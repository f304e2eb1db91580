//! The BFD engine: RFC 5880 sessions.
