//! One box in the picture.

use serde_json::Value;

use super::{Items, is, items, number, text};

/// What is known of one box.
#[derive(Debug)]
pub struct BoxFacts {
    /// 1 or 2.
    pub number: u8,
    /// When it is started again, where it has ended.
    pub ended: Option<String>,
    pub bonds: Items,
    pub lacp: Items,
    pub routers: Items,
    pub health: Items,
    pub services: Items,
    pub drops: Items,
    /// What supervisor and daemons have written.
    pub log: String,
    /// Its namespace.
    pub namespace: String,
    /// Where the daemons' sockets are.
    pub run_directory: String,
}

impl BoxFacts {
    pub(super) fn lines(&self) -> Vec<String> {
        let number = self.number;
        if let Some(ended) = &self.ended {
            return vec![format!("box {number}: {ended}")];
        }
        let roles = match &self.routers {
            Err(error) => error.clone(),
            Ok(routers) => roles(routers),
        };
        let mut lines = vec![
            format!("box {number}: {roles}"),
            format!("  reals: {}", self.health_text()),
        ];
        match &self.bonds {
            Err(error) => lines.push(format!("  {error}")),
            Ok(bonds) => lines.extend(bonds.iter().map(|bond| self.bond_line(bond))),
        }
        lines
    }

    fn health_text(&self) -> String {
        let checks = match &self.health {
            Err(error) => return error.clone(),
            Ok(checks) => checks,
        };
        let up = checks.iter().filter(|check| text(check, "verdict") == "up");
        let others = checks.iter().filter(|check| text(check, "verdict") != "up");
        let others: Vec<String> = others
            .map(|check| {
                let [real, verdict, last] = ["real", "verdict", "last"].map(|key| text(check, key));
                format!("; {real} {verdict}: {last}")
            })
            .collect();
        let all = checks.len();
        format!("{} of {all} checks up{}", up.count(), others.concat())
    }

    fn bond_line(&self, bond: &Value) -> String {
        let up = if is(bond, "carrier") { "up" } else { "down" };
        let members = items(bond, "members").iter();
        let members: Vec<String> = members.map(|member| self.member_text(member)).collect();
        format!("  {} {up}: {}", text(bond, "name"), members.join(", "))
    }

    fn member_text(&self, member: &Value) -> String {
        let name = text(member, "name");
        let ports = self.lacp.iter().flatten();
        let port = ports
            .flat_map(|bond| items(bond, "ports"))
            .find(|port| text(port, "member") == name)
            .unwrap_or(&Value::Null);
        let carries = if is(member, "usable") {
            format!("yes {}", number(member, "buckets"))
        } else {
            text(member, "why").to_owned()
        };
        let (actor, partner) = (state(&port["actor"]), state(&port["partner"]));
        format!("{name} {actor} {partner} {carries}")
    }

    pub(super) fn drop_line(&self) -> String {
        let drops = match &self.drops {
            Err(error) => return format!("drops of box {}: {error}", self.number),
            Ok(drops) => drops,
        };
        let of = |fate: &str| {
            let counted = drops
                .iter()
                .filter(|drop| text(drop, "fate") == fate && number(drop, "count") > 0);
            let words: Vec<String> = counted
                .map(|drop| format!("{} {}", text(drop, "reason"), number(drop, "count")))
                .collect();
            if words.is_empty() {
                "none".to_owned()
            } else {
                words.join(", ")
            }
        };
        let number = self.number;
        format!(
            "drops of box {number}: {}; to the host: {}",
            of("drop"),
            of("punt")
        )
    }
}

/// `Active inside-v4 inside-v6, Backup direct-v4 direct-v6`: a word for each state that one is in.
fn roles(routers: &[Value]) -> String {
    let words = [
        ("active", "Active"),
        ("backup", "Backup"),
        ("initialize", "Initialize"),
    ];
    let named = words.into_iter().filter_map(|(state, word)| {
        let routers = routers
            .iter()
            .filter(|router| text(router, "state") == state);
        let names: Vec<&str> = routers.map(|router| text(router, "name")).collect();
        (!names.is_empty()).then(|| format!("{word} {}", names.join(" ")))
    });
    named.collect::<Vec<_>>().join(", ")
}

/// Actor_State or Partner_State of IEEE 802.1AX, a letter for each bit that is set: Activity,
/// Timeout (short), aGgregation, Synchronization, Collecting, Distributing, deFaulted, Expired.
fn state(end: &Value) -> String {
    let bits = number(end, "state");
    let letters = "ATGSCDFE".chars().enumerate();
    letters
        .map(
            |(bit, letter)| {
                if bits >> bit & 1 == 1 { letter } else { '-' }
            },
        )
        .collect()
}
