//! The demo's picture: what the daemons say, in as many lines as the terminal has.

use serde_json::Value;

/// Lines and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub lines: usize,
    pub columns: usize,
}

impl Size {
    /// What every terminal has.
    pub const SMALL: Self = Self {
        lines: 24,
        columns: 80,
    };
    /// For a file: room for everything.
    pub const PAPER: Self = Self {
        lines: 72,
        columns: 200,
    };

    /// Reads what `stty size` prints: lines, then columns. A terminal that does not know its own
    /// size says 0.
    pub fn parse(text: &str) -> Option<Self> {
        let (lines, columns) = text.trim().split_once(' ')?;
        let size = Self {
            lines: lines.parse().ok()?,
            columns: columns.parse().ok()?,
        };
        (size.lines > 0 && size.columns > 0).then_some(size)
    }
}

/// Items of one `show`, or why there are none.
pub type Items = Result<Vec<Value>, String>;

/// What is known at one moment.
#[derive(Debug)]
pub struct Facts {
    /// What the client sees.
    pub client: String,
    /// Its first failed request's reason.
    pub failure: Option<String>,
    /// What the switch says of the bond.
    pub switch: String,
    pub bonds: Items,
    pub lacp: Items,
    pub services: Items,
    pub drops: Items,
    /// What supervisor and daemons have written.
    pub log: String,
    /// The namespace of the cables.
    pub cables: String,
    /// Where the daemons' sockets are.
    pub run_directory: String,
    /// The forwarder's process.
    pub lvsd: Option<i32>,
}

/// The fewest lines of the log that are shown, its title not counted.
const EVENTS: usize = 3;

impl Facts {
    /// The picture: at most `size` large, its last line without a line feed.
    ///
    /// Client, bond, drops and hints have their fixed lines; of the rest the busiest services take
    /// what they need, and the log's end what they leave.
    pub fn draw(&self, size: Size) -> String {
        let mut top =
            vec!["fourfold demo: client -> 8 services -> r1 r2 r3      Ctrl-C ends it".to_owned()];
        top.push(format!("client: {}", self.client));
        top.extend(
            self.failure
                .iter()
                .map(|reason| format!("first failure: {reason}")),
        );
        top.push(format!("switch: {}", self.switch));
        top.extend(self.bond_lines());
        let drops = self.drop_line();
        let hints = self.hints();

        let fixed = top.len() + 1 + 1 + hints.len(); // drops, and the title of the events
        let room = size.lines.saturating_sub(fixed);
        let services = self.service_lines(room.saturating_sub(EVENTS));
        let events: Vec<&str> = self.log.lines().collect();
        let shown = room.saturating_sub(services.len()).min(events.len());

        let mut lines = top;
        lines.extend(services);
        lines.push(drops);
        // For who asks more in another terminal.
        lines.push(format!(
            "-- events; for fourfold: --run-dir {}",
            self.run_directory
        ));
        let last = events.iter().skip(events.len() - shown);
        lines.extend(last.map(|event| format!("  {event}")));
        lines.extend(hints);
        lines.truncate(size.lines);
        let cut = |line: String| -> String {
            let printable = line.chars().map(|c| if c.is_control() { ' ' } else { c });
            printable.take(size.columns).collect()
        };
        lines.into_iter().map(cut).collect::<Vec<_>>().join("\n")
    }

    fn bond_lines(&self) -> Vec<String> {
        let bonds = match &self.bonds {
            Err(error) => return vec![error.clone()],
            Ok(bonds) => bonds,
        };
        let mut lines = Vec::new();
        for bond in bonds {
            let up = if is(bond, "carrier") { "up" } else { "down" };
            lines.push(format!(
                "{}: {} {up}, forwarder {}, egress table {}",
                text(bond, "name"),
                text(bond, "mode"),
                text(bond, "forwarder"),
                number(bond, "generation"),
            ));
            lines.push(format!(
                "  {:<8}{:<6}{:<25}{:<10}{:<10}Carries traffic",
                "Member", "Link", "LACP mux", "Actor", "Partner"
            ));
            let members = items(bond, "members").iter();
            lines.extend(members.map(|member| self.member_line(member)));
        }
        lines
    }

