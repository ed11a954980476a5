//! Zero coding.
