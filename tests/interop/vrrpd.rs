//! Virtual routers: vrrpd on one network with the peers it is made for, and with nobody.

mod bad_adverts;
mod frr;
mod keepalived;
mod lives;
mod ours;
mod segment;
mod standin;
mod watcher;
