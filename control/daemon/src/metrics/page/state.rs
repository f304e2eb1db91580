//! Daemons, virtual routers, checks, and what was dropped.

use control::show::{DropItem, Family, Fate, HealthItem, Verdict, VrrpItem, VrrpState};

use crate::metrics::ask::Answers;
use crate::metrics::family::{Kind, Page};

/// The supervisor's words for a daemon's state.
const DAEMON: [&str; 7] = [
    "waiting",
    "starting",
    "ready",
    "back_off",
    "maintenance",
    "stopping",
    "stopped",
];
const ROUTER: [&str; 3] = ["initialize", "backup", "active"];
const VERDICT: [&str; 3] = ["unknown", "up", "down"];

pub fn daemons(page: &mut Page, answers: &Answers) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_daemon_up",
        "Whether the daemon answered when it was asked for these metrics.",
    );
    for (daemon, up) in &answers.up {
        family.add(&[("daemon", daemon)], u64::from(*up));
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_daemon_state",
        "The daemon's state, as the supervisor sees it.",
    );
    for daemon in &answers.daemons {
        family.add_word(&[("daemon", &daemon.name)], "state", &DAEMON, &daemon.state);
    }
    let mut family = page.family(
        Kind::Counter,
        "fourfold_daemon_restarts_total",
        "How often the supervisor started the daemon again.",
    );
    for daemon in &answers.daemons {
        family.add(&[("daemon", &daemon.name)], daemon.restarts);
    }
}

pub fn routers(page: &mut Page, routers: &[VrrpItem]) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_vrrp_state",
        "The virtual router's state.",
    );
    for (router, vrid) in each(routers) {
        let state = match router.state {
            VrrpState::Initialize => "initialize",
            VrrpState::Backup => "backup",
            VrrpState::Active => "active",
        };
        family.add_word(&labels(router, &vrid), "state", &ROUTER, state);
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_vrrp_priority",
        "The priority that counts now.",
    );
    for (router, vrid) in each(routers) {
        let priority = u64::from(router.effective_priority);
        family.add(&labels(router, &vrid), priority);
    }
    let mut family = page.family(
        Kind::Counter,
        "fourfold_vrrp_became_active_total",
        "Transitions to Active.",
    );
    for (router, vrid) in each(routers) {
        family.add(&labels(router, &vrid), router.counters.became_active);
    }
    adverts(page, routers);
}

fn adverts(page: &mut Page, routers: &[VrrpItem]) {
    let mut family = page.family(
        Kind::Counter,
        "fourfold_vrrp_adverts_total",
        "Adverts sent and taken, those of priority 0 among them.",
    );
    for (router, vrid) in each(routers) {
        let counters = &router.counters;
        for (direction, count) in [
            ("sent", counters.adverts_sent),
            ("received", counters.adverts_received),
        ] {
            let mut labels = labels(router, &vrid).to_vec();
            labels.push(("direction", direction));
            family.add(&labels, count);
        }
    }
}

/// A router, and its VRID as a label's value.
fn each(routers: &[VrrpItem]) -> impl Iterator<Item = (&VrrpItem, String)> {
    routers
        .iter()
        .map(|router| (router, router.virtual_router_id.to_string()))
}

fn labels<'l>(router: &'l VrrpItem, vrid: &'l str) -> [(&'static str, &'l str); 4] {
    let family = match router.family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    };
    [
        ("router", &router.name),
        ("interface", &router.interface),
        ("vrid", vrid),
        ("family", family),
    ]
}

pub fn checks(page: &mut Page, checks: &[HealthItem]) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_check_verdict",
        "What the check finds of the real.",
    );
    for check in checks {
        let verdict = match check.verdict {
            Verdict::Unknown => "unknown",
            Verdict::Up => "up",
            Verdict::Down => "down",
        };
        let real = check.real.to_string();
        family.add_word(&of(check, &real), "verdict", &VERDICT, verdict);
    }
    let mut family = page.family(
        Kind::Counter,
        "fourfold_check_probes_total",
        "Probes by their outcome.",
    );
    for check in checks {
        let real = check.real.to_string();
        for (outcome, count) in [("success", check.successes), ("failure", check.failures)] {
            let mut labels = of(check, &real).to_vec();
            labels.push(("outcome", outcome));
            family.add(&labels, count);
        }
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_check_duration_seconds",
        "How long the last probe took.",
    );
    for check in checks {
        let real = check.real.to_string();
        family.add_seconds(&of(check, &real), check.last_took_ns);
    }
}

fn of<'l>(check: &'l HealthItem, real: &'l str) -> [(&'static str, &'l str); 3] {
    [
        ("service", &check.service),
        ("real", real),
        ("check", &check.check),
    ]
}

pub fn drops(page: &mut Page, drops: &[DropItem]) {
    let families = [
        (
            Fate::Drop,
            "fourfold_drops_total",
            "Frames dropped, by who decided and why.",
        ),
        (
            Fate::Punt,
            "fourfold_punts_total",
            "Frames handed to the kernel, by who decided and why.",
        ),
    ];
    for (fate, name, help) in families {
        let mut family = page.family(Kind::Counter, name, help);
        for drop in drops.iter().filter(|drop| drop.fate == fate) {
            let labels = [("layer", &*drop.layer), ("reason", &drop.reason)];
            family.add(&labels, drop.count);
        }
    }
}
