//! Two listeners, a thread per connection, and the faults.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::faults::{self, FaultKind};
use crate::request::{Request, Side};
use crate::response::{Body, Response, write_chunks};
use crate::route::handle;
use crate::state::State;

/// A server that runs until it is dropped.
///
/// ```
/// use captioner_hub_server::{HubServer, RepoKind};
///
/// let server = HubServer::start(0)?;
/// let files = [("config.json".to_owned(), "{}".into())];
/// server.state().add_files(RepoKind::Model, "tests/git", "main", files)?;
/// // Now a client whose HF_ENDPOINT is `server.state().endpoint()` finds tests/git.
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct HubServer {
    state: Arc<State>,
    addresses: [SocketAddr; 2],
    stopped: Arc<AtomicBool>,
}

impl HubServer {
    /// Starts the Hub at a port of 127.0.0.1, and the host of the big files at another; 0 takes any
    /// free port.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(port: u16) -> io::Result<Self> {
        let hub = TcpListener::bind(("127.0.0.1", port))?;
        let cdn = TcpListener::bind(("127.0.0.1", 0))?;
        let addresses = [hub.local_addr()?, cdn.local_addr()?];
        let state = Arc::new(State::new(
            format!("http://{}", addresses[0]),
            format!("http://localhost:{}", addresses[1].port()),
        ));
        let stopped = Arc::new(AtomicBool::new(false));
        for (listener, side) in [(hub, Side::Hub), (cdn, Side::Cdn)] {
            let (state, stopped) = (Arc::clone(&state), Arc::clone(&stopped));
            thread::spawn(move || accept(&listener, side, &state, &stopped));
        }
        Ok(Self {
            state,
            addresses,
            stopped,
        })
    }

    /// Repositories, users, faults and the log.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        for address in self.addresses {
            // Wakes the listener, so that it sees the flag.
            drop(TcpStream::connect(address));
        }
    }
}

fn accept(listener: &TcpListener, side: Side, state: &Arc<State>, stopped: &Arc<AtomicBool>) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), state, stopped) = (stream, Arc::clone(state), Arc::clone(stopped)) else {
            continue;
        };
        thread::spawn(move || {
            // A client that goes away is no fault of the server.
            let _ = converse(stream, side, &state, &stopped);
        });
    }
}

/// Answers the requests of a connection, one after the other.
fn converse(stream: TcpStream, side: Side, state: &State, stopped: &AtomicBool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while !stopped.load(Ordering::SeqCst) {
        let Some(mut request) = Request::read(side, stream)? else {
            return Ok(());
        };
        state.note(&request);
        let fault = faults::take(&mut state.faults(), &request);
        if !answer(&mut request, state, fault.as_ref(), stopped)? {
            return request.stream().shutdown(Shutdown::Both);
        }
        stream = request.finish()?;
    }
    Ok(())
}

/// Answers a request; whether the connection goes on.
fn answer(
    request: &mut Request,
    state: &State,
    fault: Option<&FaultKind>,
    stopped: &AtomicBool,
) -> io::Result<bool> {
    match fault {
        Some(FaultKind::Drop) => return Ok(false),
        Some(FaultKind::Stall) => {
            stall(request.stream(), stopped);
            return Ok(false);
        }
        Some(FaultKind::IgnoreRange) => request.headers.retain(|(name, _)| name != "range"),
        _ => {}
    }
    let response = match fault {
        Some(FaultKind::Status {
            status,
            headers,
            body,
        }) => {
            let mut response = Response::empty(*status);
            response.headers.clone_from(headers);
            response.body = Body::Bytes(body.clone().into_bytes());
            response
        }
        _ => handle(request, state),
    };
    let head_only = request.method == "HEAD";
    // A client that waits for the answer before it has sent all is none of ours, but one that
    // sends on while we answer would find the connection reset.
    io::copy(request.body(), &mut io::sink())?;
    write(request.stream(), &response, head_only, fault, stopped)
}

fn write(
    stream: &mut TcpStream,
    response: &Response,
    head_only: bool,
    fault: Option<&FaultKind>,
    stopped: &AtomicBool,
) -> io::Result<bool> {
    let len = response.body.len();
    let said = match fault {
        Some(FaultKind::LoseAnswer) => return Ok(false),
        Some(FaultKind::LyingLength(said)) => Some(*said),
        Some(FaultKind::Chunked) => None,
        _ => Some(len),
    };
    response.write_head(stream, said)?;
    if head_only {
        return Ok(true);
    }
    let reader = response.body.reader()?;
    match fault {
        Some(FaultKind::CutAfter(bytes)) if *bytes < len => {
            io::copy(&mut reader.take(*bytes), stream)?;
            return Ok(false);
        }
        Some(FaultKind::StallAfter(bytes)) if *bytes < len => {
            io::copy(&mut reader.take(*bytes), stream)?;
            stall(stream, stopped);
            return Ok(false);
        }
        Some(FaultKind::Chunked) => {
            write_chunks(reader, stream)?;
            return Ok(true);
        }
        Some(FaultKind::WrongBytes) => io::copy(&mut WrongFirst(reader, true), stream)?,
        _ => io::copy(&mut io::BufReader::with_capacity(1 << 18, reader), stream)?,
    };
    stream.flush()?;
    Ok(said == Some(len))
}

/// Holds a connection open until the client or the server ends.
fn stall(stream: &mut TcpStream, stopped: &AtomicBool) {
    let wait = Duration::from_millis(50);
    let mut byte = [0];
    if stream.set_read_timeout(Some(wait)).is_err() {
        return;
    }
    while !stopped.load(Ordering::SeqCst) {
        match stream.read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) => {}
            Err(_) => return,
        }
    }
}

/// A reader whose first byte is another one.
struct WrongFirst<R>(R, bool);

impl<R: Read> Read for WrongFirst<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if std::mem::take(&mut self.1) && read > 0 {
            buffer[0] ^= 0xff;
        }
        Ok(read)
    }
}
