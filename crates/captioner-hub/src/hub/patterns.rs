//! Which files of a repository are meant: patterns as Python's `fnmatch` reads them.

/// Whether a file's name fits one of the patterns; every name fits if there are none.
///
/// As in `huggingface_hub`'s `allow_patterns`, `*` also stands for `/`, and a pattern that ends in
/// `/` means all that is below.
pub(crate) fn fits(patterns: &[&str], name: &str) -> bool {
    let one = |pattern: &&str| match pattern.strip_suffix('/') {
        Some(folder) => matches(format!("{folder}/*").as_bytes(), name.as_bytes()),
        None => matches(pattern.as_bytes(), name.as_bytes()),
    };
    patterns.is_empty() || patterns.iter().any(one)
}

/// `*` any bytes, `?` any one; the last star is tried again from one place further.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut star = None;
    while at < name.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[at] => {
                of += 1;
                at += 1;
            }
            _ => match &mut star {
                Some((place, from)) => {
                    *from += 1;
                    (of, at) = (*place + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_python() {
        assert!(fits(&[], "any/thing"));
        assert!(fits(&["*.json"], "a/b.json") && !fits(&["*.json"], "a.jsonl"));
        assert!(fits(&["a", "data/"], "data/x/y.parquet") && !fits(&["data/"], "data"));
        assert!(fits(&["model-*-of-*.bin"], "model-1-of-2.bin"));
        assert!(fits(&["?.txt"], "a.txt") && !fits(&["?.txt"], "ab.txt"));
        assert!(!fits(&["*a*a*a*a*b"], &"a".repeat(2000)));
    }
}
