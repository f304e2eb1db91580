//! The descriptor store: what a daemon stored outlives it.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod common;

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use common::Scratch;
use sys::memory::SharedMemory;
use sys::packet::{AsyncListener, AsyncPacket, Packet};
use sys::store::{Answer, DAEMON, FD_STORE, FdStore, MAX_DESCRIPTORS, MAX_ITEMS, Request, Store};

/// A store as the supervisor hosts it, on a thread that ends with the test.
fn host(path: &Path) -> Arc<Mutex<Store>> {
    let store = Arc::new(Mutex::new(Store::new()));
    let hosted = Arc::clone(&store);
    let (listening, ready) = std::sync::mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        runtime.expect("runtime").block_on(async {
            let listener = AsyncListener::bind(path).expect("listening");
            listening.send(()).expect("told");
            loop {
                let peer = listener.accept().await.expect("accepted");
                serve(&peer, &hosted).await;
            }
        });
    });
    ready.recv().expect("the host listens");
    store
}

async fn serve(peer: &AsyncPacket, store: &Mutex<Store>) {
    while let Ok((record, fds)) = peer.recv().await {
        let answers = match Request::parse(&record) {
            Ok(request) => store.lock().expect("store").answer(request, fds),
            Err(e) => vec![Answer::refusal(&e.to_string())],
        };
        for answer in answers {
            answer.send(peer).await.expect("answered");
        }
    }
}

fn memory_with(value: u64) -> SharedMemory {
    let memory = SharedMemory::create("stored", 64).expect("memory");
    memory.words()[0].store(value, Ordering::Release);
    memory
}

fn value_in(fd: BorrowedFd<'_>) -> u64 {
    let fd = fd.try_clone_to_owned().expect("dup");
    SharedMemory::from_fd(fd).expect("mapping").words()[0].load(Ordering::Acquire)
}

#[test]
fn what_was_stored_is_fetched_with_its_note_and_its_descriptors_in_order() {
    let scratch = Scratch::new();
    host(&scratch.path("s"));
    let store = FdStore::new(scratch.path("s"), "lvsd");
    assert!(store.fetch().expect("fetched").is_empty());

    let (one, two) = (memory_with(1), memory_with(2));
    let note = r#"{"chunk":2048,"name":"é \"quoted\""}"#;
    store
        .store("umem-0", note, &[one.as_fd(), two.as_fd()], false)
        .expect("stored");
    store.store("tap-bond0", "{}", &[], true).expect("stored");

    for _ in 0..2 {
        let items = store.fetch().expect("fetched");
        let names: Vec<_> = items.iter().map(|i| (i.name.as_str(), i.durable)).collect();
        assert_eq!(names, [("tap-bond0", true), ("umem-0", false)]);
        assert_eq!(items[1].meta, note);
        let values: Vec<_> = items[1].fds.iter().map(|fd| value_in(fd.as_fd())).collect();
        assert_eq!(values, [1, 2]);
    }
}

#[test]
fn a_second_item_of_a_name_replaces_the_first_and_forget_removes_it() {
    let scratch = Scratch::new();
    let hosted = host(&scratch.path("s"));
    let store = FdStore::new(scratch.path("s"), "lvsd");
    store
        .store("a", "1", &[memory_with(1).as_fd()], false)
        .expect("stored");
    store
        .store("a", "2", &[memory_with(2).as_fd()], false)
        .expect("stored");
    let items = store.fetch().expect("fetched");
    assert_eq!((items.len(), items[0].meta.as_str()), (1, "2"));
    assert_eq!(value_in(items[0].fds[0].as_fd()), 2);

    store.forget("a").expect("forgotten");
    store.forget("never-there").expect("nothing to forget");
    assert!(store.fetch().expect("fetched").is_empty());
    assert_eq!(hosted.lock().expect("store").count("lvsd"), 0);
}

#[test]
fn forgetting_closes_the_descriptor() {
    let scratch = Scratch::new();
    host(&scratch.path("s"));
    let store = FdStore::new(scratch.path("s"), "lvsd");
    let (mut reader, writer) = std::io::pipe().expect("pipe");
    store
        .store("pipe", "{}", &[writer.as_fd()], true)
        .expect("stored");
    drop(writer);
    store.forget("pipe").expect("forgotten");
    // Only the end of the pipe's last writer lets this read return.
    assert_eq!(reader.read(&mut [0]).expect("read"), 0);
}

