//! Holds nothing; its test pushes to a simulated Xet storage.
