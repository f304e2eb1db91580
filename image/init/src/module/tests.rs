//! Lines as `depmod` writes them for Debian's kernel 6.12.

use super::*;

const ALIAS: &str = "\
# Aliases extracted from modules themselves.
alias fs-ext4 ext4
alias rtnl-link-vlan 8021q
alias net-pf-17 af_packet
alias crypto-crc32c crc32c_generic
alias crypto-crc32c crc32c_intel
alias virtio:d00000001v* virtio_net
alias virtio:d00000002v* virtio_blk
alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e
alias pci:v*d*sv*sd*bc01sc08i02* nvme
alias pci:v00008086d000025ABsv*sd*bc*sc*i* i6300esb
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb-storage
alias usb:v13FDp3940d0[0-2]*dc*dsc*dp*ic*isc*ip*in* uas
alias usb:v13FDp3940d0[0-2]*dc*dsc*dp*ic*isc*ip*in* usb_storage
alias acpi*:PNP0C0C:* button
alias platform:i8042-aux psmouse
alias of:N*T*Cvirtio,mmioC* virtio_mmio
alias lost nowhere
";

const DEP: &str = "\
kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/fs/mbcache.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/arch/x86/crypto/crc32c-intel.ko.xz:
kernel/net/8021q/8021q.ko.xz: kernel/net/802/mrp.ko.xz kernel/net/802/garp.ko.xz kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/mrp.ko.xz:
kernel/net/802/garp.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
kernel/net/packet/af_packet.ko.xz:
kernel/drivers/net/virtio_net.ko.xz: kernel/net/core/failover.ko.xz
kernel/net/core/failover.ko.xz:
kernel/drivers/block/virtio_blk.ko.xz:
kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko.xz:
kernel/drivers/nvme/host/nvme.ko.xz:
kernel/drivers/watchdog/i6300esb.ko.xz:
kernel/drivers/usb/storage/uas.ko.xz: kernel/drivers/usb/storage/usb-storage.ko.xz
kernel/drivers/usb/storage/usb-storage.ko.xz:
kernel/drivers/acpi/button.ko.xz:
kernel/drivers/input/mouse/psmouse.ko.xz:
";

const SOFTDEP: &str = "\
# Soft dependencies extracted from modules themselves.
softdep ext4 pre: crypto-crc32c
softdep jbd2 pre: crypto-crc32c post: nvme
softdep garp pre: stp
softdep virtio_blk post: nvme
softdep nvme pre: i6300esb
softdep i6300esb pre: nvme
softdep nonsense
";

fn names(word: &str) -> Vec<String> {
    let modules = Modules::parse(ALIAS, DEP, SOFTDEP);
    let steps = modules.order(word);
    steps.iter().map(|step| step.name.to_owned()).collect()
}

#[test]
fn a_device_finds_its_module_by_pattern() {
    for (modalias, found) in [
        ("virtio:d00000001v00001AF4", vec!["failover", "virtio_net"]),
        (
            "pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00",
            vec!["e1000e"],
        ),
        (
            "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00",
            vec!["usb_storage"],
        ),
        ("acpi:PNP0C0C:", vec!["button"]),
        ("platform:i8042-aux", vec!["psmouse"]),
        ("platform:i8042_aux", vec!["psmouse"]),
    ] {
        assert_eq!(names(modalias), found, "{modalias}");
    }
}

#[test]
fn what_no_pattern_is_for_finds_nothing() {
    for modalias in [
        "virtio:d00000003v00001AF4",
        "pci:v00008086d000010D4sv00008086sd0000A01Fbc02sc00i00",
        "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i01",
        "usb:v46F4p0001d0000dc00dsc00dp00ic03isc06ip50in00",
        "acpi:PNP0C0D:",
        "lost",
        "virtio",
        "",
        "\0",
    ] {
        assert_eq!(names(modalias), Vec::<String>::new(), "{modalias}");
    }
}

#[test]
fn a_range_in_a_pattern_is_a_range_and_all_modules_that_match_are_loaded() {
    let of = |release: &str| {
        let mut names = names(&format!(
            "usb:v13FDp3940d0{release}09dc00dsc00dp00ic08isc06ip62in00"
        ));
        names.sort();
        names
    };
    assert_eq!(of("1"), ["uas", "usb_storage"]);
    assert_eq!(of("3"), Vec::<String>::new());
}

#[test]
fn what_a_module_needs_comes_before_it_and_once() {
    let order = names("rtnl-link-vlan");
    assert_eq!(order, ["llc", "stp", "garp", "mrp", "8021q"]);
}

#[test]
fn a_name_is_found_by_itself_however_its_dashes_are_written() {
    assert_eq!(names("usb-storage"), ["usb_storage"]);
    assert_eq!(names("usb_storage"), ["usb_storage"]);
    assert_eq!(names("af_packet"), ["af_packet"]);
    assert_eq!(names("net-pf-17"), ["af_packet"]);
    assert_eq!(names("net-pf-18"), Vec::<String>::new());
}

#[test]
fn soft_dependencies_come_first_and_may_be_aliases() {
    let order = names("fs-ext4");
    let at = |name: &str| {
        let found = order.iter().position(|one| one == name);
        found.unwrap_or_else(|| panic!("{name} in {order:?}"))
    };
    assert_eq!(order.len(), 6, "{order:?}");
    assert_eq!(at("ext4"), 5);
    assert!(at("crc32c_generic") < at("jbd2"));
    assert!(at("crc32c_intel") < at("jbd2"));
}

#[test]
fn a_circle_of_soft_dependencies_ends_and_post_is_no_dependency() {
    assert_eq!(names("nvme"), ["i6300esb", "nvme"]);
    assert_eq!(names("virtio_blk"), ["virtio_blk"]);
}

#[test]
fn a_step_says_where_the_module_lies() {
    let modules = Modules::parse(ALIAS, DEP, SOFTDEP);
    let steps = modules.order("pci:v00008086d000025ABsv00001AF4sd00001100bc08sc80i00");
    let watchdog = steps.last().expect("found");
    assert_eq!(watchdog.path, "kernel/drivers/watchdog/i6300esb.ko.xz");
}

#[test]
fn a_directory_without_dependencies_is_an_error_with_its_name() {
    let refused = Modules::read(Path::new("/nowhere")).expect_err("read");
    assert!(
        refused.to_string().contains("/nowhere/modules.dep"),
        "{refused}"
    );
}
