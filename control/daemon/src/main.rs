//! `ctld`: the only writer of configuration. Empty in this version.

fn main() {}
