//! Each reason of the forwarder and the bond to drop a frame, produced by one frame and read back
//! by the operator's command. (Those of lvs that need no particular state are produced on the wire,
//! by `demo --check`.)

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use control::ipc::{Request, Server};
use control::show::Noun;
use lvsd::shared::Shared;
use netio::frame::Port;
use wire::{Duration, Mac};

use crate::appliance::{
    Appliance, CLIENT, CLIENT_IP, OTHER_PORT, PORT, REAL_IP, Sizes, VIP, echo, request, segment,
    syn,
};
use crate::routers::to_router;

/// A reason, and an appliance that has met it exactly once.
type Case = (&'static str, fn() -> Appliance);

const CASES: &[Case] = &[
    ("bond/inactive_member", || {
        let mut appliance = Appliance::up();
        appliance.table.members[0].rx_enabled = false;
        appliance.publish();
        appliance.receive(&syn(4_000));
        appliance
    }),
    ("bond/foreign_mac", || {
        let mut appliance = Appliance::up();
        let mut frame = syn(4_000);
        frame[..6].copy_from_slice(&Mac([2, 0, 0, 0, 0, 0x99]).0);
        appliance.receive(&frame);
        appliance
    }),
    ("bond/own_mac", || {
        let mut appliance = Appliance::up();
        let mut frame = syn(4_000);
        frame[6..12].copy_from_slice(&crate::appliance::BOND.0);
        appliance.receive(&frame);
        appliance
    }),
    ("bond/no_usable_member", || {
        let mut appliance = Appliance::up();
        appliance.table.usable = bond::Usable::new();
        appliance.publish();
        appliance.receive(&syn(4_000));
        appliance
    }),
    ("lvsd/malformed", || {
        let mut appliance = Appliance::up();
        appliance.receive(&syn(4_000)[..40]);
        appliance
    }),
    ("lvsd/not_attached", || {
        let mut appliance = Appliance::detached(Sizes::default());
        appliance.receive(&syn(4_000));
        appliance
    }),
    ("lvsd/tx_ring_full", || {
        let mut appliance = Appliance::detached(Sizes {
            ring: 1,
            ..Sizes::default()
        });
        appliance.table.buckets = [0; bond::BUCKETS];
        appliance.attach();
        appliance.wire.block(0, true);
        appliance.receive(&syn(4_000));
        appliance.receive(&syn(4_001));
        appliance
    }),
    ("lvsd/not_active", || {
        let mut appliance = Appliance::of_router();
        appliance.receive(&to_router(&syn(4_000)));
        appliance
    }),
    ("lvs/nat_conflict", || {
        // One client endpoint, two services, one real: its replies could not be told apart.
        let mut appliance = Appliance::of_two_services();
        for port in [PORT, OTHER_PORT] {
            appliance.receive(&segment(CLIENT_IP, VIP, 4_000, |header| {
                (header.syn, header.destination_port) = (true, port);
            }));
        }
        appliance
    }),
    ("lvs/not_active", || {
        let mut appliance = Appliance::of_router();
        appliance.receive(&syn(4_000));
        appliance
    }),
    ("lvsd/redirect", || {
        let mut appliance = Appliance::up();
        assert!(
            appliance.shared.workers[0]
                .from_host
                .push(0, &[&redirect()])
        );
        appliance.worker.turn(appliance.now);
        appliance
    }),
    ("lvsd/no_frame", || {
        let mut appliance = Appliance::detached(Sizes {
            frames: 1,
            ..Sizes::default()
        });
        appliance.table.buckets = [0; bond::BUCKETS];
        appliance.attach();
        appliance.wire.block(0, true);
        appliance.receive(&syn(4_000));
        // The only frame waits in the transmit ring; the kernel now wants to send one.
        assert!(
            appliance.shared.workers[0]
                .from_host
                .push(0, &[&syn(4_001)])
        );
        appliance.worker.turn(appliance.now);
        appliance
    }),
    ("lvsd/no_route", || {
        let mut appliance = Appliance::up();
        appliance.shared.hops.store(Arc::default());
        appliance.receive(&syn(4_000));
        appliance
    }),
    ("lvsd/packet_too_big", || {
        let mut appliance = Appliance::up();
        appliance.receive(&request(4_000, 1_461));
        appliance
    }),
    ("lvsd/overlong", || {
        let mut appliance = Appliance::up();
        appliance.receive(&request(4_000, 16_000));
        appliance
    }),
    ("lvsd/neighbour_unresolved", || {
        let mut appliance = Appliance::up();
        appliance.set_hops(&[(CLIENT_IP, CLIENT)]);
        appliance.receive(&syn(4_000));
        assert_eq!(
            appliance.shared.requests.take().len(),
            1,
            "the kernel is asked"
        );
        appliance.pass(lvsd::parked::PATIENCE);
        appliance.worker.turn(appliance.now);
        appliance
    }),
    ("lvsd/neighbour_queue_full", || {
        let mut appliance = Appliance::up();
        appliance.set_hops(&[(CLIENT_IP, CLIENT)]);
        for port in 0..=lvsd::parked::PER_HOP {
            appliance.receive(&syn(4_000 + u16::try_from(port).unwrap()));
        }
        appliance
    }),
    ("lvsd/bucket_queue_full", || {
        let mut appliance = Appliance::detached(Sizes {
            frames: 2 * lvsd::held::CAPACITY,
            ..Sizes::default()
        });
        for bucket in 0..=255 {
            appliance.table.moving.held.insert(bucket);
        }
        appliance.attach();
        for n in 0..=lvsd::held::CAPACITY {
            appliance.receive(&syn(4_000 + u16::try_from(n).unwrap()));
        }
        appliance
    }),
    ("lvsd/host_queue_full", || {
        let mut appliance = Appliance::up();
        for _ in 0..=lvsd::shared::HOST_QUEUE {
            appliance.receive(&echo(REAL_IP, 8));
        }
        appliance
    }),
    ("lvsd/host_write_failed", || {
        let mut appliance = Appliance::up();
        appliance.receive(&echo(REAL_IP, 8));
        refuse_by_host(&appliance.shared);
        appliance
    }),
    ("lvs/reply_too_long", || {
        let mut appliance = Appliance::up();
        appliance.receive(&echo(VIP, 1_600));
        appliance
    }),
    ("lvs/malformed", || {
        // No frame of the wire gets this far: its headers were parsed from the same bytes. This is
        // the engine's own guard against a host that hands it others.
        let appliance = Appliance::up();
        let headers = wire::headers::Headers::parse(&syn(4_000)).unwrap();
        appliance.process(&mut syn(4_000)[..40], &headers);
        appliance
    }),
    ("lvs/stray_reset", || {
        let mut appliance = Appliance::up();
        appliance.receive(&segment(CLIENT_IP, VIP, 4_000, |header| header.rst = true));
        appliance
    }),
];

/// A host interface that takes no frame, as a TAP that is down.
struct Down(netio::memory::MemoryPort, Arc<AtomicBool>);

impl std::os::fd::AsFd for Down {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Port for Down {
    fn send(&self, _frame: &[u8]) -> io::Result<()> {
        self.1.store(true, std::sync::atomic::Ordering::Relaxed);
        Err(io::ErrorKind::NetworkDown.into())
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer)
    }
}

/// An ICMPv6 redirect from the kernel.
fn redirect() -> Vec<u8> {
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], CLIENT.0)
        .ipv6([0xfe; 16], [0x20; 16], 255)
        .icmpv6_raw(137, 0, [0; 4])
        .write(&mut frame, &[0; 32])
        .unwrap();
    frame
}

