//! IMP, the predecessor of LEP. It is only read.

use serde::Serialize;

use super::LinkMessage;
use super::plain::DecodeError;

/// A message of IMP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imp {
    /// Chosen by who requests; the answer has the same.
    pub identifier: i32,
    /// Name or alias of the script that it is for; empty: all.
    pub target: String,
    /// Name of the script that sends it.
    pub source: String,
    /// What kind of message it is.
    pub status: Status,
    /// What it is about; an answer repeats them and adds its own.
    pub parameters: Vec<String>,
    /// Any text.
    pub data: String,
}

/// What kind of message an [`Imp`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Wants no answer.
    Broadcast,
    /// Wants one.
    Request,
    /// Answers: it went well, in these words; `ok` as a rule.
    Success(String),
    /// Answers: it failed, for this reason.
    Failure(String),
}

impl Imp {
    /// Reads the three values of a link message.
    ///
    /// # Errors
    /// When the text has fewer than four lines.
    pub fn decode(link: &LinkMessage) -> Result<Self, DecodeError> {
        let lines: Vec<&str> = link.text.split('\n').collect();
        let [target, source, status, parameters @ ..] = lines.as_slice() else {
            return Err(DecodeError { found: lines.len(), least: LEAST_LINES });
        };
        if parameters.is_empty() {
            return Err(DecodeError { found: lines.len(), least: LEAST_LINES });
        }
        let status = match (*status, status.strip_prefix("err:")) {
            (":", _) => Status::Broadcast,
            ("", _) => Status::Request,
            (_, Some(reason)) => Status::Failure(reason.to_owned()),
            (words, None) => Status::Success(words.to_owned()),
        };
        Ok(Self {
            identifier: link.integer,
            target: (*target).to_owned(),
            source: (*source).to_owned(),
            status,
            parameters: parameters.iter().map(|&line| line.to_owned()).collect(),
            data: link.key.clone(),
        })
    }
}

const LEAST_LINES: usize = 4;