#[test]
fn a_cold_start_keeps_only_what_is_durable_and_touches_no_other_daemon() {
    let scratch = Scratch::new();
    let hosted = host(&scratch.path("s"));
    let lvsd = FdStore::new(scratch.path("s"), "lvsd");
    let bondd = FdStore::new(scratch.path("s"), "bondd");
    lvsd.store("umem", "{}", &[memory_with(1).as_fd()], false)
        .expect("stored");
    lvsd.store("xsk", "{}", &[memory_with(2).as_fd()], false)
        .expect("stored");
    lvsd.store("tap", "{}", &[memory_with(3).as_fd()], true)
        .expect("stored");
    bondd
        .store("egress", "{}", &[memory_with(4).as_fd()], false)
        .expect("stored");

    assert_eq!(hosted.lock().expect("store").drop_non_durable("lvsd"), 2);
    assert_eq!(hosted.lock().expect("store").drop_non_durable("unknown"), 0);
    let items = lvsd.fetch().expect("fetched");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].name.as_str(), value_in(items[0].fds[0].as_fd())),
        ("tap", 3)
    );
    assert_eq!(bondd.fetch().expect("fetched").len(), 1);
}

#[test]
fn a_full_store_refuses_a_new_name_and_still_replaces_an_old_one() {
    let scratch = Scratch::new();
    host(&scratch.path("s"));
    let store = FdStore::new(scratch.path("s"), "lvsd");
    for i in 0..MAX_ITEMS {
        store
            .store(&format!("item-{i}"), "{}", &[], false)
            .expect("stored");
    }
    let refused = store
        .store("one-more", "{}", &[], false)
        .expect_err("stored");
    assert!(refused.to_string().contains("full"), "{refused}");
    store.store("item-0", "new", &[], false).expect("replaced");
    assert_eq!(store.fetch().expect("fetched").len(), MAX_ITEMS);
}

#[test]
fn a_store_holds_so_many_descriptors_and_an_item_that_is_replaced_does_not_count() {
    let mut store = Store::new();
    let file: OwnedFd = memory_with(1).as_fd().try_clone_to_owned().expect("dup");
    let mut put = |name: String, count: usize| {
        let fds = (0..count).map(|_| file.try_clone().expect("dup")).collect();
        let (daemon, meta, durable) = ("lvsd".to_owned(), "{}".to_owned(), false);
        let request = Request::Store {
            daemon,
            name,
            meta,
            durable,
        };
        format!("{:?}", store.answer(request, fds))
    };
    let fine = put("item-0".to_owned(), 32);
    for i in 1..MAX_DESCRIPTORS / 32 {
        assert_eq!(put(format!("item-{i}"), 32), fine);
    }
    assert_ne!(put("one-more".to_owned(), 1), fine);
    assert_eq!(put("nothing".to_owned(), 0), fine);
    assert_eq!(put("item-0".to_owned(), 31), fine);
    assert_eq!(put("one-more".to_owned(), 1), fine);
}

#[test]
fn what_is_no_request_is_answered_with_an_error_and_stores_nothing() {
    let scratch = Scratch::new();
    let hosted = host(&scratch.path("s"));
    let peer = Packet::connect(scratch.path("s")).expect("connected");
    for record in [
        &b"not json"[..],
        br#"{"steal":{"daemon":"lvsd"}}"#,
        br#"{"store":{"daemon":"lvsd","name":"a"}}"#,
        br#"{"fetch":{"daemon":"lvsd","extra":1}}"#,
    ] {
        peer.send(record, &[]).expect("sent");
        let (answer, _) = peer.recv().expect("answered");
        assert!(answer.starts_with(br#"{"error":"no request"#), "{answer:?}");
    }
    assert_eq!(hosted.lock().expect("store").count("lvsd"), 0);
}

#[test]
fn without_a_supervisor_there_is_an_error_and_no_wait() {
    let scratch = Scratch::new();
    let store = FdStore::new(scratch.path("none"), "lvsd");
    assert_eq!(
        store.fetch().expect_err("fetched").kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_store_survives_the_kill_of_the_process_that_filled_it() {
    let scratch = Scratch::new();
    host(&scratch.path("s"));
    let mut daemon = start_helper(&scratch.path("s"));
    let mut line = [0; 7];
    daemon
        .stderr
        .as_mut()
        .expect("its output")
        .read_exact(&mut line)
        .expect("its word");
    assert_eq!(&line, b"stored\n");
    daemon.kill().expect("SIGKILL");
    daemon.wait().expect("dead");

    let items = FdStore::new(scratch.path("s"), "helper")
        .fetch()
        .expect("fetched");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].name.as_str(), items[0].meta.as_str()),
        ("memory", r#"{"words":8}"#)
    );
    assert_eq!(value_in(items[0].fds[0].as_fd()), 0xF0F0);
}

fn start_helper(socket: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "helper_that_stores_and_waits_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FD_STORE, socket)
        .env(DAEMON, "helper")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the helper")
}

#[test]
#[ignore = "run by a_store_survives_the_kill_of_the_process_that_filled_it"]
fn helper_that_stores_and_waits_to_be_killed() {
    let Some(store) = FdStore::from_env() else {
        return;
    };
    let memory = memory_with(0xF0F0);
    store
        .store("memory", r#"{"words":8}"#, &[memory.as_fd()], false)
        .expect("stored");
    eprintln!("stored");
    // Its parent holds the other end: this ends by SIGKILL, or with the parent.
    assert_eq!(std::io::stdin().read(&mut [0]).expect("read"), 0);
}
