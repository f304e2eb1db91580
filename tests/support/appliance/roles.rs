//! What an appliance says of its virtual routers and its reals.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Appliance;
use crate::plan::Router;
use crate::wait;

impl Appliance {
    /// The state of each virtual router by its name: `initialize`, `backup` or `active`.
    pub fn roles(&self) -> Result<BTreeMap<String, String>> {
        let shown = self.show("vrrp")?;
        let items = shown["vrrp"].as_array().context("no virtual routers")?;
        let role = |item: &serde_json::Value| {
            let word = |key: &str| item[key].as_str().map(str::to_owned);
            word("name").zip(word("state"))
        };
        let roles: Option<_> = items.iter().map(role).collect();
        roles.with_context(|| format!("virtual routers without a state: {shown}"))
    }

    /// Waits until it is Active for exactly those virtual routers of which `active` says so, and
    /// Backup for the others.
    pub fn wait_for_roles(&self, active: impl Fn(Router) -> bool, bound: Duration) -> Result<()> {
        let state = |router| if active(router) { "active" } else { "backup" };
        let wanted: BTreeMap<String, String> = Router::all()
            .into_iter()
            .map(|router| (router.name().to_owned(), state(router).to_owned()))
            .collect();
        wait::until_ok(bound, || {
            let roles = self.roles()?;
            ensure!(roles == wanted, "{roles:?}");
            Ok(())
        })
        .with_context(|| format!("waiting for {wanted:?}"))
    }

    /// The reals of every service with what their checks found: `unknown`, `up` or `down`.
    pub fn verdicts(&self) -> Result<Vec<(String, String)>> {
        let shown = self.show("health")?;
        let items = shown["health"].as_array().context("no checks")?;
        let verdict = |item: &serde_json::Value| {
            let word = |key: &str| item[key].as_str().map(str::to_owned);
            word("real").zip(word("verdict"))
        };
        let verdicts: Option<_> = items.iter().map(verdict).collect();
        verdicts.with_context(|| format!("checks without a verdict: {shown}"))
    }

    /// Waits until every check has found its real up.
    pub fn wait_for_health(&self, bound: Duration) -> Result<()> {
        wait::until_ok(bound, || {
            let verdicts = self.verdicts()?;
            let all = verdicts.iter().all(|(_, verdict)| verdict == "up");
            ensure!(all && !verdicts.is_empty(), "{verdicts:?}");
            Ok(())
        })
    }
}
