use std::sync::mpsc::sync_channel;

use nix::sys::eventfd::EfdFlags;
use sys::memory::SharedMemory;
use tokio::sync::mpsc;
use vrrp::{Centiseconds, Config, Family, Priority, Vrid, lease};

use super::*;
use crate::forwarder::BondMemory;

fn attachment() -> Attachment {
    let memory = |words: usize| SharedMemory::create("test", words * 8).expect("memory");
    Attachment {
        leases: memory(lease::WORDS),
        bonds: vec![BondMemory {
            name: "bond0".to_owned(),
            feedback: memory(bond::feedback::WORDS),
            egress: memory(bond::egress::WORDS),
        }],
    }
}

fn inside() -> Config {
    Config {
        name: "inside".to_owned(),
        interface: "bond0".to_owned(),
        virtual_router_id: Vrid::new(51).expect("not 0"),
        priority: Priority::DEFAULT,
        advert_int: Centiseconds::SECOND,
        preempt: false,
        virtual_ipaddress: vec!["192.0.2.1".parse().expect("an address")],
        track_service: Vec::new(),
    }
}

/// Whether the lease of a virtual router that a predecessor left still holds after these last words.
fn is_held_after(last: Option<Command>) -> bool {
    let (commands, receiver) = sync_channel(8);
    let (events, _said) = mpsc::channel(8);
    let outlet = Outlet {
        events,
        lost: Arc::default(),
        drops: Arc::default(),
    };
    let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK).expect("an eventfd");
    let turn = Turn::new(&["bond0".to_owned()], outlet, receiver, Arc::new(wake));
    let attachment = Arc::new(attachment());
    let word = lease::word(0, Family::Ipv4, inside().virtual_router_id);
    let words = attachment.leases.words();
    lease::grant(words, word, now(), now() + Duration::from_secs(60));
    let appear = vec![inside()];
    let first = [
        Command::Attach(Arc::clone(&attachment)),
        Command::Plan(Plan {
            appear,
            ..Plan::default()
        }),
    ];
    for command in first.into_iter().chain(last) {
        commands.send(command).expect("room");
    }
    drop(commands);
    turn.run();
    lease::is_held(words, word, now())
}

#[test]
fn a_main_thread_that_ends_without_a_word_leaves_its_leases_to_the_next_process() {
    assert!(is_held_after(None));
}
