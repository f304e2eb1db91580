//! The resilient mapping: 256 buckets, of which only those move that have to.

use heapless::Vec;

use crate::MAX_MEMBERS;

/// Buckets of a table; a frame's bucket is the low byte of its hash.
pub const BUCKETS: usize = 256;

/// The owner of a bucket that has never had one.
pub const UNOWNED: u8 = u8::MAX;

/// The largest weight of a member.
pub const WEIGHT_MAX: u32 = 0xff_ffff;

/// A member that buckets are dealt out to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its place in the bond.
    pub member: u8,
    /// Its part of the buckets, beside the others' weights; at most [`WEIGHT_MAX`]. 0 counts as 1.
    pub weight: u32,
}

/// The members that buckets are dealt out to.
pub type Shares = Vec<Share, MAX_MEMBERS>;

/// The same weight for each of these; members beyond [`MAX_MEMBERS`] are left out.
#[must_use]
pub fn equal(members: &[u8]) -> Shares {
    let share = |&member: &u8| Share { member, weight: 1 };
    members.iter().take(MAX_MEMBERS).map(share).collect()
}

/// Deals out the buckets of members that are in no share, and no others. What a bucket falls to
/// depends on the table and the shares only, so that bondd and every worker find the same.
/// With nobody to deal to the table stays, for the member that comes back first.
pub fn deal(buckets: &mut [u8; BUCKETS], shares: &[Share]) {
    Accounts::new(buckets, shares).deal(buckets);
}

/// Deals the buckets out so that each member has what its weight says: as [`deal`], and then of
/// each member that has too many the first few, and no others.
pub fn remap(buckets: &mut [u8; BUCKETS], shares: &[Share]) {
    let mut accounts = Accounts::new(buckets, shares);
    accounts.deal(buckets);
    while let Some(richest) = accounts.richest()
        && let Some(poorest) = accounts.poorest()
        && let Some(owner) = buckets.iter_mut().find(|owner| **owner == richest)
    {
        *owner = poorest;
        accounts.give(richest);
        accounts.take(poorest);
    }
}

/// How many buckets each member has, and how many it should have.
struct Accounts(Vec<Account, MAX_MEMBERS>);

struct Account {
    member: u8,
    count: usize,
    quota: usize,
}

impl Accounts {
    /// By largest remainders; however small its weight, each member has something to do.
    fn new(buckets: &[u8; BUCKETS], shares: &[Share]) -> Self {
        let count = |member| buckets.iter().filter(|&&owner| owner == member).count();
        let weight = |share: &Share| u64::from(share.weight.clamp(1, WEIGHT_MAX));
        let total: u64 = shares.iter().map(weight).sum();
        let whole = u64::try_from(BUCKETS).unwrap_or(u64::MAX);
        let part = |share: &Share| whole * weight(share);
        let floor = |share: &Share| part(share).checked_div(total).unwrap_or(0);
        let account = |share: &Share| Account {
            member: share.member,
            count: count(share.member),
            quota: usize::try_from(floor(share).max(1)).unwrap_or(1),
        };
        let rest = |share: &Share| match floor(share) {
            0 => 0,
            _ => part(share).checked_rem(total).unwrap_or(0),
        };
        let mut accounts = Self(shares.iter().map(account).collect());
        let mut rests: Vec<u64, MAX_MEMBERS> = shares.iter().map(rest).collect();
        let given: usize = accounts.0.iter().map(|account| account.quota).sum();
        (given..BUCKETS).for_each(|_| accounts.round_up(&mut rests));
        (BUCKETS..given).for_each(|_| accounts.round_down());
        accounts
    }

    /// One more for the largest remainder, of equals for a member that has it already.
    fn round_up(&mut self, rests: &mut [u64]) {
        let both = self.0.iter_mut().zip(rests).rev();
        let excess = |account: &Account| account.count.saturating_sub(account.quota);
        let next = both.max_by_key(|(account, rest)| (**rest, excess(account)));
        if let Some((account, rest)) = next {
            account.quota += 1;
            *rest = 0;
        }
    }

    /// One less for who has most, since others have more than their part.
    fn round_down(&mut self) {
        let most = self.0.iter_mut().rev().max_by_key(|account| account.quota);
        if let Some(account) = most {
            account.quota -= 1;
        }
    }

    fn deal(&mut self, buckets: &mut [u8; BUCKETS]) {
        for owner in buckets {
            if self.of(*owner).is_none()
                && let Some(heir) = self.poorest()
            {
                *owner = heir;
                self.take(heir);
            }
        }
    }

    fn of(&mut self, member: u8) -> Option<&mut Account> {
        self.0.iter_mut().find(|account| account.member == member)
    }

    fn take(&mut self, member: u8) {
        if let Some(account) = self.of(member) {
            account.count += 1;
        }
    }

    fn give(&mut self, member: u8) {
        if let Some(account) = self.of(member) {
            account.count = account.count.saturating_sub(1);
        }
    }

    /// The member that has the smallest part of its quota, the first of equals; none has too few.
    fn poorest(&self) -> Option<u8> {
        let lacks = |account: &&Account| account.count < account.quota;
        let missing = |account: &&Account| {
            let missing = account.quota.saturating_sub(account.count);
            (missing << 16).checked_div(account.quota)
        };
        let poor = self.0.iter().rev().filter(lacks);
        poor.max_by_key(missing).map(|account| account.member)
    }

    /// The member that has most beyond its quota, the first of equals; none has too many.
    fn richest(&self) -> Option<u8> {
        let excess = |account: &&Account| account.count.saturating_sub(account.quota);
        let rich = self.0.iter().rev().filter(|account| excess(account) > 0);
        rich.max_by_key(excess).map(|account| account.member)
    }
}

#[cfg(test)]
#[path = "tests/resilient.rs"]
mod tests;
