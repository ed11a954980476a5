//! The packet header.
