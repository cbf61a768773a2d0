//! A local server that speaks the protocol of the Hugging Face Hub, for tests.
