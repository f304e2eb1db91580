//! Another configuration while healthd runs.

use std::os::fd::AsFd as _;

use sys::packet::AsyncPacket;

use crate::appliance::{Healthd, in_time};

const CONFIG: &str = r#"
[bond.bond0]
mode = 4
members = ["eth1"]
[service.web]
protocol = "tcp"
address = "198.51.100.1:80"
method = "nat"
scheduler = "rr"
[service.web.real."192.0.2.11:80"]
[service.web.check]
type = "udp"
"#;

/// A transaction with healthd.
struct Transaction(AsyncPacket);

impl Transaction {
    /// The vote on this configuration.
    async fn prepare(healthd: &Healthd, config: &str) -> (Self, String) {
        let packet = healthd.call().expect("healthd listens");
        let text = sys::sealed::seal("configuration", config.as_bytes()).expect("a memfd");
        let record = br#"{"transaction":{"prepare":7}}"#;
        packet.send(record, &[text.as_fd()]).await.expect("sent");
        let transaction = Self(packet);
        let vote = transaction.hear().await;
        (transaction, vote)
    }

    async fn hear(&self) -> String {
        let (record, _) = in_time(self.0.recv()).await.expect("an answer");
        String::from_utf8(record).expect("text")
    }

    async fn say(&self, word: &str) -> String {
        let record = format!(r#"{{"transaction":{{"{word}":7}}}}"#);
        self.0.send(record.as_bytes(), &[]).await.expect("sent");
        self.hear().await
    }
}

fn prepared(effect: &str) -> String {
    format!(r#"{{"transaction":{{"prepared":{{"id":7,"effect":"{effect}"}}}}}}"#)
}

#[tokio::test]
async fn a_committed_configuration_is_checked_at_once() {
    let healthd = Healthd::start(Vec::new()).await;
    let (transaction, vote) = Transaction::prepare(&healthd, CONFIG).await;
    assert_eq!(vote, prepared("live"));
    assert!(healthd.show().await.is_empty(), "not before the commit");
    let committed = r#"{"transaction":{"committed":7}}"#;
    assert_eq!(transaction.say("commit").await, committed);
    let shown = healthd.show().await;
    assert_eq!((&*shown[0].service, &*shown[0].check), ("web", "udp"));
    // Now it runs: the same again has no effect.
    let (_, vote) = Transaction::prepare(&healthd, CONFIG).await;
    assert_eq!(vote, prepared("none"));
}

#[tokio::test]
async fn an_aborted_configuration_is_never_checked() {
    let healthd = Healthd::start(Vec::new()).await;
    let (transaction, vote) = Transaction::prepare(&healthd, CONFIG).await;
    assert_eq!(vote, prepared("live"));
    let aborted = r#"{"transaction":{"aborted":7}}"#;
    assert_eq!(transaction.say("abort").await, aborted);
    assert!(healthd.show().await.is_empty());
}

#[tokio::test]
async fn a_change_of_something_else_is_no_effect_for_the_checks() {
    let healthd = Healthd::start(Vec::new()).await;
    let (transaction, _) = Transaction::prepare(&healthd, CONFIG).await;
    transaction.say("commit").await;
    let other = CONFIG.replace("scheduler = \"rr\"", "scheduler = \"maglev\"");
    assert_ne!(other, CONFIG);
    let (_, vote) = Transaction::prepare(&healthd, &other).await;
    assert_eq!(vote, prepared("none"));
}
