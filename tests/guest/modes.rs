//! Every mode against the same mode of the kernel's bonding: UDP both ways, TCP through a service, while
//! cables are pulled at either end.

use anyhow::{Result, ensure};
use bond::Mode;
use tests::appliance::binaries;
use tests::bonding::{Count, Echo, Stream, Tally};
use tests::guest::facing::{BOND, CLIENT, End, Facing, MEMBERS};

/// Bursts of the stream, 10 ms each, that a part of the story takes.
const QUIET: usize = 50;
const DISTURBED: usize = 50;
/// Datagrams of a direction in 100 ms.
const TENTH: usize = 160;
/// What one cut may cost in what the appliance sends: what is sent in 100 ms; and in what the guest sends,
/// which looks for its carrier every 100 ms and is emulated: in 500 ms.
const CUT_COSTS: [usize; 2] = [TENTH, 5 * TENTH];

/// What a part of the story does to the bonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Until traffic flows.
    Begin,
    Quiet,
    /// A member's cable is pulled at this end first, until it carries again.
    Cut(End),
}

const CUTS: [Part; 2] = [Part::Cut(End::Appliance), Part::Cut(End::Guest)];

/// A story that was told: its parts, and what became of the traffic in each direction.
struct Told {
    parts: Vec<Part>,
    /// From the appliance, and to it.
    ways: [Tally; 2],
    blocks: usize,
}

impl Told {
    fn of(&self, kind: Part, way: usize) -> Count {
        let parts = self.parts.iter().enumerate();
        let own = parts.filter(|(_, part)| **part == kind);
        own.map(|(number, _)| self.ways[way].of(number))
            .fold(Count::default(), |all, one| all + one)
    }

    fn print(&self, mode: Mode) {
        for (way, what) in ["to the kernel", "from it      "].into_iter().enumerate() {
            let [here, there] = CUTS.map(|part| self.of(part, way));
            let quiet = self.of(Part::Quiet, way);
            println!(
                "{mode:>13} {what}: left alone {quiet}; cut at our end {here}; at its end {there}"
            );
        }
        println!("{mode:>13}: {} blocks back by TCP", self.blocks);
    }
}

/// Cuts each member, at each end first, and heals it.
fn tell(facing: &mut Facing) -> Result<Told> {
    let out = Stream::start((&facing.boxed, BOND), (&facing.client, CLIENT))?;
    let into = Stream::start((&facing.client, CLIENT), (&facing.boxed, BOND))?;
    let echo = Echo::start(
        (&facing.client, facing.service()),
        (&facing.real, facing.real_address()),
    )?;
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
    for member in 0..MEMBERS {
        for end in [End::Appliance, End::Guest] {
            begin(Part::Cut(end), 2)?;
            facing.cut(member, end)?;
            out.pass(DISTURBED)?;
            facing.heal(member)?;
            out.pass(QUIET)?;
            begin(Part::Quiet, QUIET)?;
        }
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
fn check(told: &Told, mode: Mode) -> Result<()> {
    let copies = if mode == Mode::Broadcast {
        MEMBERS - 1
    } else {
        0
    };
    for (way, cut_costs) in CUT_COSTS.into_iter().enumerate() {
        let quiet = told.of(Part::Quiet, way);
        ensure!(quiet.lost == 0, "left alone: {quiet}");
        ensure!(
            quiet.duplicated == quiet.sent * copies,
            "left alone: {quiet}"
        );
        for part in CUTS {
            let cut = told.of(part, way);
            ensure!(cut.lost <= cut_costs * MEMBERS, "{part:?}: {cut}");
            ensure!(cut.duplicated <= cut.sent * copies, "{part:?}: {cut}");
        }
        for part in [Part::Quiet].into_iter().chain(CUTS) {
            let count = told.of(part, way);
            let may_reorder = mode == Mode::BalanceRr;
            ensure!(count.reordered == 0 || may_reorder, "{part:?}: {count}");
        }
    }
    Ok(())
}

fn story(mode: Mode, options: &str, of_guest: &str) -> Result<Told> {
    let mut facing = Facing::raise(&binaries()?, mode, options, of_guest)?;
    let told = tell(&mut facing)?;
    told.print(mode);
    check(&told, mode)?;
    Ok(told)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_rr_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceRr, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn active_backup_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::ActiveBackup, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_xor_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    let options = "xmit_hash_policy = \"layer3+4\"";
    story(Mode::BalanceXor, options, "xmit_hash_policy layer3+4").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn broadcast_loses_nothing_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    let told = story(Mode::Broadcast, "", "")?;
    for (way, part) in (0..2).flat_map(|way| CUTS.map(|part| (way, part))) {
        let count = told.of(part, way);
        ensure!(count.lost == 0, "{part:?}: {count}");
    }
    Ok(())
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_tlb_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceTlb, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_alb_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceAlb, "", "").map(drop)
}
