//! The load-balancing engine.
