//! How much memory a piece of work takes, as Linux counts it.

/// What the process held when the mark was set, in kilobytes.
pub(crate) struct Mark(u64);

impl Mark {
    /// From here on growth is counted. `None` where the system does not tell.
    pub(crate) fn set() -> Option<Self> {
        // Writing 5 sets the high-water mark back to what is held now.
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
        kilobytes("VmRSS:").map(Mark)
    }

    /// By how many bytes the process has grown since, at its largest.
    pub(crate) fn growth(&self) -> Option<u64> {
        Some(kilobytes("VmHWM:")?.saturating_sub(self.0) * 1024)
    }
}

fn kilobytes(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