    fn member_line(&self, member: &Value) -> String {
        let name = text(member, "name");
        let ports = self.lacp.iter().flatten();
        let port = ports
            .flat_map(|bond| items(bond, "ports"))
            .find(|port| text(port, "member") == name)
            .unwrap_or(&Value::Null);
        let link = if is(member, "carrier") { "up" } else { "down" };
        let carries = if is(member, "usable") {
            format!("yes, {} buckets", number(member, "buckets"))
        } else {
            format!("no: {}", text(member, "why"))
        };
        format!(
            "  {name:<8}{link:<6}{:<25}{:<10}{:<10}{carries}",
            text(port, "mux"),
            state(&port["actor"]),
            state(&port["partner"]),
        )
    }

    /// The busiest services whose lines, all of them, fit into `room`, in the layout of
    /// `fourfold show service --rate`.
    fn service_lines(&self, room: usize) -> Vec<String> {
        let mut services: Vec<&Value> = match &self.services {
            Err(error) => return vec![error.clone()],
            Ok(services) => services.iter().collect(),
        };
        // By the power of two, so that equals keep their places from one picture to the next.
        services.sort_by_key(|service| {
            let rates = &service["rates"];
            let packets = number(rates, "in_pps") + number(rates, "out_pps");
            std::cmp::Reverse(packets.checked_ilog2())
        });
        let mut lines = vec![String::new(), rate_line("Service, real", &TITLES)];
        let mut shown = 0;
        for service in &services {
            let reals = items(service, "reals");
            if lines.len() + 1 + reals.len() > room {
                break;
            }
            let name = format!("{} {}", text(service, "name"), text(service, "address"));
            lines.push(rate_line(&name, &rates(service)));
            lines.extend(reals.iter().map(|real| {
                let name = format!("  -> {}", text(real, "address"));
                rate_line(&name, &rates(real))
            }));
            shown += 1;
        }
        let title = "-- fourfold show service --rate";
        lines[0] = match services.len() - shown {
            0 => title.to_owned(),
            others => format!("{title} (the busiest; {others} more)"),
        };
        lines
    }

    fn drop_line(&self) -> String {
        let drops = match &self.drops {
            Err(error) => return error.clone(),
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
        format!("drops: {}; to the host: {}", of("drop"), of("punt"))
    }

    fn hints(&self) -> [String; 2] {
        let Self { cables, lvsd, .. } = self;
        let kill = lvsd.map_or_else(
            || "(lvsd is being started again)".to_owned(),
            |pid| format!("kill -9 {pid}"),
        );
        [
            format!("-- kill the forwarder: {kill}; cut cable 1 (up heals it):"),
            format!("for end in s1 a1; do ip -n {cables} link set $end down; done"),
        ]
    }
}

const TITLES: [&str; 5] = ["CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"];

fn rates(item: &Value) -> [String; 5] {
    ["cps", "in_pps", "out_pps", "in_bps", "out_bps"]
        .map(|key| number(&item["rates"], key).to_string())
}

fn rate_line(name: &str, cells: &[impl AsRef<str>; 5]) -> String {
    let [a, b, c, d, e] = cells.each_ref().map(AsRef::as_ref);
    format!("{name:<38} {a:>5} {b:>7} {c:>7} {d:>9} {e:>9}")
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

fn text<'v>(item: &'v Value, key: &str) -> &'v str {
    item[key].as_str().unwrap_or("-")
}

fn number(item: &Value, key: &str) -> u64 {
    item[key].as_u64().unwrap_or_default()
}

fn is(item: &Value, key: &str) -> bool {
    item[key].as_bool().unwrap_or_default()
}

