//! What `bond/show` and `lacp/show` say.

/// One member as the switch sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its interface's name.
    pub name: String,
    /// `enabled` or `disabled` in `bond/show`; `current attached`, `expired detached` and so on in
    /// `lacp/show`.
    pub status: String,
}

/// The switch's bond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    /// `negotiated`, `configured` or `off`.
    pub lacp_status: String,
    /// Its members.
    pub members: Vec<Member>,
}

impl Bond {
    /// Reads the text of `bond/show`.
    pub fn parse(text: &str) -> Self {
        Self {
            lacp_status: field(text, "lacp_status"),
            members: members(text),
        }
    }

    /// Whether LACP is negotiated and every member carries traffic.
    pub fn is_whole(&self) -> bool {
        self.lacp_status == "negotiated" && self.all(|member| member.status == "enabled")
    }

    /// Whether the named member carries traffic.
    pub fn is_enabled(&self, name: &str) -> bool {
        self.enabled().contains(&name)
    }

    /// Names of the members that carry traffic.
    pub fn enabled(&self) -> Vec<&str> {
        let enabled = self
            .members
            .iter()
            .filter(|member| member.status == "enabled");
        enabled.map(|member| member.name.as_str()).collect()
    }

    fn all(&self, test: impl Fn(&Member) -> bool) -> bool {
        !self.members.is_empty() && self.members.iter().all(test)
    }
}

/// The switch's LACP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacp {
    /// Such as `active negotiated`.
    pub status: String,
    /// Its members, each with the partner's state bits.
    pub members: Vec<(Member, String)>,
}

impl Lacp {
    /// Reads the text of `lacp/show`.
    pub fn parse(text: &str) -> Self {
        let sections = text.split("\nmember: ").skip(1);
        let partner = |section: &str| field(section, "partner state");
        let members = members(text)
            .into_iter()
            .zip(sections.map(partner))
            .collect();
        Self {
            status: field(text, "status"),
            members,
        }
    }

    /// Whether every member is attached to one aggregator, its partner collecting and
    /// distributing.
    pub fn is_whole(&self) -> bool {
        let working = |(member, partner): &(Member, String)| {
            member.status == "current attached"
                && ["synchronized", "collecting", "distributing"]
                    .iter()
                    .all(|bit| partner.contains(bit))
        };
        self.status.contains("negotiated")
            && !self.members.is_empty()
            && self.members.iter().all(working)
    }
}

/// The rest of the first line that starts, after blanks, with `name:`.
fn field(text: &str, name: &str) -> String {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'))
        .map(|rest| rest.trim().to_owned())
        .next()
        .unwrap_or_default()
}

/// Lines `member m1: enabled` of `bond/show` and `member: m1: current attached` of `lacp/show`.
fn members(text: &str) -> Vec<Member> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("member"));
    lines
        .filter_map(|line| line.trim_start_matches(':').trim_start().split_once(": "))
        .map(|(name, status)| Member {
            name: name.to_owned(),
            status: status.trim().to_owned(),
        })
        .collect()
}
