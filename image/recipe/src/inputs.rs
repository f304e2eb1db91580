//! What an image is made from, as one number: when it has not changed, neither has the image.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::debs::hex;
use crate::tree::files_below;

/// Named contents, summed up.
#[derive(Debug, Default)]
pub struct Inputs {
    hash: Sha256,
}

impl Inputs {
    /// Adds a content under a name.
    #[must_use]
    pub fn and(mut self, name: &str, bytes: &[u8]) -> Self {
        // Lengths first: nothing can be moved from one content to its neighbour unseen.
        for part in [name.as_bytes(), bytes] {
            self.hash.update(part.len().to_le_bytes());
            self.hash.update(part);
        }
        self
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn and_file(self, file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(self.and(&name, &bytes))
    }

    /// Adds every file below a folder, by its path there.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn and_folder(mut self, folder: &Path) -> Result<Self> {
        for path in files_below(folder)? {
            let file = folder.join(&path);
            let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            self = self.and(&path, &bytes);
        }
        Ok(self)
    }

    /// The number, in hexadecimal.
    #[must_use]
    pub fn sum(self) -> String {
        hex(&self.hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_follows_content_name_and_where_one_content_ends() {
        let sum = |parts: &[(&str, &str)]| {
            let inputs = parts
                .iter()
                .fold(Inputs::default(), |inputs, (name, text)| {
                    inputs.and(name, text.as_bytes())
                });
            inputs.sum()
        };
        let one = sum(&[("a", "xy"), ("b", "z")]);
        assert_eq!(one, sum(&[("a", "xy"), ("b", "z")]));
        assert_ne!(one, sum(&[("a", "xy"), ("b", "Z")]));
        assert_ne!(one, sum(&[("a", "xy"), ("c", "z")]));
        assert_ne!(one, sum(&[("a", "x"), ("b", "yz")]));
    }
}
