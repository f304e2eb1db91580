//! Point 7: the active box is killed, as if it had lost its power, and comes back.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tests::pair::Pair;
use tests::plan::{ADVERT_INT, Family, Method, Router, Vip, other};

use super::pair::{Pulses, arp, located, stays_backup};
use crate::report::{Report, milliseconds};

/// What is added to the Active_Down_Interval: taking up the role, the switch's table, and the first
/// connection's way.
const TAKING_OVER: Duration = Duration::from_millis(200);
/// Many Active_Down_Intervals.
const WATCHED: Duration = Duration::from_secs(3);

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let mut pair = Pair::raise(binaries)?;
    let routers = [Family::V4, Family::V6].map(|family| Vip::maglev(Method::Nat, family).router());
    let (dead, heir) = (routers[0].home(), other(routers[0].home()));
    each(&routers, |router| {
        located(report, &pair, "before", router, dead)
    })?;

    let pulses = Pulses::start(&pair.lab.client, Method::Nat)?;
    let at = pair.at_mut(dead).kill_all()?;
    pair.at(heir).wait_for_roles(|_| true, ADVERT_INT * 50)?;
    report.note(
        "the other box says it is Active for all after",
        milliseconds(at.elapsed()),
    );
    arp::judge(report, &pair, "the dead box", Method::Nat, dead)?;
    let bound = routers[0].active_down_interval(heir) + TAKING_OVER;
    pulses.judge(report, &pair.lab.client, "killed", at, bound)?;
    each(&routers, |router| {
        located(report, &pair, "killed", router, heir)
    })?;

    let returned = Instant::now();
    pair.return_as_backup(dead)?;
    report.note(
        "it is back, aggregated and Backup after",
        milliseconds(returned.elapsed()),
    );
    stays_backup(report, "returned", pair.at(dead), WATCHED)?;
    for router in Router::all() {
        let active = pair.active_for(router)?;
        report.figure(
            &format!("returned: Active for {} is box", router.name()),
            active,
            &format!("= {heir}"),
            active == heir,
        );
    }
    each(&routers, |router| {
        located(report, &pair, "returned", router, heir)
    })?;
    pair.lab.wait_for_services(&Vip::all())
}

fn each(routers: &[Router], work: impl FnMut(Router) -> Result<()>) -> Result<()> {
    routers.iter().copied().try_for_each(work)
}
