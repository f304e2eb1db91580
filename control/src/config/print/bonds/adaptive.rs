//! The options of balance-tlb and balance-alb.

use super::{Page, print_policy, print_primary};

pub(super) fn print(page: &mut Page, bond: &bond::Config, default: &bond::Config) {
    let (adaptive, usual) = (&bond.adaptive, bond::AdaptiveConfig::default());
    page.bare_unless(usual.lp_interval, "lp_interval", adaptive.lp_interval);
    print_primary(page, bond, default);
    page.bare_unless(default.resend_igmp, "resend_igmp", bond.resend_igmp);
    page.bare_unless(
        usual.tlb_dynamic_lb,
        "tlb_dynamic_lb",
        adaptive.tlb_dynamic_lb,
    );
    print_policy(page, bond, default);
}
