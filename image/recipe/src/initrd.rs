//! A tree as the kernel unpacks it: a cpio archive (`newc`), compressed.

use std::io::Write;

use anyhow::{Context, Result};
use cpio::newc::{self, Builder, ModeFileType};

use crate::tree::{Node, Tree};

/// When everything in the image was last changed: the same for every build.
const EPOCH: u32 = 0;

/// The archive's bytes.
///
/// # Errors
/// When a file is too large for the format (4 GiB).
pub fn archive(tree: &Tree) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (inode, (path, node)) in (1..).zip(tree.iter()) {
        let (kind, mode, content) = match node {
            Node::Directory(mode) => (ModeFileType::Directory, *mode, &[][..]),
            Node::File(mode, content) => (ModeFileType::Regular, *mode, content.as_slice()),
            Node::Link(target) => (ModeFileType::Symlink, 0o777, target.as_bytes()),
        };
        let length = u32::try_from(content.len()).with_context(|| format!("/{path}"))?;
        let entry = Builder::new(path)
            .ino(inode)
            .mode(mode)
            .set_mode_file_type(kind)
            .nlink(1)
            .mtime(EPOCH);
        let mut entry = entry.write(&mut bytes, length);
        entry.write_all(content)?;
        entry.finish()?;
    }
    newc::trailer(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_the_bytes_that_the_format_asks_for() {
        let mut tree = Tree::default();
        tree.put("a", Node::File(0o755, b"hello".to_vec())).unwrap();
        let bytes = archive(&tree).unwrap();
        let mut expected = b"070701".to_vec();
        // inode, mode, uid, gid, links, mtime, size, four device numbers, length of the name, check.
        for field in [1, 0o100_755, 0, 0, 1, 0, 5, 0, 0, 0, 0, 2, 0] {
            expected.extend(format!("{field:08x}").bytes());
        }
        expected.extend(b"a\0hello\0\0\0");
        assert_eq!(&bytes[..expected.len()], expected);
        assert_eq!(&bytes[expected.len()..][..6], b"070701");
        assert!(bytes.windows(10).any(|window| window == b"TRAILER!!!"));
    }

    #[test]
    fn directories_files_and_links_are_read_back_in_order_as_root_owned() {
        let mut tree = Tree::default();
        tree.put("sbin", Node::Link("usr/sbin".into())).unwrap();
        tree.put("tmp", Node::Directory(0o1777)).unwrap();
        tree.file("etc/hosts", "x").unwrap();
        let bytes = archive(&tree).unwrap();
        let mut rest = bytes.as_slice();
        let mut seen = Vec::new();
        loop {
            let reader = newc::Reader::new(rest).unwrap();
            let entry = reader.entry().clone();
            if entry.is_trailer() {
                break;
            }
            seen.push(format!(
                "{} {:o} {}:{} {}",
                entry.name(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.mtime()
            ));
            rest = reader.finish().unwrap();
        }
        assert_eq!(
            seen,
            [
                "etc 40755 0:0 0",
                "etc/hosts 100644 0:0 0",
                "sbin 120777 0:0 0",
                "tmp 41777 0:0 0"
            ]
        );
    }
}
