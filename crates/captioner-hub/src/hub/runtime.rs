//! The runtime that requests run on: its own, so that callers may be within another.

use std::future::Future;
use std::sync::mpsc::sync_channel;

use captioner_files::FileError;
use tokio::runtime::{Builder, Runtime};

use crate::HubError;

/// A private tokio runtime.
#[derive(Debug)]
pub(crate) struct Background(Option<Runtime>);

impl Background {
    pub(crate) fn start() -> Result<Self, HubError> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(2)
            .thread_name("hub")
            .enable_all()
            .build();
        let runtime = runtime.map_err(FileError::io("start", "the threads of downloads"))?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for a future. It runs on the private threads: the caller's thread only waits, which is
    /// allowed within another runtime as well, where `block_on` would panic.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, HubError>> + Send + 'static,
    ) -> Result<T, HubError> {
        let (sender, receiver) = sync_channel(1);
        if let Some(runtime) = &self.0 {
            runtime.spawn(async move {
                // The receiver waits until this is sent.
                let _ = sender.send(future.await);
            });
        }
        let ended = std::io::Error::other("it ended before its time");
        let received = receiver.recv();
        received.unwrap_or_else(|_| Err(FileError::io("finish", "the download")(ended).into()))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Dropping it in place panics within another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
