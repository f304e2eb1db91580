//! Virtual routers (VRRP): their addresses and leases, and vrrpd coming for the leases' memory.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use control::config::Config;
use control::ipc::{Answer, Call, VrrpAnswer};
use sys::packet::AsyncPacket;
use vrrp::lease;
use vrrp::{Family, Vrid};
use wire::Mac;

use crate::shared::Shared;

/// The place of the lease of a bond's virtual router that has this MAC; none when it is not the MAC
/// of a virtual router (RFC 5798 7.3).
#[must_use]
pub const fn lease_of(bond: usize, mac: Mac) -> Option<usize> {
    let (family, vrid) = match mac.0 {
        [0, 0, 0x5e, 0, 1, vrid] => (Family::Ipv4, vrid),
        [0, 0, 0x5e, 0, 2, vrid] => (Family::Ipv6, vrid),
        _ => return None,
    };
    match Vrid::new(vrid) {
        Some(vrid) if bond < lease::MAX_BONDS => Some(lease::word(bond, family, vrid)),
        Some(_) | None => None,
    }
}

/// The places of the leases of a bond's virtual routers, for [`lvs::Context::link`].
#[must_use]
pub const fn link(bond: usize) -> (usize, usize) {
    let first = bond * lease::WORDS_PER_BOND;
    (first, first + lease::WORDS_PER_BOND)
}

/// The services, with the virtual routers on which their addresses depend.
#[must_use]
pub fn services(config: &Config) -> lvs::Config {
    let bond_of = |router: &vrrp::Config| {
        let mut bonds = config.bonds.iter();
        bonds.position(|bond| bond.name == router.interface)
    };
    let router = |router: &vrrp::Config| {
        let bond = bond_of(router).filter(|bond| *bond < lease::MAX_BONDS)?;
        Some(lvs::Router {
            mac: router.virtual_mac(),
            lease: lease::word(bond, router.family(), router.virtual_router_id),
            addresses: router.virtual_ipaddress.clone(),
            is_owner: router.is_owner(),
        })
    };
    lvs::Config {
        routers: config.routers.iter().filter_map(router).collect(),
        ..config.services.clone()
    }
}

/// Serves vrrpd's attach request. The connection stays open for as long as both live and what was
/// given is what counts.
pub fn attach(shared: &Arc<Shared>, call: Call) {
    let mut attached = shared.attached.subscribe();
    attached.mark_unchanged();
    let (names, fds) = match gather(shared) {
        Ok(gathered) => gathered,
        Err(reason) => return call.refuse(reason),
    };
    let (connection, _) = call.take_over();
    tokio::spawn(async move {
        if tell(&connection, names, &fds).await.is_ok() {
            // vrrpd says no more; its end, or another egress table, ends the connection.
            let ended = async { while connection.recv().await.is_ok() {} };
            tokio::select! {
                () = ended => {}
                _ = attached.changed() => {}
            }
        }
    });
    eprintln!("vrrpd attached");
}

/// The bonds' names; the leases' memory, and each bond's feedback and egress table.
fn gather(shared: &Shared) -> Result<(Vec<String>, Vec<OwnedFd>), String> {
    let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map_err(|error| error.to_string());
    let mut names = Vec::new();
    let mut fds = vec![own(shared.leases.as_fd())?];
    for bond in shared.bonds.iter().take(lease::MAX_BONDS) {
        let egress = bond.egress.load_full();
        let egress =
            egress.ok_or_else(|| format!("{}: bondd has not attached it yet", bond.name))?;
        fds.push(own(bond.feedback.as_fd())?);
        fds.push(own(egress.as_fd())?);
        names.push(bond.name.clone());
    }
    Ok((names, fds))
}

async fn tell(
    connection: &AsyncPacket,
    names: Vec<String>,
    fds: &[OwnedFd],
) -> std::io::Result<()> {
    let answer = Answer::<()>::Vrrp(VrrpAnswer::Attached(names));
    let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
    connection.send(&serde_json::to_vec(&answer)?, &fds).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use wire::Instant;

    use super::*;

    #[test]
    fn a_virtual_mac_leads_to_its_lease_and_no_other_mac_does() {
        for (family, byte) in [(Family::Ipv4, 1), (Family::Ipv6, 2)] {
            let vrid = Vrid::new(51).unwrap();
            let mac = Mac([0, 0, 0x5e, 0, byte, 51]);
            assert_eq!(mac, family.virtual_mac(vrid));
            assert_eq!(lease_of(2, mac), Some(lease::word(2, family, vrid)));
            assert_eq!(lease_of(lease::MAX_BONDS, mac), None);
        }
        for other in [
            [0, 0, 0x5e, 0, 1, 0],
            [0, 0, 0x5e, 0, 3, 51],
            [2, 0, 0x5e, 0, 1, 51],
        ] {
            assert_eq!(lease_of(0, Mac(other)), None, "{other:?}");
        }
    }

    #[test]
    fn what_vrrpd_grants_is_what_the_engine_goes_by() {
        let words: Vec<AtomicU64> = (0..lease::WORDS).map(|_| AtomicU64::new(0)).collect();
        let word = lease_of(0, Mac([0, 0, 0x5e, 0, 1, 51])).unwrap();
        let at = Instant::from_nanos;
        let snapshot = lvs::Snapshot::default();
        let memory: Vec<AtomicU64> = (0..1 << 16).map(|_| AtomicU64::new(0)).collect();
        let table = lvs::connection::Table::format(&memory, [1, 2]).unwrap();
        let is_active = |now| {
            let context = lvs::Context {
                snapshot: &snapshot,
                table: &table,
                now: at(now),
                mac: Mac::ZERO,
                leases: &words,
                link: link(0),
            };
            context.is_active(word)
        };
        assert!(!is_active(5));
        lease::grant(&words, word, at(5), at(10));
        assert!(is_active(9));
        assert!(!is_active(10));
    }
}
