//! Git LFS pointers: what a repository holds in place of a large file until it is pulled.

/// How a pointer begins, by the specification of Git LFS (`docs/spec.md`).
const START: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// Whether a file that begins with these bytes is a Git LFS pointer.
pub(crate) fn is_lfs_pointer(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(START)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_what_it_stands_for() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert!(is_lfs_pointer(pointer));
        for other in [&b""[..], b"version 1", b"\x89PNG", &pointer[1..]] {
            assert!(!is_lfs_pointer(other));
        }
    }
}
