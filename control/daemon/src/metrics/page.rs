//! The daemons' answers as Prometheus' text.

mod link;
mod service;
mod state;

use super::ask::Answers;
use super::family::Page;

/// The whole text: what is known of each thing, in one order.
pub fn text(answers: &Answers) -> String {
    let mut page = Page::default();
    state::daemons(&mut page, answers);
    link::members(&mut page, &answers.bonds);
    link::lacp(&mut page, &answers.lacp);
    state::routers(&mut page, &answers.routers);
    service::services(&mut page, &answers.services);
    service::reals(&mut page, &answers.services);
    state::checks(&mut page, &answers.health);
    state::drops(&mut page, &answers.drops);
    page.into_text()
}

#[cfg(test)]
mod tests {
    use control::show::{
        BondItem, Counters, DaemonItem, DropItem, Fate, HealthItem, LacpItem, RealItem,
        ServiceItem, Verdict, VrrpItem,
    };
    use serde_json::json;

    use super::*;

    fn service() -> ServiceItem {
        let counters = Counters {
            connections: 3,
            in_packets: 10,
            out_packets: 9,
            in_bytes: 1000,
            out_bytes: 900,
        };
        let real = |address: &str, weight| RealItem {
            address: address.parse().expect("legal"),
            weight,
            up: weight > 0,
            active: 2,
            inactive: 1,
            counters,
            rates: control::show::Rates::default(),
        };
        ServiceItem {
            name: "web".into(),
            protocol: "tcp".into(),
            address: "10.80.1.100:80".parse().expect("legal"),
            method: "nat".into(),
            scheduler: "rr".into(),
            flags: Vec::new(),
            counters,
            rates: control::show::Rates::default(),
            reals: vec![real("10.80.2.11:80", 1), real("[2001:db8::12]:80", 0)],
        }
    }

    fn check() -> HealthItem {
        serde_json::from_value(json!({
            "service": "web", "real": "[2001:db8::12]:80", "check": "http",
            "verdict": Verdict::Down, "since_ns": 1, "last": "timeout",
            "last_took_ns": 3_000_000_000_u64, "successes": 7, "failures": 4, "turning": 0,
        }))
        .expect("a check")
    }

    fn bond() -> BondItem {
        serde_json::from_value(json!({
            "name": "bond0", "mode": "802.3ad", "mac": "02:00:00:00:00:01", "carrier": true,
            "xmit_hash_policy": "layer2", "mapping": "resilient", "active": null,
            "forwarder": "alive", "generation": 3, "members": [{
                "name": "eth1", "ifindex": 4, "mac": "02:00:00:00:00:01", "carrier": true,
                "speed": 1000, "duplex": "full", "usable": false, "why": "no_pdu",
                "buckets": 256, "failures": 2, "penalty": 0, "reuse_in_ms": null,
            }],
        }))
        .expect("a bond")
    }

    fn answers() -> Answers {
        let daemon = DaemonItem {
            name: "lvsd".into(),
            state: "ready".into(),
            restarts: 2,
            ..DaemonItem::default()
        };
        let drop = DropItem {
            reason: "not_active".into(),
            layer: "lvsd".into(),
            fate: Fate::Drop,
            count: 12,
        };
        Answers {
            up: vec![("lvsd", true), ("vrrpd", false)],
            bonds: vec![bond()],
            daemons: vec![daemon],
            drops: vec![drop],
            health: vec![check()],
            services: vec![service()],
            ..Answers::default()
        }
    }

    /// `UPDATE=1 cargo test -p ctld` writes it anew.
    #[test]
    fn the_page_is_as_written() {
        let found = text(&answers());
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metrics.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(golden, &found).expect("a writable folder");
        }
        let written = std::fs::read_to_string(golden).expect("the golden page");
        assert_eq!(found, written);
    }

    #[test]
    fn a_router_says_in_which_of_its_states_it_is_and_what_it_did() {
        let routers = vec![router()];
        let text = text(&Answers {
            routers,
            ..Answers::default()
        });
        let labels = r#"router="inside",interface="bond0",vrid="51",family="ipv4""#;
        for line in [
            format!("fourfold_vrrp_became_active_total{{{labels}}} 2\n"),
            format!("fourfold_vrrp_priority{{{labels}}} 150\n"),
            format!("fourfold_vrrp_adverts_total{{{labels},direction=\"sent\"}} 40\n"),
            format!("fourfold_vrrp_adverts_total{{{labels},direction=\"received\"}} 7\n"),
        ] {
            assert!(text.contains(&line), "{line} in\n{text}");
        }
        for (state, value) in [("initialize", 0), ("backup", 0), ("active", 1)] {
            let line = format!("fourfold_vrrp_state{{{labels},state=\"{state}\"}} {value}\n");
            assert!(text.contains(&line), "{line} in\n{text}");
        }
    }

    fn router() -> VrrpItem {
        serde_json::from_value(json!({
            "name": "inside", "interface": "bond0", "virtual_router_id": 51, "family": "ipv4",
            "virtual_mac": "00:00:5e:00:01:33", "virtual_ipaddress": ["10.80.2.1"],
            "state": "active", "priority": 200, "effective_priority": 150, "preempt": false,
            "advert_int": 10, "since_ns": 1, "active": null, "active_adver_interval": 10,
            "skew_time_ns": 1, "active_down_interval_ns": 1, "forwarder": "alive",
            "dead_services": [], "counters": {
                "became_active": 2, "adverts_sent": 40, "priority_zero_sent": 0,
                "announcements_sent": 4, "adverts_received": 7, "priority_zero_received": 0,
                "checksum_pseudo_header": 7, "checksum_message_only": 0, "lower_priority": 0,
                "interval_differs": 0, "addresses_differ": 0, "own_frames": 0, "late": 0,
                "lost": 0,
            },
        }))
        .expect("a router")
    }

    #[test]
    fn lacp_says_in_which_states_its_machines_are() {
        let info = json!({"system_priority": 1, "system": "02:00:00:00:00:01", "key": 1,
                          "port_priority": 1, "port": 1, "state": 61});
        let lacp: LacpItem = serde_json::from_value(json!({
            "bond": "bond0", "system": "02:00:00:00:00:01", "system_priority": 1,
            "rate": "fast", "is_active": true, "is_coupled": true, "ad_select": "stable",
            "max_bundle": 0, "fallback": "individual", "aggregator": 1, "ports": [{
                "member": "eth1", "actor": info, "partner": info, "receive": "current",
                "periodic": "fast_periodic", "selected": "selected", "mux": "attached",
                "actor_churn": "no_churn", "partner_churn": "no_churn", "lag_id": null,
                "is_fallback": false, "aggregator": 1, "why": null, "counters": control::show::PortCounters::default(),
            }],
        }))
        .expect("a bond's LACP");
        let text = text(&Answers {
            lacp: vec![lacp],
            ..Answers::default()
        });
        for line in [
            r#"fourfold_member_lacp_mux{bond="bond0",member="eth1",state="attached"} 1"#,
            r#"fourfold_member_lacp_mux{bond="bond0",member="eth1",state="detached"} 0"#,
            r#"fourfold_member_lacp_receive{bond="bond0",member="eth1",state="current"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
