//! What a download tells while it runs.

use std::fmt::Debug;
use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What a download tells while it runs. Every method may be called from several threads at once.
pub trait DownloadProgress: Debug + Send + Sync {
    /// So many files with so many bytes are missing in the cache; `present` bytes of them are left
    /// from a download that broke off.
    fn start(&self, files: usize, bytes: u64, present: u64) {
        let _ = (files, bytes, present);
    }

    /// So many large files with so many bytes are to be sent.
    fn start_push(&self, files: usize, bytes: u64) {
        let _ = (files, bytes);
    }

    /// So many bytes of a file came, or were sent.
    fn advance(&self, file: &str, bytes: u64) {
        let _ = (file, bytes);
    }

    /// So many bytes of a file were of no use, and are fetched or sent again.
    fn lose(&self, file: &str, bytes: u64) {
        let _ = (file, bytes);
    }

    /// All files are there.
    fn finish(&self) {}

    /// Something a user should know, such as a wait that the server asks for: one line.
    fn note(&self, line: &str) {
        let _ = line;
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl DownloadProgress for NoProgress {}

/// A bar on the standard error output where that is a terminal, and the notes in any case.
#[derive(Debug)]
pub struct TerminalProgress {
    bars: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl TerminalProgress {
    /// With bars, or with notes only.
    pub fn new(bars: bool) -> Self {
        Self {
            bars: bars && std::io::stderr().is_terminal(),
            bar: Mutex::new(None),
        }
    }

    fn begin(&self, verb: &str, files: usize, bytes: u64, present: u64) {
        if !self.bars || files == 0 {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let plural = if files == 1 { "" } else { "s" };
        bar.set_message(format!("{verb} {files} file{plural}"));
        bar.set_position(present);
        bar.reset_eta();
        if let Ok(mut slot) = self.bar.lock() {
            *slot = Some(bar);
        }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = bar.as_ref()
        {
            act(bar);
        }
    }
}

impl DownloadProgress for TerminalProgress {
    fn start(&self, files: usize, bytes: u64, present: u64) {
        self.begin("fetching", files, bytes, present);
    }

    fn start_push(&self, files: usize, bytes: u64) {
        self.begin("sending", files, bytes, 0);
    }

    fn advance(&self, _: &str, bytes: u64) {
        self.with_bar(|bar| bar.inc(bytes));
    }

    fn lose(&self, _: &str, bytes: u64) {
        self.with_bar(|bar| bar.dec(bytes));
    }

    fn finish(&self) {
        let bar = self.bar.lock().ok().and_then(|mut bar| bar.take());
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }

    fn note(&self, line: &str) {
        let bar = self.bar.lock().ok().and_then(|bar| bar.clone());
        match bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