/// Lets the host interface's thread pass one frame on, to an interface that refuses it.
fn refuse_by_host(shared: &Shared) {
    let (port, _other_end) = netio::memory::MemoryPort::pair().unwrap();
    // The refusal is also what ends the thread's loop.
    let stop = Arc::new(AtomicBool::new(false));
    let down = Down(port, Arc::clone(&stop));
    lvsd::host::run(shared, 0, &down, &stop).unwrap();
}

#[test]
fn each_reason_is_produced_by_one_frame_and_shown_alone() {
    let program = fourfold();
    for (reason, produce) in CASES {
        let appliance = produce();
        let counted = shown(&program, &appliance.shared);
        assert_eq!(counted, BTreeMap::from([((*reason).to_owned(), 1)]));
    }
}

#[test]
fn a_frame_that_is_forwarded_is_counted_under_no_reason() {
    let mut appliance = Appliance::up();
    appliance.receive(&syn(4_000));
    assert_eq!(appliance.sent().len(), 1);
    assert_eq!(shown(&fourfold(), &appliance.shared), BTreeMap::new());
}

#[test]
fn every_reason_that_is_produced_here_by_agreement_is() {
    for reason in tests::drops::IN_PROCESS {
        let has_case = CASES.iter().any(|(name, _)| name == reason);
        assert!(
            has_case || *reason == "lvs/table_busy",
            "{reason} has no case"
        );
    }
}

