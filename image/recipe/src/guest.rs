//! The tests' guest: the image's Debian kernel with the modules that make it a peer (bonding above all)
//! and a shell on its serial line, as one initramfs. It is no part of the image.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debs::Cache;
use crate::inputs::Inputs;
use crate::kernel::Kernel;
use crate::packages::{Lock, Purpose, Wanted};
use crate::tools::Tools;
use crate::tree::{Node, Tree};
use crate::{image, initrd, programs, system};

/// Directories that the first program mounts on, and where it puts links to its shell's commands.
const DIRECTORIES: [&str; 7] = [
    "dev",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr/bin",
    "usr/local/bin",
];

/// Debian's merged `/usr`.
const LINKS: [(&str, &str); 4] = [
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("sbin", "usr/sbin"),
];

/// The modules that are loaded at the start; the others are loaded when a test asks for them.
const LOADED: &str = "virtio_net\naf_packet\n";

/// Builds the guest into the target directory's folder `guest`, unless it is there already, and returns
/// the folder: `vmlinuz` and `initrd` are in it.
///
/// # Errors
/// When a package cannot be had, or lacks what the guest takes from it.
pub fn build(workspace: &Path) -> Result<PathBuf> {
    let metadata = programs::metadata(workspace)?;
    let recipe = metadata.workspace_root.as_std_path().join(image::RECIPE);
    let folder = metadata.target_directory.as_std_path().join("guest");
    let key = Inputs::default().and_folder(&recipe)?.sum();
    let kept = folder.join("key");
    if fs::read_to_string(&kept).is_ok_and(|there| there == key) {
        return Ok(folder);
    }
    let work = folder.join("work");
    fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    let (kernel, initrd) = make(&recipe, &work)?;
    // The key is written last: it says that the rest is whole.
    let files = [
        ("vmlinuz", kernel.as_slice()),
        ("initrd", &initrd),
        ("key", key.as_bytes()),
    ];
    for (name, bytes) in files {
        let file = folder.join(name);
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
    }
    fs::remove_dir_all(&work).with_context(|| format!("removing {}", work.display()))?;
    Ok(folder)
}

fn make(recipe: &Path, work: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    let (wanted, lock, cache) = (
        Wanted::read(recipe)?,
        Lock::read(recipe)?,
        Cache::of_user()?,
    );
    let unpacked = |purpose: Purpose| -> Result<PathBuf> {
        let root = work.join(purpose.name());
        cache.unpack(&lock, purpose, &root)?;
        Ok(root)
    };
    let tools = Tools::at(&unpacked(Purpose::Tools)?)?;
    let kernel = Kernel::at(&unpacked(Purpose::Kernel)?)?;
    let mut tree = Tree::default();
    for path in DIRECTORIES {
        tree.put(path, Node::Directory(0o755))?;
    }
    for (path, target) in LINKS {
        tree.put(path, Node::Link(target.to_owned()))?;
    }
    let first = system::text(recipe, "guest/init")?;
    tree.put("init", Node::File(0o755, first.into_bytes()))?;
    tree.put("usr/bin/sh", Node::Link("dash".to_owned()))?;
    tree.file("etc/modules", LOADED)?;
    // Only the bonds that a test makes.
    tree.file(
        "etc/modprobe.d/bonding.conf",
        "options bonding max_bonds=0\n",
    )?;
    let root = unpacked(Purpose::Guest)?;
    system::programs(&root, wanted.group(Purpose::Guest), &mut tree)?;
    let list = system::text(recipe, "guest/modules.list")?;
    kernel.modules(&list, &tools, work, &mut tree)?;
    system::check(&tree)?;
    Ok((kernel.image()?, tools.zstd(&initrd::archive(&tree)?)?))
}
