//! Inspects a folder of captioned pictures, or its two parts.
//!
//! ```text
//! cargo run --release -p captioner-inspect --example inspect_folder -- FOLDER OUTPUT [TOKENIZER]
//! ```

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use captioner_data::{BadRows, OpenOptions, open_dataset, train_test_split};
use captioner_inspect::{InspectOptions, NamedSplit, inspect};
use captioner_text::CaptionTokenizer;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("give a folder of captioned pictures and a folder for the result".into());
    };
    let tokenizer = arguments.next().map(CaptionTokenizer::from_pretrained);
    let options = InspectOptions {
        tokenizer: tokenizer.transpose()?,
        ..InspectOptions::default()
    };
    let set = open_dataset(
        &folder,
        &OpenOptions::default().with_bad_rows(BadRows::Skip),
    )?;
    let parts = train_test_split(set, 0.1, 42)?;
    let splits: [NamedSplit; 2] = [
        ("train".to_owned(), Arc::new(parts.train)),
        ("test".to_owned(), Arc::new(parts.test)),
    ];
    let start = Instant::now();
    let found = inspect(&splits, &options, &|_| ())?;
    let seconds = start.elapsed().as_secs_f64();
    let mut out = std::io::stdout();
    writeln!(out, "{}\n{seconds:.2} s", found.to_text())?;
    for file in found.save(&output)? {
        writeln!(out, "{}", file.display())?;
    }
    Ok(())
}
