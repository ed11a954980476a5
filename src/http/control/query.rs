//! Reads the query parameters of a request, so that errors can name the parameter.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;

use super::error::ControlError;

/// What axum makes of a query.
pub(super) type RawParameters = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// The parameters that have not been read yet.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn new(raw: RawParameters) -> Result<Self, ControlError> {
        match raw {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => {
                Err(ControlError::Invalid { field: None, message: rejection.body_text() })
            }
        }
    }

    /// A text, or nothing.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.0.remove(name)
    }

    /// A number from 0 on, or nothing.
    pub(super) fn count(&mut self, name: &'static str) -> Result<Option<u64>, ControlError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            let message = format!("{name} is not a whole number from 0 on: {shown:?}");
            ControlError::invalid(name, message)
        })
    }

    /// A number within bounds, or nothing.
    pub(super) fn count_within(
        &mut self,
        name: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, ControlError> {
        match self.count(name)? {
            Some(number) if number < least || number > most => {
                let message = format!("{name} is not from {least} to {most}: {number}");
                Err(ControlError::invalid(name, message))
            }
            number => Ok(number),
        }
    }

    /// Refuses unknown parameters.
    pub(super) fn finish(self) -> Result<(), ControlError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let shown: String = unknown.chars().take(40).collect();
                let message = format!("unknown parameter {shown:?}");
                Err(ControlError::Invalid { field: None, message })
            }
        }
    }
}
