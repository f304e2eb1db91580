//! The options of balance-tlb and balance-alb.

use bond::Mode;
use bond::config::adaptive::LONGEST_LP_INTERVAL;

use super::super::section::Section;
use super::super::value::{integer, switch};

pub(super) fn read(table: &Section<'_, '_>, config: &mut bond::Config) {
    let adaptive = &mut config.adaptive;
    adaptive.lp_interval = table
        .value("lp_interval", |v| integer(1..=LONGEST_LP_INTERVAL, "s", v))
        .unwrap_or(adaptive.lp_interval);
    adaptive.tlb_dynamic_lb = table
        .value("tlb_dynamic_lb", switch)
        .unwrap_or(adaptive.tlb_dynamic_lb);
    let is_by_address = config.mode == Mode::BalanceAlb && config.adaptive.tlb_dynamic_lb;
    if table.is_whole() && is_by_address && table.has("xmit_hash_policy") {
        let legal = "not set, or any with tlb_dynamic_lb = false: else mode balance-alb goes by the \
                     destination's address";
        table.fault("xmit_hash_policy", legal);
    }
}
