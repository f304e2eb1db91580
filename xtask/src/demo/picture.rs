//! The demo's picture: what the daemons say, in as many lines as the terminal has.

use serde_json::Value;

mod one;

pub use one::BoxFacts;

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
    /// What the switch says of the bonds.
    pub switch: String,
    /// What each box says.
    pub boxes: Vec<BoxFacts>,
    /// The namespace of the cables.
    pub cables: String,
}

/// The fewest lines of the logs that are shown, their title not counted.
const EVENTS: usize = 3;

impl Facts {
    /// The picture: at most `size` large, its last line without a line feed.
    ///
    /// Client, switch, boxes, drops and hints have their fixed lines; of the rest the busiest services
    /// take what they need, and the logs' ends what they leave.
    pub fn draw(&self, size: Size) -> String {
        let mut lines =
            vec!["fourfold demo: client -> 8 services -> r1 r2 r3      Ctrl-C ends it".to_owned()];
        lines.push(format!("client: {}", self.client));
        let failure = self.failure.iter();
        lines.extend(failure.map(|reason| format!("first failure: {reason}")));
        lines.push(format!("switch: {}", self.switch));
        lines.extend(self.boxes.iter().flat_map(BoxFacts::lines));
        let drops: Vec<String> = self.boxes.iter().map(BoxFacts::drop_line).collect();
        let hints = self.hints();

        let fixed = lines.len() + drops.len() + 1 + hints.len(); // and the title of the events
        let room = size.lines.saturating_sub(fixed);
        let services = self.service_lines(room.saturating_sub(EVENTS));
        let events = self.events(room.saturating_sub(services.len()));

        lines.extend(services);
        lines.extend(drops);
        // For who asks more in another terminal.
        let run = self.boxes.first().map_or("", |one| &one.run_directory);
        lines.push(format!("-- events; for fourfold: --run-dir {run}"));
        lines.extend(events);
        lines.extend(hints);
        lines.truncate(size.lines);
        let cut = |line: String| -> String {
            let printable = line.chars().map(|c| if c.is_control() { ' ' } else { c });
            printable.take(size.columns).collect()
        };
        lines.into_iter().map(cut).collect::<Vec<_>>().join("\n")
    }

    /// The ends of the boxes' logs, as long as each other, in `room` lines.
    fn events(&self, room: usize) -> Vec<String> {
        let mut left = room;
        let mut lines = Vec::new();
        for (others, one) in (0..self.boxes.len()).rev().zip(&self.boxes) {
            let events: Vec<&str> = one.log.lines().collect();
            let shown = (left / (others + 1)).min(events.len());
            let last = events.iter().skip(events.len() - shown);
            lines.extend(last.map(|event| format!("  {} {event}", one.number)));
            left -= shown;
        }
        lines
    }

    /// The busiest services whose lines, all of them, fit into `room`, in the layout of
    /// `fourfold show service --rate`.
    fn service_lines(&self, room: usize) -> Vec<String> {
        let mut services: Vec<(u8, &Value)> = Vec::new();
        for one in &self.boxes {
            let items = one.services.iter().flatten();
            services.extend(items.map(|service| (one.number, service)));
        }
        // By the power of two, so that equals keep their places from one picture to the next.
        services.sort_by_key(|(_, service)| {
            let rates = &service["rates"];
            let packets = number(rates, "in_pps") + number(rates, "out_pps");
            std::cmp::Reverse(packets.checked_ilog2())
        });
        let mut lines = vec![String::new(), rate_line("Box, service, real", &TITLES)];
        let mut shown = 0;
        for (number, service) in &services {
            let reals = items(service, "reals");
            if lines.len() + 1 + reals.len() > room {
                break;
            }
            let name = format!(
                "{number} {} {}",
                text(service, "name"),
                text(service, "address")
            );
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

    fn hints(&self) -> [String; 2] {
        let namespace = self.boxes.first().map_or("", |one| &one.namespace);
        let cables = &self.cables;
        [
            format!("-- kill box 1: kill -9 $(ip netns pids {namespace}); cut cable:"),
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

    fn box_facts(number: u8) -> BoxFacts {
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
        let router = |name: &str, home| json!({"name": name, "state": if home == number { "active" } else { "backup" }});
        let check = |real: &str, verdict: &str, last: &str| json!({"real": real, "verdict": verdict, "last": last});
        BoxFacts {
            number,
            ended: None,
            bonds: Ok(vec![json!({
                "name": "bond0", "mode": "802.3ad", "carrier": true, "forwarder": "alive",
                "generation": 10, "members": [member("eth1", true), member("eth2", false)],
            })]),
            lacp: Ok(vec![json!({"bond": "bond0", "ports": [port]})]),
            routers: Ok(vec![
                router("inside-v4", 1),
                router("inside-v6", 1),
                router("direct-v4", 2),
                router("direct-v6", 2),
            ]),
            health: Ok(vec![
                check("10.80.2.11:80", "up", "ok"),
                check("10.80.2.12:80", "down", "refused"),
            ]),
            services: Ok(match number {
                1 => vec![service("idle", 0), service("busy", 900)],
                _ => vec![service("other", 10), service("busiest", 5000)],
            }),
            drops: Ok(vec![
                json!({"reason": "no_service", "fate": "drop", "count": 3}),
                json!({"reason": "vlan", "fate": "punt", "count": 0}),
            ]),
            log: (1..=50)
                .map(|n| format!("event {n} {}\n", "x".repeat(100)))
                .collect(),
            namespace: format!("fourfold-lab-4194304-0-box{number}"),
            run_directory: format!("/tmp/fourfold-lab-4194304-0/box{number}/run"),
        }
    }

    fn facts() -> Facts {
        Facts {
            client: "r1 320/s".to_owned(),
            failure: None,
            switch: "LACP negotiated".to_owned(),
            boxes: vec![box_facts(1), box_facts(2)],
            cables: "fourfold-lab-4194304-0-cable".to_owned(),
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
            "box 1: Active inside-v4 inside-v6, Backup direct-v4 direct-v6",
            "box 2: Active direct-v4 direct-v6, Backup inside-v4 inside-v6",
            "  reals: 1 of 2 checks up; 10.80.2.12:80 down: refused",
            "  bond0 up: eth1 ATGSCD-- A-GSCD-- yes 256, eth2 -------- -------- no_carrier",
            "2 busiest 10.80.1.100:80",
            "(the busiest; 3 more)",
            "drops of box 1: no_service 3; to the host: none",
            "drops of box 2: no_service 3; to the host: none",
            "--run-dir /tmp/fourfold-lab-4194304-0/box1/run",
            "  1 event 50 ",
            "  2 event 50 ",
            "kill -9 $(ip netns pids fourfold-lab-4194304-0-box1)",
            "for end in s1 a1; do ip -n fourfold-lab-4194304-0-cable link set $end down; done",
        ] {
            assert!(picture.contains(part), "{part} is missing in\n{picture}");
        }
        assert!(!picture.contains("idle"), "{picture}");
    }

    #[test]
    fn a_daemon_that_does_not_answer_or_a_box_that_ended_leaves_the_rest_of_the_picture() {
        let mut some = facts();
        some.boxes[0].routers = Err("vrrpd is not\nrunning".to_owned());
        some.boxes[1].ended = Some("ended; starts again in 3 s".to_owned());
        let picture = some.draw(Size::SMALL);
        assert!(picture.contains("box 1: vrrpd is not running"), "{picture}");
        assert!(picture.contains("bond0 up: eth1"), "{picture}");
        assert!(
            picture.contains("box 2: ended; starts again in 3 s"),
            "{picture}"
        );
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
