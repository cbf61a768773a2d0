//! Event files as TensorBoard reads them.
//!
//! A file is a row of records: the payload's length as a little-endian `u64`, the masked CRC-32C of
//! these eight bytes, the payload, its masked CRC-32C (`tensorflow/core/lib/io/record_writer.h`). A
//! payload is an `Event` (`tensorboard/compat/proto/event.proto`), of whose fields the few that are
//! needed are written by hand.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Appends events to a file of its own.
#[derive(Debug)]
pub(crate) struct EventWriter {
    #[cfg(test)]
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventWriter {
    /// A new file `events.out.tfevents.SECONDS.HOST.PROCESS.N` in a folder, which is made where it is
    /// missing.
    ///
    /// # Errors
    /// When the folder or the file can't be made or written.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        static WRITERS: AtomicU32 = AtomicU32::new(0);
        fs::create_dir_all(folder)?;
        let name = format!(
            "events.out.tfevents.{:010}.{}.{}.{}",
            wall_time() as u64,
            host_name(),
            std::process::id(),
            WRITERS.fetch_add(1, Ordering::Relaxed),
        );
        let path = folder.join(name);
        let file = File::options().write(true).create_new(true).open(&path)?;
        let file = BufWriter::new(file);
        let mut writer = Self {
            #[cfg(test)]
            path,
            file,
        };
        writer.write(
            Message::new()
                .double(1, wall_time())
                .bytes(3, b"brain.Event:2"),
        )?;
        writer.flush()?;
        Ok(writer)
    }

    /// Where the file lies.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// One point of a curve. TensorBoard keeps it with 32 bits.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn scalar(&mut self, tag: &str, step: usize, value: f64) -> io::Result<()> {
        let value = Message::new()
            .bytes(1, tag.as_bytes())
            .float(2, value as f32);
        self.summary(step, &value)
    }

    /// A text, shown as Markdown. Its tag gets the ending `/text_summary`, as `add_text` of PyTorch's
    /// `SummaryWriter` gives it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn text(&mut self, tag: &str, step: usize, text: &str) -> io::Result<()> {
        const DT_STRING: u64 = 7;
        let one = Message::new().varint(1, 1);
        let shape = Message::new().message(2, &one);
        let tensor = Message::new().varint(1, DT_STRING).message(2, &shape);
        let tensor = tensor.bytes(8, text.as_bytes());
        let plugin = Message::new().bytes(1, b"text");
        let metadata = Message::new().message(1, &plugin);
        let value = Message::new().bytes(1, format!("{tag}/text_summary").as_bytes());
        let value = value.message(8, &tensor).message(9, &metadata);
        self.summary(step, &value)
    }

    /// Hands what was written to the operating system, so that a TensorBoard at work sees it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn summary(&mut self, step: usize, value: &Message) -> io::Result<()> {
        let event = Message::new().double(1, wall_time());
        let event = match step {
            0 => event, // a zero is not written in proto3
            step => event.varint(2, step as u64),
        };
        self.write(event.message(5, &Message::new().message(1, value)))
    }

    fn write(&mut self, event: Message) -> io::Result<()> {
        let Message(payload) = event;
        let length = (payload.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&masked_crc(&length).to_le_bytes())?;
        self.file.write_all(&payload)?;
        self.file.write_all(&masked_crc(&payload).to_le_bytes())
    }
}

/// The tag of a logged value: `eval/loss` of `eval_loss`, `train/loss` of `loss`, as transformers'
/// `TensorBoardCallback` has them (`rewrite_logs`). The end of a run logs `train_loss`, which stays
/// apart from the steps' `loss` as `train/train_loss`.
pub(crate) fn tag(name: &str) -> String {
    for part in ["eval", "test"] {
        if let Some(rest) = name
            .strip_prefix(part)
            .and_then(|rest| rest.strip_prefix('_'))
        {
            return format!("{part}/{rest}");
        }
    }
    format!("train/{name}")
}

/// The name of this machine, `localhost` where it isn't known; never with a separator of paths.
pub(crate) fn host_name() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let names = [
        kernel,
        std::env::var("HOSTNAME").ok(),
        std::env::var("COMPUTERNAME").ok(),
    ];
    let mut names = names
        .into_iter()
        .flatten()
        .map(|name| name.trim().to_owned());
    let name = names.find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "localhost".to_owned());
    name.replace(['/', '\\'], "_")
}

