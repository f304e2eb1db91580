//! `login-console`: who may use the serial console.

fn main() {}
