//! The bonding engine.