/// Eight workers enter connections in a table of one shard, until one of them met its lock held for
/// too long: its holder was preempted.
#[test]
fn a_shard_that_stays_locked_is_counted() {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
    let appliance = Appliance::of_workers(
        Sizes {
            table: 16 << 10,
            ..Sizes::default()
        },
        8,
    );
    let shared = Arc::clone(&appliance.shared);
    let started = std::time::Instant::now();
    let busy = || -> u64 {
        let reason = lvs::DropReason::TableBusy;
        shared
            .workers
            .iter()
            .map(|worker| worker.lvs.drops(reason).total())
            .sum()
    };
    std::thread::scope(|threads| {
        for index in 0..shared.workers.len() {
            let (appliance, busy) = (&appliance, &busy);
            threads.spawn(move || {
                let mut engine = appliance.engine(index);
                let mut port = 0_u16;
                while busy() == 0 && started.elapsed() < PATIENCE {
                    port = port.wrapping_add(1);
                    appliance.process_as(&mut engine, &mut syn(port));
                }
            });
        }
    });
    let counted = shown(&fourfold(), &shared);
    assert!(counted.contains_key("lvs/table_busy"), "{counted:?}");
}

#[test]
fn a_parked_frame_leaves_when_its_next_hop_is_known() {
    let mut appliance = Appliance::up();
    appliance.set_hops(&[(CLIENT_IP, CLIENT)]);
    appliance.receive(&syn(4_000));
    assert_eq!(appliance.sent().len(), 0);
    let (_, asked_for) = appliance.shared.requests.take()[0];
    assert_eq!(asked_for, IpAddr::from(REAL_IP));
    appliance.pass(Duration::from_millis(5));
    appliance.set_hops(&[(CLIENT_IP, CLIENT), (REAL_IP, crate::appliance::REAL)]);
    appliance.worker.turn(appliance.now);
    let sent = appliance.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0][..6], crate::appliance::REAL.0);
    assert_eq!(sent[0][6..12], crate::appliance::BOND.0);
}

/// The counts above zero that `fourfold show drops --json` prints, by "layer/reason".
fn shown(program: &Path, shared: &Arc<Shared>) -> BTreeMap<String, u64> {
    let run_dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let guard = runtime.enter();
    let mut server = Server::bind(&run_dir.path().join("lvsd.sock")).unwrap();
    drop(guard);
    let shared = Arc::clone(shared);
    runtime.spawn(async move {
        let call = server.next().await;
        assert_eq!(call.request, Request::Show(Noun::Drops));
        call.answer(Noun::Drops, lvsd::show::drops(&shared));
        std::future::pending::<()>().await;
    });
    let output = Command::new(program)
        .arg("--run-dir")
        .arg(run_dir.path())
        .args(["show", "drops", "--json"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = shown["drops"].as_array().unwrap();
    assert!(items.len() > CASES.len());
    let drops = items.iter().filter(|item| item["fate"] == "drop");
    drops
        .map(|item| {
            let word = |key: &str| item[key].as_str().unwrap().to_owned();
            (
                format!("{}/{}", word("layer"), word("reason")),
                item["count"].as_u64().unwrap(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The operator's command, built if need be.
fn fourfold() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "console"])
        .status();
    assert!(built.unwrap().success());
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("fourfold")
}
