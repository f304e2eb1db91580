//! How long a session takes with ten thousand reals:
//! `cargo test --release -p control --test large -- --ignored --nocapture`.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::time::{Duration, Instant};

use control::candidate::Candidate;
use control::config;
use control::grammar::{Names, Node, Purpose, complete};

const COMMANDS: &[Node] = &[Node::place("set", "Set a key", Purpose::Set)];

/// Slow enough for a machine that has other work, quick enough for who types.
const BOUND: Duration = Duration::from_millis(100);

struct Session(Candidate);

impl Names for Session {
    fn at(&self, path: &[&str]) -> Vec<String> {
        self.0.names_at(path)
    }

    fn interfaces(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A hundred services of a hundred reals.
fn large() -> String {
    let mut text = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n".to_owned();
    for service in 0..100 {
        text += &format!(
            "[service.s{service}]\nprotocol = \"tcp\"\naddress = \"10.1.0.{}:80\"\n\
             method = \"nat\"\nscheduler = \"rr\"\ncheck.type = \"http\"\n",
            service + 1
        );
        for real in 0..100 {
            text += &format!(
                "real.\"10.2.{service}.{}:80\" = {{ weight = 2 }}\n",
                real + 1
            );
        }
    }
    text
}

/// The same reals in one service.
fn wide() -> String {
    let mut text = "[service.s0]\nprotocol = \"tcp\"\naddress = \"10.1.0.1:80\"\n\
         method = \"nat\"\nscheduler = \"rr\"\n"
        .to_owned();
    for real in 0..10_000 {
        let (high, low) = (real / 250, real % 250 + 1);
        text += &format!("real.\"10.2.{high}.{low}:80\" = {{ weight = 2 }}\n");
    }
    text
}

/// The least of five.
fn took<T>(what: &str, mut does: impl FnMut() -> T) -> Duration {
    let spans = (0..5).map(|_| {
        let begin = Instant::now();
        drop(does());
        begin.elapsed()
    });
    let least = spans.min().expect("five");
    println!("{what:<40} {:>10.3} ms", least.as_secs_f64() * 1e3);
    least
}

#[test]
#[ignore = "a measurement, of a release build"]
fn ten_thousand_reals_do_not_keep_an_operator_waiting() {
    for (name, text) in [("100 x 100", large()), ("1 x 10000", wide())] {
        println!("{name}: {} KiB", text.len() / 1024);
        let mut candidate = Candidate::parse("x", &text).expect("legal");
        let lines = candidate.lines();
        let mut spans = vec![
            took("set, an existing real", || {
                let words = ["service", "s0", "real", "10.2.0.77:80", "weight", "3"];
                candidate.set(&words).expect("legal");
            }),
            took("set and delete, a new real", || {
                let words = ["service", "s0", "real", "10.3.0.1:80"];
                candidate.set(&words).expect("legal");
                candidate.delete(&words).expect("there");
            }),
        ];
        let old = Candidate::parse("x", &text).expect("legal");
        spans.push(took("changes_from", || candidate.changes_from(&old)));
        spans.push(took("lines", || candidate.lines()));
        spans.push(took("lines_below a service", || {
            candidate.lines_below(&["service", "s0"])
        }));
        took("faults", || candidate.faults());
        took("to_toml", || candidate.to_toml());
        took("Candidate::parse", || Candidate::parse("x", &text));
        took("config::parse", || config::parse("x", &text));
        took("toml::de::DeTable::parse", || {
            toml::de::DeTable::parse(&text)
        });
        let session = Session(candidate);
        spans.push(took("complete, the names of all reals", || {
            complete(COMMANDS, &["set", "service", "s0", "real"], "", &session)
        }));
        spans.push(took("complete, the keys of a real", || {
            let words = ["set", "service", "s0", "real", "10.2.0.77:80"];
            complete(COMMANDS, &words, "we", &session)
        }));
        took("set, all lines into an empty candidate", || {
            let mut pasted = Candidate::default();
            for line in &lines {
                let words: Vec<&str> = line.split(' ').skip(1).collect();
                pasted.set(&words).expect("a line that was printed");
            }
        });
        assert!(spans.iter().all(|span| *span < BOUND));
    }
}
