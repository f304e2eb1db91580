//! The story that every mode tells with the kernel's bonding: UDP both ways, TCP through a service, while
//! cables are pulled at either end.

use anyhow::{Result, ensure};
use bond::Mode;
use tests::bonding::{Echo, Load, Told};
use tests::guest::facing::{BOND, CLIENT, End, Facing, MEMBERS};

/// Bursts of the stream, 10 ms each, that a part of the story takes.
const QUIET: usize = 50;
const DISTURBED: usize = 50;
/// Bursts that may be under way through an emulated guest.
const UNDER_WAY: usize = 20;
/// Datagrams of a direction in 100 ms.
const TENTH: usize = 160;
/// Datagrams that a member's return may cost, until both ends use it.
const HEAL_COSTS: usize = TENTH;

/// What a part of the story does to the bonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Until traffic flows.
    Begin,
    Quiet,
    /// A member's cable is pulled at this end first.
    Cut(End),
    /// It is whole again, until both ends use the member and some time after.
    Heal,
}

/// What may cost something.
pub const CUTS: [Part; 2] = [Part::Cut(End::Appliance), Part::Cut(End::Guest)];

pub fn print(told: &Told<Part>, mode: Mode) {
    for (way, what) in ["to the kernel", "from it      "].into_iter().enumerate() {
        let [here, there] = CUTS.map(|part| told.of(part, way));
        let [quiet, heal] = [Part::Quiet, Part::Heal].map(|part| told.of(part, way));
        println!(
            "{mode:>13} {what}: left alone {quiet}; cut at our end {here}; at its end {there}; healed {heal}"
        );
    }
    println!("{mode:>13}: {} blocks back by TCP", told.blocks);
}

/// Cuts each member, at each end first, and heals it.
pub fn tell(facing: &mut Facing) -> Result<Told<Part>> {
    let (appliance, client) = ((&facing.boxed, BOND), (&facing.client, CLIENT));
    let echo = Echo::between(
        (&facing.client, facing.service()),
        (&facing.real, facing.real_address()),
    )?;
    let mut load = Load::start(appliance, client, echo, Part::Begin)?;
    load.begin(Part::Quiet, QUIET)?;
    for member in 0..MEMBERS {
        for end in [End::Appliance, End::Guest] {
            load.begin(Part::Cut(end), UNDER_WAY)?;
            facing.cut(member, end)?;
            load.out.pass(DISTURBED)?;
            load.wait_for_progress()?;
            load.begin(Part::Heal, UNDER_WAY)?;
            facing.heal(member)?;
            load.out.pass(QUIET)?;
            load.begin(Part::Quiet, QUIET)?;
        }
    }
    load.finish()
}

/// Who has to find out that a cable was pulled at this end, for the traffic of one direction to go on. Cabled
/// one to one each does so for what it sends; behind a switch, the one whose cable it was for both ways.
const fn finds_out(mode: Mode, end: End, way: usize) -> End {
    match mode {
        Mode::ActiveBackup | Mode::BalanceTlb | Mode::BalanceAlb => end,
        Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad if way == 0 => {
            End::Appliance
        }
        Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast | Mode::Ieee8023ad => End::Guest,
    }
}

/// Datagrams that one cut may cost. The appliance has 100 ms. The guest looks for its carrier every 100 ms and
/// is emulated: 500 ms. In balance-alb it tells a client that it is to send to another member, but 2 s after
/// the last time at the earliest, and drops what comes to the lost one's address until then: 5 s.
const fn cut_costs(mode: Mode, end: End, way: usize) -> usize {
    match (finds_out(mode, end, way), mode, way) {
        (End::Appliance, _, _) => TENTH,
        (End::Guest, Mode::BalanceAlb, 0) => 50 * TENTH,
        (End::Guest, _, _) => 5 * TENTH,
    }
}

/// What holds in every mode.
pub fn check(told: &Told<Part>, mode: Mode) -> Result<()> {
    let copies = if mode == Mode::Broadcast {
        MEMBERS - 1
    } else {
        0
    };
    for way in 0..2 {
        let quiet = told.of(Part::Quiet, way);
        ensure!(quiet.lost == 0, "left alone: {quiet}");
        ensure!(
            quiet.duplicated == quiet.sent * copies,
            "left alone: {quiet}"
        );
        for end in [End::Appliance, End::Guest] {
            let cut = told.of(Part::Cut(end), way);
            let most = cut_costs(mode, end, way) * MEMBERS;
            ensure!(cut.lost <= most, "{end:?}: {cut}");
        }
        let heal = told.of(Part::Heal, way);
        ensure!(heal.lost <= HEAL_COSTS * 2 * MEMBERS, "healed: {heal}");
        for part in [Part::Quiet, Part::Heal].into_iter().chain(CUTS) {
            let count = told.of(part, way);
            ensure!(count.duplicated <= count.sent * copies, "{part:?}: {count}");
            let may_reorder = mode == Mode::BalanceRr;
            ensure!(count.reordered == 0 || may_reorder, "{part:?}: {count}");
        }
    }
    Ok(())
}
