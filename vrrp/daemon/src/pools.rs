//! healthd's word on services. The last word holds when healthd goes.

use std::collections::BTreeMap;

use control::ipc::{Call, PoolVerdict, Request};
use tokio::sync::mpsc;

use crate::inbox::Seen;

/// What is known of each service.
#[derive(Debug, Default)]
pub struct Pools {
    alive: BTreeMap<String, bool>,
}

impl Pools {
    /// Takes the verdicts; those that are news come back.
    pub fn take(&mut self, verdicts: Vec<PoolVerdict>) -> Vec<PoolVerdict> {
        let is_news = |verdict: &PoolVerdict| {
            let last = self.alive.insert(verdict.service.clone(), verdict.alive);
            last != Some(verdict.alive)
        };
        verdicts.into_iter().filter(is_news).collect()
    }

    /// Everything that is known, for a virtual router that has just come.
    pub fn all(&self) -> impl Iterator<Item = PoolVerdict> {
        self.alive.iter().map(|(service, alive)| PoolVerdict {
            service: service.clone(),
            alive: *alive,
        })
    }
}

/// Hands on what comes by healthd's connection, its first record first, until it ends.
pub async fn follow(call: Call, first: Vec<PoolVerdict>, sender: mpsc::Sender<Seen>) {
    let (connection, _) = call.take_over();
    let mut verdicts = first;
    loop {
        if sender.send(Seen::Pools(verdicts)).await.is_err() {
            return;
        }
        let Ok((record, _)) = connection.recv().await else {
            return;
        };
        match serde_json::from_slice(&record) {
            Ok(Request::Pools(next)) => verdicts = next,
            Ok(_) => return eprintln!("healthd: a record that is no word on services"),
            Err(error) => return eprintln!("healthd: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(service: &str, alive: bool) -> PoolVerdict {
        PoolVerdict {
            service: service.to_owned(),
            alive,
        }
    }

    #[test]
    fn only_what_changed_is_news_and_the_last_word_is_kept() {
        let mut pools = Pools::default();
        let all = vec![verdict("web", false), verdict("dns", true)];
        assert_eq!(pools.take(all.clone()), all);
        assert_eq!(pools.take(all), []);
        let back = vec![verdict("web", true), verdict("dns", true)];
        assert_eq!(pools.take(back), [verdict("web", true)]);
        let known: Vec<_> = pools.all().collect();
        assert_eq!(known, [verdict("dns", true), verdict("web", true)]);
    }
}
