//! Grid services: the rules of accounts, inventory, assets and login, apart from any wire format.
//!
//! Services reach what is kept through [`ports::StoreHandle`] and agents through their outbox.
//! They know no sockets, no HTTP and no database; `http` and `session` call them.

pub mod accounts;
pub mod assets;
pub mod im;
pub mod inventory;
pub mod login;
pub mod ports;
