//! What is in a captioned picture set, and what training on it would trip over.
