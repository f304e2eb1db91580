//! A shell as daemon.

use std::path::PathBuf;

use super::*;

/// A shell that runs this script, and the way of its words.
fn run(script: &str, ready_within: Duration) -> (Running, mpsc::Sender<Said>) {
    let mut child = Spawn::new("/bin/bash")
        .args(["-c", script])
        .start()
        .expect("a shell");
    let output = child.output().expect("output");
    let readiness = child.readiness().expect("readiness");
    let (way, said) = mpsc::channel(16);
    let running = Running {
        output,
        readiness,
        ..Running::new(
            &service("/bin/bash", ready_within),
            Body::Child(child),
            said,
        )
    };
    (running, way)
}

fn service(program: &str, ready_within: Duration) -> Service {
    Service {
        name: "test",
        program: PathBuf::from(program),
        config: PathBuf::new(),
        socket: PathBuf::new(),
        ready_within,
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_daemon_is_ready_and_then_dies_with_its_last_line_known() {
    let (mut running, _way) = run(
        "echo >/proc/self/fd/$READY_FD; echo one; printf two >&2; exit 3",
        LONG,
    );
    let log = Log::default();
    let mut event = running.event(&log).await.expect("event");
    // Dead before the loop first looked: death has precedence.
    if event == Event::Ready {
        event = running.event(&log).await.expect("event");
    }
    let Event::Died(Death::Status(status)) = event else {
        panic!("alive after its exit: {event:?}")
    };
    assert_eq!(status.code(), Some(3));
    assert_eq!(running.last_line(), Some("two"));
    let events = log.events.borrow();
    let texts: Vec<_> = events.all().map(|event| event.text.as_str()).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn a_daemon_that_does_not_become_ready_is_late_once() {
    let close = "eval \"exec $READY_FD>&-\"; kill -STOP $$";
    for script in ["kill -STOP $$", close] {
        let (mut running, _way) = run(script, Duration::from_millis(100));
        let log = Log::default();
        let late = Event::Hung("not ready within 0 s".to_owned());
        assert_eq!(running.event(&log).await.expect("event"), late);
        running.signal(Signal::SIGKILL, &log);
        let event = running.event(&log).await.expect("event");
        assert!(matches!(event, Event::Died(Death::Status(_))), "{event:?}");
        assert_eq!(running.last_line(), None);
    }
}

#[tokio::test]
async fn a_daemon_that_closed_its_pipe_may_say_by_the_socket_that_it_is_ready() {
    let (mut running, way) = run("eval \"exec $READY_FD>&-\"; kill -STOP $$", LONG);
    let log = Log::default();
    for ready in [false, true, true] {
        way.send(Said::Beat { laps: 0, ready }).await.expect("said");
    }
    assert_eq!(running.event(&log).await.expect("event"), Event::Ready);
    running.signal(Signal::SIGKILL, &log);
    let event = running.event(&log).await.expect("event");
    assert!(matches!(event, Event::Died(_)), "ready twice: {event:?}");
}

#[tokio::test]
async fn status_75_is_no_death_and_neither_is_what_was_said_before() {
    for (script, said) in [("exit 75", None), ("exit 0", Some(Said::Anew))] {
        let (mut running, way) = run(script, LONG);
        if let Some(said) = said {
            way.send(said).await.expect("said");
        }
        let event = running.event(&Log::default()).await.expect("event");
        assert_eq!(event, Event::Died(Death::Anew), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_whose_main_loop_stands_still_hangs_and_one_that_turns_does_not() {
    let (mut running, way) = run("kill -STOP $$", LONG);
    let log = Log::default();
    let mut turning = 0;
    // Paused time goes on by itself where nothing else is to be done.
    let beats = async {
        for lap in 1..=40 {
            turning = lap;
            let beat = Said::Beat {
                laps: lap,
                ready: true,
            };
            way.send(beat).await.expect("said");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        std::future::pending::<()>().await;
    };
    let event = async {
        assert_eq!(running.event(&log).await.expect("event"), Event::Ready);
        running.event(&log).await.expect("event")
    };
    let event = tokio::select! {
        event = event => event,
        () = beats => panic!("for ever"),
    };
    let hung = "its main loop stood still for 10 s";
    assert_eq!((event, turning), (Event::Hung(hung.to_owned()), 40));
    running.signal(Signal::SIGKILL, &log);
}

#[tokio::test]
async fn a_program_that_is_not_there_does_not_start() {
    let (_, said) = mpsc::channel(1);
    let service = service("/nowhere/test", LONG);
    let refused = Running::start(&service, Path::new("/nowhere"), said).expect_err("started");
    assert!(refused.to_string().contains("/nowhere/test"), "{refused}");
}
