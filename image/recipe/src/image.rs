//! From the programs and Debian's part to the disk image.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Metadata;
use serde::{Deserialize, Serialize};

use crate::debian::Debian;
use crate::debs::sha256_of;
use crate::disk;
use crate::inputs::Inputs;
use crate::tree::Tree;
use crate::volume::{self, BootFile};
use crate::{Image, Options, grub, initrd, licences, programs, run, system, update};

/// Kernel and initramfs together may have so many bytes: the volume has room for three slots then,
/// and an update is written beside what it replaces.
const SLOT_LIMIT: u64 = 64 << 20;

/// Where the recipe is in the workspace.
pub(crate) const RECIPE: &str = "image/recipe";

/// What was built last, kept beside it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Built {
    inputs: String,
    sha256: String,
    slot_bytes: u64,
}

/// Where things are.
#[derive(Debug)]
struct Places {
    recipe: PathBuf,
    /// For what is made on the way.
    work: PathBuf,
    disk: PathBuf,
    kernel: PathBuf,
    initrd: PathBuf,
    built: PathBuf,
}

impl Places {
    fn of(metadata: &Metadata) -> Result<Self> {
        let image = metadata.target_directory.as_std_path().join("image");
        let work = image.join("work");
        fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
        Ok(Self {
            recipe: metadata.workspace_root.as_std_path().join(RECIPE),
            work,
            disk: image.join("disk.img"),
            kernel: image.join("vmlinuz"),
            initrd: image.join("initrd"),
            built: image.join("built.json"),
        })
    }

    /// Only one build at a time works here, until the value is dropped.
    fn claim(&self) -> Result<File> {
        let path = self.work.join("lock");
        let claim = File::create(&path).with_context(|| format!("making {}", path.display()))?;
        claim
            .lock()
            .with_context(|| format!("locking {}", path.display()))?;
        Ok(claim)
    }

    fn image(&self, built: Built) -> Image {
        Image {
            path: self.disk.clone(),
            sha256: built.sha256,
            slot_bytes: built.slot_bytes,
            kernel: self.kernel.clone(),
            initrd: self.initrd.clone(),
        }
    }
}

/// Builds the programs and the image; does nothing when neither would change.
///
/// # Errors
/// In one line: what is missing or does not fit.
pub fn build(options: &Options) -> Result<Image> {
    let metadata = programs::metadata(&options.workspace)?;
    let folder = programs::build(&options.workspace, options.progress)?;
    let places = Places::of(&metadata)?;
    let claim = places.claim()?;
    let recipe = Inputs::default().and_folder(&places.recipe)?.sum();
    let inputs = inputs(&recipe, &metadata, &folder)?;
    let built = match unchanged(&places, &inputs) {
        Some(built) => built,
        None => assemble(&places, &metadata, &folder, &recipe, inputs)?,
    };
    let mut image = places.image(built);
    if let Some(out) = &options.out {
        let mut copy = Command::new("cp");
        copy.args(["--sparse=always", "--reflink=auto", "--"]);
        run::output(copy.arg(&image.path).arg(out))?;
        image.path.clone_from(out);
    }
    drop(claim);
    Ok(image)
}

/// Writes `packages.lock` anew from `packages.toml`, and returns how many packages it has.
///
/// # Errors
/// As for a build, and when apt cannot find what is wanted.
pub fn update_lock(workspace: &Path) -> Result<usize> {
    let metadata = programs::metadata(workspace)?;
    let places = Places::of(&metadata)?;
    let claim = places.claim()?;
    let lock = update::update_lock(&places.recipe, &places.work.join("update"))?;
    drop(claim);
    Ok(lock.packages.len())
}

/// Everything that can change the image.
fn inputs(recipe: &str, metadata: &Metadata, programs: &Path) -> Result<String> {
    let root = metadata.workspace_root.as_std_path();
    let mut inputs = Inputs::default().and("recipe", recipe.as_bytes());
    for name in ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"] {
        inputs = inputs.and_file(&root.join(name))?;
    }
    for program in programs::PROGRAMS {
        inputs = inputs.and_file(&programs.join(program.name))?;
    }
    Ok(inputs.sum())
}

/// What was built from the same inputs, when it is still there as it was.
fn unchanged(places: &Places, inputs: &str) -> Option<Built> {
    let built: Built = serde_json::from_slice(&fs::read(&places.built).ok()?).ok()?;
    let is_there = places.kernel.is_file() && places.initrd.is_file();
    let is_same = built.inputs == inputs && sha256_of(&places.disk).ok()? == built.sha256;
    (is_there && is_same).then_some(built)
}

fn assemble(
    places: &Places,
    metadata: &Metadata,
    programs: &Path,
    recipe: &str,
    inputs: String,
) -> Result<Built> {
    let debian = Debian::get(&places.recipe, &places.work, recipe)?;
    let mut tree = Tree::default();
    programs::install(programs, &places.work, &mut tree)?;
    licences::crates(metadata, &mut tree)?;
    let content = Inputs::default()
        .and("debian", &debian.initrd)
        .and("kernel", &debian.kernel)
        .and("own", &initrd::archive(&tree)?)
        .sum();
    system::release(env!("CARGO_PKG_VERSION"), &content, &mut tree)?;
    system::check_static(&tree)?;
    let own = debian.tools.zstd(&initrd::archive(&tree)?)?;
    let initrd = [debian.initrd.as_slice(), &own].concat();
    let slot_bytes = u64::try_from(debian.kernel.len() + initrd.len())?;
    ensure!(
        slot_bytes <= SLOT_LIMIT,
        "a slot has {slot_bytes} bytes; legal: at most {SLOT_LIMIT}"
    );
    let write = |file: &Path, bytes: &[u8]| {
        fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
    };
    write(&places.kernel, &debian.kernel)?;
    write(&places.initrd, &initrd)?;
    let (efi, environment) = (places.work.join("efi"), places.work.join("grubenv"));
    write(&efi, &debian.grub.efi)?;
    write(&environment, &grub::first_environment()?)?;
    disk::write(&places.disk, &debian.grub)?;
    let files = [
        ("EFI/BOOT/BOOTX64.EFI", &efi),
        ("grub/grub.cfg", &places.recipe.join("grub/grub.cfg")),
        ("grub/grubenv", &environment),
        ("a/vmlinuz", &places.kernel),
        ("a/initrd", &places.initrd),
        ("b/vmlinuz", &places.kernel),
        ("b/initrd", &places.initrd),
    ];
    let files = files.map(|(path, source)| BootFile {
        path,
        source: source.clone(),
    });
    volume::write(&places.disk, &files, &debian.tools)?;
    let built = Built {
        inputs,
        sha256: sha256_of(&places.disk)?,
        slot_bytes,
    };
    write(&places.built, &serde_json::to_vec(&built)?)?;
    Ok(built)
}
