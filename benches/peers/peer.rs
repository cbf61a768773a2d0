//! A Python script that does one piece of work when asked, so that both sides are measured in turns and
//! under the same load.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// Seconds of the wall clock, and of the processor in all threads.
pub(crate) type Seconds = (f64, f64);

pub(crate) struct Peer {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `benches/peers/SCRIPT`; `None`, with a word why, where Python or a package is missing.
    pub(crate) fn start(script: &str, arguments: &[&OsStr]) -> Option<Self> {
        let python = std::env::var("CAPTIONER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../benches/peers")
            .join(script);
        let mut command = Command::new(&python);
        command.arg(script).args(arguments);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started
            .map_err(|error| eprintln!("no Python side: {python}: {error}"))
            .ok()?;
        let input = process.stdin.take()?;
        let output = BufReader::new(process.stdout.take()?);
        let mut peer = Self {
            process,
            input,
            output,
        };
        match peer.line() {
            line if line.trim() == "ready" => Some(peer),
            line => {
                eprintln!("no Python side: it said {line:?}");
                None
            }
        }
    }

    /// The numbers that the script prints for this work.
    pub(crate) fn ask(&mut self, work: &str) -> Vec<f64> {
        writeln!(self.input, "{work}").expect("the script reads");
        let line = self.line();
        line.split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the script prints");
        line
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn time(work: impl FnOnce()) -> Seconds {
    let processor = processor_seconds();
    let start = Instant::now();
    work();
    (
        start.elapsed().as_secs_f64(),
        processor_seconds() - processor,
    )
}

/// Of all threads; 0 outside Linux.
fn processor_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let nanoseconds = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}

pub(crate) fn median(seconds: &[Seconds]) -> Seconds {
    let middle = |pick: fn(&Seconds) -> f64| {
        let mut sorted: Vec<f64> = seconds.iter().map(pick).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    };
    (middle(|seconds| seconds.0), middle(|seconds| seconds.1))
}
