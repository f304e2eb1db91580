//! Records and descriptors between two ends.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod common;

use std::fs::{self, File};
use std::io::{ErrorKind, IoSlice, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use common::Scratch;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use sys::memory::SharedMemory;
use sys::packet::{AsyncListener, AsyncPacket, Listener, MAX_FDS, MAX_RECORD, Packet};

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd")
        .expect("own descriptors")
        .count()
}

#[test]
fn a_memfd_passed_over_a_socket_is_seen_by_the_other_side() {
    let scratch = Scratch::new();
    let listener = Listener::bind(scratch.path("s")).expect("listening");
    let maker = Packet::connect(scratch.path("s")).expect("connected");
    let taker = listener.accept().expect("accepted");

    let memory = SharedMemory::create("passed", 4096).expect("memory");
    maker
        .send(b"{\"memory\":1}", &[memory.as_fd()])
        .expect("sent");
    let (record, mut fds) = taker.recv().expect("received");
    assert_eq!(record, b"{\"memory\":1}");
    assert_eq!(fds.len(), 1);
    let seen = SharedMemory::from_fd_readonly(fds.remove(0)).expect("mapped");
    memory.words()[511].store(u64::MAX, Ordering::Release);
    assert_eq!(seen.words()[511].load(Ordering::Acquire), u64::MAX);
}

#[test]
fn records_keep_their_boundaries_and_the_largest_one_passes() {
    let (here, there) = Packet::pair().expect("pair");
    let largest = vec![b'x'; MAX_RECORD];
    here.send(b"a", &[]).expect("sent");
    here.send(&largest, &[]).expect("sent");
    here.send(b"bc", &[]).expect("sent");
    assert_eq!(there.recv().expect("first").0, b"a");
    assert_eq!(there.recv().expect("second").0, largest);
    assert_eq!(there.recv().expect("third").0, b"bc");
}

#[test]
fn descriptors_arrive_in_order_and_as_many_as_allowed() {
    let (here, there) = Packet::pair().expect("pair");
    let pipes: Vec<_> = (0..MAX_FDS)
        .map(|_| std::io::pipe().expect("pipe"))
        .collect();
    let readers: Vec<BorrowedFd<'_>> = pipes.iter().map(|(reader, _)| reader.as_fd()).collect();
    here.send(b"all", &readers).expect("sent");
    let (_, fds) = there.recv().expect("received");
    assert_eq!(fds.len(), MAX_FDS);
    for (i, ((_, writer), fd)) in pipes.into_iter().zip(fds).enumerate() {
        use std::io::Write;
        let mark = u8::try_from(i).expect("small");
        (&writer).write_all(&[mark]).expect("written");
        let mut byte = [0];
        File::from(fd).read_exact(&mut byte).expect("read");
        assert_eq!(byte, [mark]);
    }
}

#[test]
fn what_is_too_large_or_empty_is_refused_before_it_is_sent() {
    let (here, there) = Packet::pair().expect("pair");
    let null = File::open("/dev/null").expect("null");
    let many = vec![null.as_fd(); MAX_FDS + 1];
    for refused in [
        here.send(&[], &[]),
        here.send(&vec![0; MAX_RECORD + 1], &[]),
        here.send(b"many", &many),
    ] {
        assert_eq!(refused.expect_err("sent").kind(), ErrorKind::InvalidInput);
    }
    here.send(b"next", &[]).expect("sent");
    assert_eq!(there.recv().expect("received").0, b"next");
}

#[test]
fn an_oversized_record_is_an_error_for_the_receiver_and_the_next_one_passes() {
    let (here, there) = Packet::pair().expect("pair");
    let large = vec![1; MAX_RECORD + 1];
    let parts = [IoSlice::new(&large)];
    sendmsg::<UnixAddr>(here.as_raw_fd(), &parts, &[], MsgFlags::empty(), None).expect("sent");
    here.send(b"next", &[]).expect("sent");
    assert_eq!(
        there.recv().expect_err("truncated").kind(),
        ErrorKind::InvalidData
    );
    assert_eq!(there.recv().expect("received").0, b"next");
}

