//! Bytes and what they mean: known answers per header, a second encoder, and any bytes at all.
#![cfg(test)]

mod arp;
mod bfd;
mod checksum;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod lacp;
mod marker;
mod neighbor;
mod never_panics;
mod support;
mod tcp;
mod transport_checksum;
mod udp;
mod views;
mod vrrp;
