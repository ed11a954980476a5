//! HTTP: login, capabilities, control.

pub mod login;