#[test]
fn too_many_descriptors_are_an_error_for_the_receiver_and_none_of_them_leaks() {
    // In a process of its own: other tests open descriptors at the same time.
    let this = std::env::current_exe().expect("this test");
    let status = std::process::Command::new(this)
        .args([
            "--exact",
            "truncated_descriptors_alone",
            "--ignored",
            "--test-threads=1",
        ])
        .output()
        .expect("run");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stdout)
    );
}

#[test]
#[ignore = "run by too_many_descriptors_are_an_error_for_the_receiver_and_none_of_them_leaks"]
fn truncated_descriptors_alone() {
    let (here, there) = Packet::pair().expect("pair");
    let null = File::open("/dev/null").expect("null");
    let raw = vec![null.as_raw_fd(); MAX_FDS + 1];
    let parts = [IoSlice::new(b"many")];
    let rights = [ControlMessage::ScmRights(&raw)];
    let before = open_descriptors();
    sendmsg::<UnixAddr>(here.as_raw_fd(), &parts, &rights, MsgFlags::empty(), None).expect("sent");
    assert_eq!(
        there.recv().expect_err("truncated").kind(),
        ErrorKind::InvalidData
    );
    assert_eq!(open_descriptors(), before);
    here.send(b"next", &[null.as_fd()]).expect("sent");
    assert_eq!(there.recv().expect("received").1.len(), 1);
}

#[test]
fn a_closed_peer_is_an_end_for_the_reader_and_a_broken_pipe_for_the_writer() {
    let (here, there) = Packet::pair().expect("pair");
    drop(there);
    assert_eq!(
        here.recv().expect_err("received").kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(
        here.send(b"x", &[]).expect_err("sent").kind(),
        ErrorKind::BrokenPipe
    );
}

#[test]
fn a_time_limit_ends_the_wait_for_a_silent_peer() {
    let (here, there) = Packet::pair().expect("pair");
    here.set_timeout(Some(Duration::from_millis(10)))
        .expect("limit");
    assert_eq!(
        here.recv().expect_err("received").kind(),
        ErrorKind::WouldBlock
    );
    here.set_timeout(None).expect("no limit");
    there.send(b"late", &[]).expect("sent");
    assert_eq!(here.recv().expect("received").0, b"late");
}

#[test]
fn a_peer_knows_the_process_at_the_other_end() {
    let scratch = Scratch::new();
    let listener = Listener::bind(scratch.path("s")).expect("listening");
    let _client = Packet::connect(scratch.path("s")).expect("connected");
    let server = listener.accept().expect("accepted");
    assert_eq!(server.peer_pid().expect("pid"), std::process::id());
}

#[test]
fn a_socket_file_that_nobody_listens_at_is_replaced() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a dead daemon's socket"));
    assert!(
        path.exists(),
        "std leaves the file, as a killed daemon does"
    );
    let listener = Listener::bind(&path).expect("listening");
    assert_eq!(
        fs::metadata(&path).expect("socket").permissions().mode() & 0o777,
        0o660
    );
    Packet::connect(&path).expect("connected");
    assert_eq!(listener.path(), path);
    drop(listener);
    assert!(!path.exists(), "an orderly end removes the file");
}

#[test]
fn a_live_listener_and_a_file_that_is_no_socket_are_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let _live = Listener::bind(&path).expect("listening");
    assert_eq!(
        Listener::bind(&path).expect_err("stolen").kind(),
        ErrorKind::AddrInUse
    );
    let file = scratch.path("f");
    fs::write(&file, "text").expect("file");
    assert_eq!(
        Listener::bind(&file).expect_err("replaced").kind(),
        ErrorKind::AlreadyExists
    );
    assert_eq!(fs::read(&file).expect("file"), b"text");
}

