//! The names of sqlx that `benthic_protocol` mentions.

use std::marker::PhantomData;

#[derive(Clone, Debug)]
pub struct Sqlite;

#[derive(Clone, Debug)]
pub struct Pool<D>(PhantomData<D>);
