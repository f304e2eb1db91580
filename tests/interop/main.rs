//! The daemons with the peers they are made for, one at a time where one is enough. Root and the
//! lab's programs are needed (`cargo xtask setup`), and one machine: `cargo xtask test` runs these
//! one by one.

mod bfdd;
mod bondd;
mod commits;
mod flows;
mod forwarder;
mod forwarding;
mod heart;
mod lacp;
mod members;
mod micro_bfd;
mod vrrpd;
