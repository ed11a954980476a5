//! How many files and sockets the process may open.

use super::LoadError;

/// Raises the limit to what the system allows and checks that `needed` fit.
///
/// # Errors
/// [`LoadError::OpenFiles`] if they do not.
pub(super) fn make_room(needed: u64) -> Result<(), LoadError> {
    // A limit that cannot be raised may still be high enough: then the sockets open.
    match crate::http::raise_open_files() {
        Ok(Some(limit)) if limit < needed => Err(LoadError::OpenFiles { needed, limit }),
        _ => Ok(()),
    }
}
