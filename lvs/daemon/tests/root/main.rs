//! What needs root: a network namespace of each test's own.

#[cfg(test)]
mod capture;
#[cfg(test)]
mod cleared;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod kernel;
#[cfg(test)]
mod missing;
