//! Serves a folder tree as a Hub: `hub_server PORT FOLDER [PART_BYTES]`.
//!
//! `FOLDER/models/OWNER/NAME/...` and `FOLDER/datasets/OWNER/NAME/...` are the repositories. The
//! tokens are `hf_write` (user `tests`, may write) and `hf_read` (user `reader`). It prints its
//! address and runs until its input ends. Large files are taken by one `PUT`, or in parts of
//! `PART_BYTES`; pushes stay in memory.

use std::error::Error;
use std::io::{Read, Write};

use captioner_hub_server::{HubServer, Transfer};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: hub_server PORT FOLDER [PART_BYTES]";
    let port = arguments.next().ok_or(usage)?.parse()?;
    let folder = arguments.next().ok_or(usage)?;
    let server = HubServer::start(port)?;
    server.state().add_user("hf_write", "tests", true);
    server.state().add_user("hf_read", "reader", false);
    server.state().add_folder(folder)?;
    if let Some(chunk) = arguments.next() {
        let chunk = chunk.parse()?;
        server.state().uploads().transfer = Transfer::Multipart { chunk };
    }
    server.state().uploads().verify = true;
    let mut out = std::io::stdout();
    writeln!(out, "{}", server.state().endpoint())?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
