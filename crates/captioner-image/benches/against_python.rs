//! JPEG files to pixel values: transformers' Pillow and torchvision backends and this crate, in turns.
//!
//! ```text
//! CAPTIONER_PYTHON=python CAPTIONER_DATA=data cargo bench -p captioner-image --bench against_python
//! ```
//!
//! `CAPTIONER_PYTHON` is a Python with transformers, torchvision and Pillow. With `CAPTIONER_DATA` a real
//! photograph is measured too, of 1800×1200. Medians; the ratio to the
//! faster of the two backends is given for the wall clock, and for processor time, which other work on
//! the machine disturbs less. A single picture is processed fifty times in a row by each, so that what is
//! measured is not how soon threads wake up. The values are compared with Pillow's too, and the decoder
//! with another.

#![expect(clippy::print_stdout, reason = "a bench prints its measurements")]

#[path = "../../../benches/peers/peer.rs"]
mod peer;

use captioner_image::{
    DecodeOptions, ImageProcessor, ImageProcessorConfig, Source, Workers, decode,
};
use peer::{Peer, Seconds, median, time};
use std::path::{Path, PathBuf};

/// As in the examples: otherwise the kernel maps and clears the planes of every picture anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs of each piece of work, odd, so that there is one in the middle; another number can be given
/// behind `--`.
const RUNS: usize = 21;
const BATCH: usize = 64;
/// How often a single picture is processed in a row.
const IN_A_ROW: usize = 50;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = std::env::var_os("CAPTIONER_DATA").map(PathBuf::from);
    let photograph = data.map(|data| data.join("exif-orientation/Landscape_1.jpg"));
    let mut arguments = vec![folder.path().as_os_str()];
    arguments.extend(photograph.as_deref().map(Path::as_os_str));
    let Some(mut peer) = Peer::start("pictures.py", &arguments) else {
        return;
    };
    let processor = ImageProcessor::new(ImageProcessorConfig::clip(224)).expect("good settings");
    let workers = Workers::new(0).expect("threads");
    let given = std::env::args().find_map(|runs| runs.parse().ok());
    let runs: usize = given.unwrap_or(RUNS);
    println!(
        "medians of {runs} (batches: {}), {} threads",
        runs / 3,
        workers.threads()
    );
    let [a, b, c, d, e] = ["Pillow ms", "torchv. ms", "ours ms", "ratio", "by CPU"];
    println!("{:<22} {a:>10} {b:>10} {c:>9} {d:>7} {e:>7}", "");
    let names = ["640x480", "1280x960", "photograph"];
    for name in &names[..if photograph.is_some() { 3 } else { 2 }] {
        let jpeg = std::fs::read(folder.path().join(format!("{name}.jpg"))).expect("a picture");
        compare_values(&processor, &workers, folder.path(), name, &jpeg);
        compare_decoders(&jpeg, runs);
        for count in [1, BATCH] {
            let sources = vec![Source::Encoded(&jpeg); count];
            let mut out = vec![0.0; count * 3 * 224 * 224];
            let ours = || process(&processor, &sources, &workers, &mut out);
            measure(
                &mut peer,
                name,
                count,
                if count == 1 { runs } else { runs / 3 },
                ours,
            );
        }
    }
}

/// On the workers, who share the work on a single picture.
fn process(processor: &ImageProcessor, sources: &[Source], workers: &Workers, out: &mut [f32]) {
    let options = DecodeOptions::default();
    processor
        .preprocess_into(sources, &options, workers, out)
        .expect("whole pictures");
}

fn measure(peer: &mut Peer, name: &str, count: usize, runs: usize, mut ours: impl FnMut()) {
    let times = if count == 1 { IN_A_ROW } else { 1 };
    let mut seconds: [Vec<Seconds>; 3] = Default::default();
    for run in 0..=runs {
        let theirs = ["pillow", "torchvision"].map(|backend| {
            let answer = peer.ask(&format!("{backend} {name} {count} {times}"));
            (answer[0], answer[1])
        });
        let own = time(|| (0..times).for_each(|_| ours()));
        if run > 0 {
            // The first run warms all three up.
            for (all, one) in seconds.iter_mut().zip([theirs[0], theirs[1], own]) {
                all.push(one);
            }
        }
    }
    let [pillow, torchvision, own] = seconds.map(|seconds| median(&seconds));
    let ratio = pillow.0.min(torchvision.0) / own.0;
    let by_processor = pillow.1.min(torchvision.1) / own.1;
    let title = format!("{count} JPEG of {name}");
    let [a, b, c] = [pillow, torchvision, own].map(|seconds| 1e3 * seconds.0 / times as f64);
    println!("{title:<22} {a:>10.2} {b:>10.2} {c:>9.3} {ratio:>6.1}x {by_processor:>6.1}x");
}

/// This crate's JPEG decoder and `zune-jpeg`, which the `image` crate uses.
fn compare_decoders(jpeg: &[u8], runs: usize) {
    let options = DecodeOptions::default();
    let own = || decode(jpeg, &options).expect("a whole picture");
    let other = || {
        image::load_from_memory(jpeg)
            .expect("a whole picture")
            .into_rgb8()
    };
    let (pixels, others) = (own().into_raw(), other().into_raw());
    let same = pixels
        .iter()
        .zip(&others)
        .filter(|(own, other)| own == other)
        .count();
    let off = pixels
        .iter()
        .zip(&others)
        .map(|(own, other)| own.abs_diff(*other))
        .max();
    let [own, other]: [Vec<Seconds>; 2] = [
        (0..runs).map(|_| time(|| drop(own()))).collect(),
        (0..runs).map(|_| time(|| drop(other()))).collect(),
    ];
    let [own, other] = [own, other].map(|seconds| 1e3 * median(&seconds).0);
    let share = 100.0 * same as f64 / pixels.len() as f64;
    println!(
        "  decoding alone: {own:.2} ms, zune-jpeg {other:.2} ms, which has {share:.1} % of these values \
         and is up to {} off",
        off.unwrap_or(0)
    );
}

fn compare_values(
    processor: &ImageProcessor,
    workers: &Workers,
    folder: &Path,
    name: &str,
    jpeg: &[u8],
) {
    let expected = std::fs::read(folder.join(format!("{name}.f32"))).expect("Pillow's values");
    let (expected, _) = expected.as_chunks::<4>();
    let options = DecodeOptions::default();
    let own = processor
        .preprocess(&[Source::Encoded(jpeg)], &options, workers)
        .expect("a whole picture");
    let same = own
        .values()
        .iter()
        .zip(expected)
        .filter(|(own, theirs)| own.to_le_bytes() == **theirs);
    println!(
        "{name}: {} of {} values are Pillow's, bit for bit",
        same.count(),
        own.values().len()
    );
}
