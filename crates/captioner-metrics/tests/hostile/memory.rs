//! How much memory a piece of work takes, as Linux counts it.

/// Runs `work` and says by how many bytes the process grew beyond what it held before, at its
/// largest. `None` where the system does not tell.
pub(crate) fn peak_growth(work: impl FnOnce()) -> Option<u64> {
    // Writing 5 sets the high-water mark back to what is held now.
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = kilobytes("VmRSS:")?;
    work();
    Some(kilobytes("VmHWM:")?.saturating_sub(before) * 1024)
}

fn kilobytes(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