fn items<'v>(item: &'v Value, key: &str) -> &'v [Value] {
    item[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(name: &str, packets: u64) -> Value {
        let rates = json!({"cps": 49, "in_pps": packets, "out_pps": 0, "in_bps": 7, "out_bps": 0});
        let real = |n: u8| json!({"address": format!("10.80.2.{n}:80"), "rates": rates});
        json!({
            "name": name, "address": "10.80.1.100:80", "rates": rates,
            "reals": [real(11), real(12), real(13)],
        })
    }

    fn facts() -> Facts {
        let member = |name: &str, usable: bool| {
            json!({
                "name": name, "carrier": usable, "usable": usable, "buckets": 256,
                "why": if usable { Value::Null } else { "no_carrier".into() },
            })
        };
        let port = json!({
            "member": "eth1", "mux": "collecting_distributing",
            "actor": {"state": 63}, "partner": {"state": 61},
        });
        Facts {
            client: "r1 320/s".to_owned(),
            failure: None,
            switch: "LACP negotiated".to_owned(),
            bonds: Ok(vec![json!({
                "name": "bond0", "mode": "802.3ad", "carrier": true, "forwarder": "alive",
                "generation": 10, "members": [member("eth1", true), member("eth2", false)],
            })]),
            lacp: Ok(vec![json!({"bond": "bond0", "ports": [port]})]),
            services: Ok(vec![
                service("idle", 0),
                service("busy", 900),
                service("other", 10),
                service("busiest", 5000),
            ]),
            drops: Ok(vec![
                json!({"reason": "no_service", "fate": "drop", "count": 3}),
                json!({"reason": "vlan", "fate": "punt", "count": 0}),
            ]),
            log: (1..=50)
                .map(|n| format!("event {n} {}\n", "x".repeat(100)))
                .collect(),
            cables: "fourfold-lab-4194304-0-cable".to_owned(),
            run_directory: "/tmp/fourfold-lab-4194304-0/appliance/run".to_owned(),
            lvsd: Some(4_194_304),
        }
    }

    #[test]
    fn the_picture_fills_a_terminal_and_does_not_scroll() {
        for (lines, columns) in [(24, 80), (40, 120), (10, 40)] {
            let picture = facts().draw(Size { lines, columns });
            assert_eq!(picture.split('\n').count(), lines, "{picture}");
            assert!(picture.lines().all(|line| line.chars().count() <= columns));
        }
    }

    #[test]
    fn all_that_matters_is_seen_on_a_small_terminal() {
        let picture = facts().draw(Size::SMALL);
        for part in [
            "eth1    up    collecting_distributing  ATGSCD--  A-GSCD--  yes, 256 buckets",
            "eth2    down  -                        --------  --------  no: no_carrier",
            "busiest 10.80.1.100:80",
            "busy 10.80.1.100:80",
            "(the busiest; 2 more)",
            "drops: no_service 3; to the host: none",
            "--run-dir /tmp/fourfold-lab-4194304-0/appliance/run",
            "event 50 ",
            "event 48 ",
            "kill -9 4194304",
            "for end in s1 a1; do ip -n fourfold-lab-4194304-0-cable link set $end down; done",
        ] {
            assert!(picture.contains(part), "{part} is missing in\n{picture}");
        }
        assert!(!picture.contains("idle"), "{picture}");
    }

    #[test]
    fn a_daemon_that_does_not_answer_leaves_the_rest_of_the_picture() {
        let silent = Facts {
            services: Err("lvsd is not\nrunning".to_owned()),
            lvsd: None,
            ..facts()
        };
        let picture = silent.draw(Size::SMALL);
        assert!(picture.contains("lvsd is not running"), "{picture}");
        assert!(picture.contains("(lvsd is being started again)"));
        assert!(picture.contains("eth1    up"));
        assert_eq!(picture.split('\n').count(), 24);
    }

    #[test]
    fn a_size_is_what_stty_says_unless_it_does_not_know() {
        assert_eq!(Size::parse("24 80\n"), Some(Size::SMALL));
        for unknown in ["0 0\n", "", "24\n", "a b\n"] {
            assert_eq!(Size::parse(unknown), None, "{unknown:?}");
        }
    }
}
