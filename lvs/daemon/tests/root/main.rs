//! What needs root: a network namespace of each test's own.

#[cfg(test)]
mod kernel;