#[test]
fn an_ending_listener_does_not_remove_its_successors_file() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let first = Listener::bind(&path).expect("listening");
    fs::remove_file(&path).expect("removed under it");
    let _second = Listener::bind(&path).expect("listening");
    drop(first);
    Packet::connect(&path).expect("the second one is still there");
}

#[test]
fn connecting_to_nobody_names_the_path() {
    let scratch = Scratch::new();
    let refused = Packet::connect(scratch.path("none")).expect_err("connected");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(refused.to_string().contains("/none"), "{refused}");
}

#[tokio::test]
async fn the_asynchronous_ends_pass_records_and_descriptors_too() {
    let scratch = Scratch::new();
    let listener = AsyncListener::bind(scratch.path("s")).expect("listening");
    let client = async {
        let client = AsyncPacket::connect(scratch.path("s")).expect("connected");
        let memory = SharedMemory::create("passed", 64).expect("memory");
        client
            .send(b"hello", &[memory.as_fd()])
            .await
            .expect("sent");
        let (answer, _) = client.recv().await.expect("answered");
        assert_eq!(answer, b"welcome");
    };
    let server = async {
        let peer = listener.accept().await.expect("accepted");
        let (record, fds) = peer.recv().await.expect("received");
        assert_eq!((record.as_slice(), fds.len()), (&b"hello"[..], 1));
        peer.send(b"welcome", &[]).await.expect("sent");
        assert_eq!(
            peer.recv().await.expect_err("end").kind(),
            ErrorKind::UnexpectedEof
        );
    };
    tokio::join!(client, server);
}

#[tokio::test]
async fn an_asynchronous_sender_waits_for_a_slow_reader_and_loses_nothing() {
    let (here, there) = Packet::pair().expect("pair");
    let (here, there) = (AsyncPacket::new(here), AsyncPacket::new(there));
    let (here, there) = (here.expect("sender"), there.expect("reader"));
    let record = |n: u8| vec![n; MAX_RECORD];
    let sender = async {
        for n in 0..50 {
            here.send(&record(n), &[]).await.expect("sent");
        }
    };
    let reader = async {
        for n in 0..50 {
            assert_eq!(there.recv().await.expect("received").0, record(n));
        }
    };
    tokio::join!(sender, reader);
}

#[test]
fn of_many_that_bind_at_the_same_time_exactly_one_listens() {
    let scratch = Scratch::new();
    let path = scratch.path("race");
    for round in 0..200 {
        // What a killed process leaves: a socket file that nobody listens at.
        let dead = Listener::bind(scratch.path("dead")).expect("listening");
        fs::hard_link(dead.path(), &path).expect("linked");
        drop(dead);
        let start = Barrier::new(4);
        let bound: Vec<_> = thread::scope(|scope| {
            let bind = || {
                start.wait();
                Listener::bind(&path)
            };
            let all = [(); 4].map(|()| scope.spawn(bind));
            all.map(|one| one.join().expect("no panic")).into()
        });
        let listening = bound.iter().filter(|bound| bound.is_ok()).count();
        assert_eq!(listening, 1, "round {round}: {bound:?}");
        Packet::connect(&path).expect("it is reached");
    }
}

#[test]
fn a_path_that_is_too_long_is_an_error_with_the_path_and_the_limit() {
    let scratch = Scratch::new();
    let path = scratch.path(&"x".repeat(108));
    for refused in [
        Packet::connect(&path).map(drop),
        Listener::bind(&path).map(drop),
        sys::packet::check_path(&path),
    ] {
        let told = refused.expect_err("no such socket").to_string();
        assert!(told.starts_with(&path.display().to_string()), "{told}");
        assert!(told.contains("at most 107 bytes"), "{told}");
    }
    sys::packet::check_path(std::path::Path::new(&"x".repeat(107))).expect("short enough");
}