/// The folder of a run's events below `output_dir`: `runs/Nov27_11-52-03_HOST`, in UTC, as Rust's
/// standard library knows no time zones (transformers takes the local time).
pub(crate) fn run_folder(now: SystemTime) -> PathBuf {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (month, day) = month_and_day(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let month = MONTHS[month];
    let host = host_name();
    Path::new("runs").join(format!(
        "{month}{day:02}_{hour:02}-{minute:02}-{second:02}_{host}"
    ))
}

/// Month (from 0) and day (from 1) of a day since 1970-01-01.
fn month_and_day(mut days: u64) -> (usize, u64) {
    let mut year = 1970;
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in months.into_iter().enumerate() {
            if days < length {
                return (month, days + 1);
            }
            days -= length;
        }
        year += 1;
    }
}

/// Seconds since 1970.
fn wall_time() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |time| time.as_secs_f64())
}

/// A protocol buffer being written: fields as (number << 3 | kind) and a value.
struct Message(Vec<u8>);

impl Message {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn double(mut self, field: u64, value: f64) -> Self {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, field: u64, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn varint(mut self, field: u64, value: u64) -> Self {
        self.key(field, 0);
        self.push_varint(value);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.push_varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    fn key(&mut self, field: u64, kind: u64) {
        self.push_varint(field << 3 | kind);
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn push_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A checksum as records keep it: rotated, and a constant added.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), the reflected polynomial 0x82f63b78.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let next = |crc: u32, &byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, next)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= 0x82f6_3b78;
            }
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        // Appendix B.4 of RFC 3720; the last is the usual check value of CRC-32C.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn events_are_the_bytes_that_protobuf_writes() {
        // event_pb2.Event(wall_time=1.5, step=300, summary=Summary(value=[Summary.Value(tag="train/loss",
        // simple_value=0.25)])).SerializeToString().hex() of tensorboard 2.21.0.
        let value = Message::new().bytes(1, b"train/loss").float(2, 0.25);
        let event = Message::new().double(1, 1.5).varint(2, 300);
        let event = event.message(5, &Message::new().message(1, &value));
        let hex: String = event.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "09000000000000f83f10ac022a130a110a0a747261696e2f6c6f7373150000803e"
        );
    }

    #[test]
    fn records_are_framed_and_checked() {
        let root = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(&root.path().join("runs/now")).unwrap();
        writer.scalar("train/loss", 7, 0.5).unwrap();
        writer.text("args", 0, "{\"seed\": 42}").unwrap();
        writer.flush().unwrap();
        let bytes = fs::read(writer.path()).unwrap();
        let mut rest = bytes.as_slice();
        let mut payloads = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_at(8);
            let (length_crc, after) = after.split_at(4);
            let size = u64::from_le_bytes(length.try_into().unwrap()) as usize;
            let (payload, after) = after.split_at(size);
            let (payload_crc, after) = after.split_at(4);
            assert_eq!(length_crc, masked_crc(length).to_le_bytes());
            assert_eq!(payload_crc, masked_crc(payload).to_le_bytes());
            payloads.push(payload);
            rest = after;
        }
        assert_eq!(payloads.len(), 3);
        assert!(payloads[0].ends_with(b"brain.Event:2"));
        assert!(payloads[1].ends_with(&0.5f32.to_le_bytes()));
        let has = |part: &[u8]| payloads[2].windows(part.len()).any(|window| window == part);
        assert!(has(b"args/text_summary") && has(b"{\"seed\": 42}"));
    }

    #[test]
    fn two_writers_of_one_process_have_files_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let first = EventWriter::create(root.path()).unwrap();
        let second = EventWriter::create(root.path()).unwrap();
        assert_ne!(first.path(), second.path());
    }

    #[test]
    fn tags_are_those_of_transformers() {
        // rewrite_logs of transformers 5.23.0, integrations/integration_utils.py.
        let cases = [
            ("loss", "train/loss"),
            ("learning_rate", "train/learning_rate"),
            ("train_loss", "train/train_loss"),
            ("eval_loss", "eval/loss"),
            ("eval_generated_wer", "eval/generated_wer"),
            ("test_loss", "test/loss"),
            ("evaluation", "train/evaluation"),
        ];
        for (name, want) in cases {
            assert_eq!(tag(name), want);
        }
    }

    #[test]
    fn folders_of_runs_have_the_date() {
        // datetime.fromtimestamp(t, timezone.utc).strftime("%b%d_%H-%M-%S") of Python.
        let cases = [
            (0, "Jan01_00-00-00"),
            (951_782_400, "Feb29_00-00-00"),
            (951_868_799, "Feb29_23-59-59"),
            (1_764_244_323, "Nov27_11-52-03"),
            (4_107_542_400, "Mar01_00-00-00"),
        ];
        for (seconds, want) in cases {
            let folder = run_folder(UNIX_EPOCH + Duration::from_secs(seconds));
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(folder, Path::new("runs").join(&name));
            assert!(name.starts_with(&format!("{want}_")), "{name}");
            assert!(name.len() > want.len() + 1, "{name}");
        }
    }
}
