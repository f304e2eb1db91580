//! Each mode on real traffic: UDP both ways with the bond's own host, TCP through a service, while
//! members are cut and silenced in turn.

use anyhow::{Result, ensure};
use bond::Mode;
use tests::appliance::binaries;
use tests::bonding::{BOND, Bonding, CLIENT, Count, Echo, Stream, Tally};
use tests::prove;

/// Bursts of the stream, 10 ms each, that a part of the story takes.
const QUIET: usize = 10;
const DISTURBED: usize = 15;
/// Datagrams that one cut may cost in one direction: what is sent in 100 ms.
const CUT_COSTS: usize = 160;

/// What a part of the story does to the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Until traffic flows.
    Begin,
    Quiet,
    Cut,
    Silent,
}

/// A story that was told: its parts, and what became of the traffic in each direction.
struct Told {
    parts: Vec<Part>,
    /// From the appliance, and to it.
    ways: [Tally; 2],
    blocks: usize,
}

impl Told {
    /// The counts of each part of a kind, in one direction.
    fn of(&self, kind: Part, way: usize) -> Vec<Count> {
        let parts = self.parts.iter().enumerate();
        let parts = parts.filter(|(_, part)| **part == kind);
        parts.map(|(number, _)| self.ways[way].of(number)).collect()
    }

    fn all_of(&self, kind: Part, way: usize) -> Count {
        self.of(kind, way)
            .into_iter()
            .fold(Count::default(), |all, one| all + one)
    }

    fn print(&self, mode: Mode, members: usize) {
        for (way, what) in ["out", "in "].into_iter().enumerate() {
            println!(
                "{:>13} of {members}, {what}: left alone {}; cut {}; silenced {}",
                mode.to_string(),
                self.all_of(Part::Quiet, way),
                self.all_of(Part::Cut, way),
                self.all_of(Part::Silent, way),
            );
        }
        let blocks = self.blocks;
        println!(
            "{:>13} of {members}: {blocks} blocks back by TCP",
            mode.to_string()
        );
    }
}

/// Silences each member in turn and heals it, cuts it and heals it.
fn tell(lab: &Bonding) -> Result<Told> {
    let out = Stream::start((&lab.boxed, BOND), (&lab.client, CLIENT))?;
    let into = Stream::start((&lab.client, CLIENT), (&lab.boxed, BOND))?;
    let echo = Echo::start(lab)?;
    let mut parts = vec![Part::Begin];
    // What is under way when a member is touched belongs to the part that begins with that.
    let mut begin = |part, bursts| {
        parts.push(part);
        out.begin(parts.len() - 1);
        into.begin(parts.len() - 1);
        out.pass(bursts)?;
        into.pass(2)
    };
    out.wait_for_arrivals()?;
    into.wait_for_arrivals()?;
    echo.wait_for_progress()?;
    begin(Part::Quiet, QUIET)?;
    for member in 0..lab.members() {
        begin(Part::Silent, 2)?;
        lab.silence(member)?;
        out.pass(DISTURBED)?;
        lab.heal(member)?;
        out.pass(2)?;
        begin(Part::Quiet, QUIET)?;
        begin(Part::Cut, 2)?;
        lab.cut(member)?;
        out.pass(DISTURBED)?;
        lab.heal(member)?;
        out.pass(QUIET)?;
        begin(Part::Quiet, QUIET)?;
    }
    echo.wait_for_progress()?;
    let blocks = echo.finish()?;
    let ways = [out.finish()?, into.finish()?];
    Ok(Told {
        parts,
        ways,
        blocks,
    })
}

/// What holds in every mode.
fn check(told: &Told, mode: Mode, members: usize) -> Result<()> {
    for way in 0..2 {
        let quiet = told.all_of(Part::Quiet, way);
        ensure!(quiet.lost == 0, "left alone: {quiet}");
        for cut in told.of(Part::Cut, way) {
            ensure!(cut.lost <= CUT_COSTS, "a cut: {cut}");
        }
        let copies = if mode == Mode::Broadcast && way == 0 {
            members - 1
        } else {
            0
        };
        ensure!(
            quiet.duplicated == quiet.sent * copies,
            "left alone: {quiet}"
        );
        for part in [Part::Cut, Part::Silent] {
            let count = told.all_of(part, way);
            let most = count.sent * copies;
            ensure!(count.duplicated <= most, "{part:?}: {count}");
        }
        for part in [Part::Quiet, Part::Cut, Part::Silent] {
            let count = told.all_of(part, way);
            let may_reorder = mode == Mode::BalanceRr && way == 0;
            ensure!(count.reordered == 0 || may_reorder, "{part:?}: {count}");
        }
    }
    Ok(())
}

/// How many members a bond has.
fn sizes() -> impl Iterator<Item = usize> {
    [2, 4]
        .into_iter()
        .filter(|members| *members == 2 || prove::is_asked())
}

fn story(mode: Mode, members: usize, options: &str) -> Result<Told> {
    let lab = Bonding::raise(&binaries()?, mode, members, options)?;
    let told = tell(&lab)?;
    told.print(mode, members);
    check(&told, mode, members)?;
    Ok(told)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_rr_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceRr, members, "")?;
        // Nothing tells of a silent member: one share of what is sent is lost meanwhile.
        let silent = told.all_of(Part::Silent, 0);
        let share = silent.sent / members;
        ensure!(
            silent.lost <= share + CUT_COSTS * members,
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_xor_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceXor, members, "xmit_hash_policy = \"layer3+4\"")?;
        let silent = told.all_of(Part::Silent, 0);
        // The flows of the silent member are lost, and no others.
        ensure!(
            (1..silent.sent).contains(&silent.lost),
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn broadcast_loses_nothing_that_it_sends_however_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::Broadcast, members, "")?;
        for part in [Part::Cut, Part::Silent] {
            let count = told.all_of(part, 0);
            ensure!(count.lost == 0, "{part:?}: {count}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn active_backup_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    sizes().try_for_each(|members| story(Mode::ActiveBackup, members, "").map(drop))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_tlb_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceTlb, members, "xmit_hash_policy = \"layer3+4\"")?;
        let silent = told.all_of(Part::Silent, 0);
        ensure!(
            (1..silent.sent).contains(&silent.lost),
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_alb_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    let options = "tlb_dynamic_lb = false\nxmit_hash_policy = \"layer3+4\"";
    sizes().try_for_each(|members| story(Mode::BalanceAlb, members, options).map(drop))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn lacp_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    let options = "lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"";
    sizes().try_for_each(|members| story(Mode::Ieee8023ad, members, options).map(drop))
}
