//! Stories of checks on a virtual clock.

mod change;
mod chaos;
mod late;
mod pools;
mod restart;
mod rhythm;
mod window;
mod world;
