use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{SyncSender, sync_channel};

use bond::egress::{self, MemberEntry, Table};
use nix::sys::eventfd::EfdFlags;
use sys::memory::SharedMemory;
use tokio::sync::mpsc;
use vrrp::{Centiseconds, Config, Family, Priority, State, Vrid, lease};

use super::*;
use crate::forwarder::BondMemory;
use crate::interfaces::Sources;

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

fn turn() -> (Turn, SyncSender<Command>) {
    let (commands, receiver) = sync_channel(8);
    let outlet = Outlet {
        events: mpsc::channel(8).0,
        lost: Arc::default(),
        drops: Arc::default(),
    };
    let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK).expect("an eventfd");
    let turn = Turn::new(&["bond0".to_owned()], outlet, receiver, Arc::new(wake));
    (turn, commands)
}

/// A socket on which frames wait without end.
struct Flood(EventFd);

impl AsFd for Flood {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl netio::Port for Flood {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }
}

/// Whether the lease of a virtual router that a predecessor left still holds after these last words.
fn is_held_after(last: Option<Command>) -> bool {
    let (turn, commands) = turn();
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

#[test]
fn a_flood_on_one_socket_leaves_the_others_their_turn_and_the_host_its_time() {
    let place = Place {
        link: 0,
        member: 0,
        family: 0,
    };
    let flood = Flood(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).expect("an eventfd"));
    let (mut turn, _commands) = turn();
    turn.read(place, &flood);
    assert_eq!(turn.taken, BURST);
    for _ in 0..FRAMES {
        turn.read(place, &flood);
    }
    assert_eq!(turn.taken, FRAMES);
}

/// The table of an active-backup bond of two members, this one active.
fn publish(attachment: &Attachment, generation: u64, active: u8) {
    let mut table = Table {
        generation,
        ..Table::default()
    };
    for _ in 0..2 {
        table.members.push(MemberEntry::default()).expect("room");
    }
    assert!(table.usable.push(active));
    egress::publish(attachment.bonds[0].egress.words(), &table);
}

#[test]
fn an_active_router_advertises_at_once_when_its_bond_has_another_active_member() {
    let (mut turn, _commands) = turn();
    let attachment = Arc::new(attachment());
    let feedback = attachment.bonds[0].feedback.words();
    bond::feedback::set_workers(feedback, 1);
    let word = lease::word(0, Family::Ipv4, inside().virtual_router_id);
    let until = now() + Duration::from_secs(60);
    lease::grant(attachment.leases.words(), word, now(), until);
    publish(&attachment, 2, 0);
    turn.take(Command::Attach(Arc::clone(&attachment)));
    let ipv4 = "192.0.2.2".parse().ok();
    let sources = Sources { ipv4, ipv6: None };
    turn.take(Command::Sources { bond: 0, sources });
    let appear = vec![inside()];
    turn.take(Command::Plan(Plan {
        appear,
        ..Plan::default()
    }));
    turn.turn();
    bond::feedback::beat(feedback, 0, 2);
    let mut sent = || {
        turn.turn();
        let status = turn.routers[0].engine().status(now());
        (status.state, status.counters.adverts_sent)
    };
    assert_eq!(sent(), (State::Active, 1));
    publish(&attachment, 4, 0);
    assert_eq!(sent(), (State::Active, 1), "another table, the same member");
    publish(&attachment, 6, 1);
    assert_eq!(sent(), (State::Active, 2));
    assert_eq!(sent(), (State::Active, 2), "once");
}
