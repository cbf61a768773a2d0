//! Whether a file is the one that its listing names.

use std::fs::File;
use std::io::{self, Read};

use sha1::{Digest, Sha1};
use sha2::Sha256;

/// A hash that grows with the bytes that come.
#[derive(Clone)]
pub(crate) enum Hash {
    /// Of a file in LFS.
    Sha256(Sha256),
    /// Git's: `blob`, the length, a zero byte, the bytes.
    Git(Sha1),
}

impl Hash {
    /// The hash that a name of 64 or 40 digits is.
    pub(crate) fn new(etag: &str, size: u64) -> Self {
        if etag.len() == 64 {
            return Self::Sha256(Sha256::new());
        }
        let mut hash = Sha1::new();
        hash.update(format!("blob {size}\0"));
        Self::Git(hash)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
        }
    }

    /// Takes in what a file holds already, and gives how many bytes that is.
    pub(crate) fn update_from(&mut self, file: &mut File) -> io::Result<u64> {
        let mut buffer = vec![0; 1 << 20];
        let mut all = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(all);
            }
            self.update(&buffer[..read]);
            all += read as u64;
        }
    }

    pub(crate) fn digits(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Git(hash) => hex(&hash.finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_git_and_sha256sum() {
        let blob = "ce013625030ba8dba906f756967f9e9ca394464a";
        let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        for name in [blob, sum] {
            let mut hash = Hash::new(name, 6);
            hash.update(b"hel");
            hash.update(b"lo\n");
            assert_eq!(hash.digits(), name);
        }
    }
}
