//! The bytes of a file: in memory, on disk, or drawn from a seed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use sha1::{Digest, Sha1};
use sha2::Sha256;

/// The bytes of a file of a repository.
#[derive(Clone, Debug)]
pub enum Content {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// On disk; the file must not change while it is served.
    File {
        /// Where.
        path: PathBuf,
        /// Its length in bytes.
        len: u64,
    },
    /// Bytes that a seed decides, for checkpoints that need neither memory nor disk.
    Drawn {
        /// Other seeds give other bytes.
        seed: u64,
        /// How many bytes.
        len: u64,
    },
}

impl Content {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } | Self::Drawn { len, .. } => *len,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A file of a folder.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let len = std::fs::metadata(&path)?.len();
        Ok(Self::File { path, len })
    }

    /// The bytes from `start` on, `len` of them at most.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn reader(&self, start: u64, len: u64) -> io::Result<Box<dyn Read + '_>> {
        let end = self.len().min(start.saturating_add(len));
        let start = start.min(end);
        Ok(match self {
            Self::Bytes(bytes) => Box::new(&bytes[start as usize..end as usize]),
            Self::File { path, .. } => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(start))?;
                Box::new(file.take(end - start))
            }
            Self::Drawn { seed, .. } => Box::new(Drawn {
                seed: *seed,
                at: start,
                end,
            }),
        })
    }

    /// All bytes.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader(0, u64::MAX)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The SHA-256 as Git LFS names it: 64 hexadecimal digits.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn sha256(&self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        self.pieces(|piece| hasher.update(piece))?;
        Ok(hex(&hasher.finalize()))
    }

    /// Git's name of the blob: the SHA-1 of `blob`, its length, a zero byte and the bytes.
    ///
    /// # Errors
    /// When a file on disk can't be read.
    pub fn git_oid(&self) -> io::Result<String> {
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {}\0", self.len()));
        self.pieces(|piece| hasher.update(piece))?;
        Ok(hex(&hasher.finalize()))
    }

    fn pieces(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let mut reader = self.reader(0, u64::MAX)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            each(&buffer[..read]);
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().into())
    }
}

/// Hexadecimal digits, as the Hub writes hashes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Drawn {
    seed: u64,
    at: u64,
    end: u64,
}

impl Read for Drawn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (self.end - self.at).min(buffer.len() as u64) as usize;
        for byte in &mut buffer[..count] {
            let word = split_mix(self.seed ^ (self.at / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            *byte = word.to_le_bytes()[(self.at % 8) as usize];
            self.at += 1;
        }
        Ok(count)
    }
}

/// SplitMix64's mixing: every place of a drawn file is found without those before it.
fn split_mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_git_and_sha256sum() {
        let hello = Content::from("hello\n");
        let blob = "ce013625030ba8dba906f756967f9e9ca394464a";
        let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(hello.git_oid().unwrap(), blob);
        assert_eq!(hello.sha256().unwrap(), sum);
    }

    #[test]
    fn any_part_of_drawn_bytes_is_that_part_of_all() {
        let drawn = Content::Drawn { seed: 7, len: 100 };
        let all = drawn.to_vec().unwrap();
        let mut part = Vec::new();
        drawn
            .reader(13, 50)
            .unwrap()
            .read_to_end(&mut part)
            .unwrap();
        assert_eq!(part, all[13..63]);
        assert_eq!(all.len(), 100);
    }
}
