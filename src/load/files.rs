//! How many files and sockets the process may have open.

use super::LoadError;

/// Raises the limit to what the system allows and checks that `needed` fit.
///
/// # Errors
/// [`LoadError::OpenFiles`] if they do not.
pub(super) fn make_room(needed: u64) -> Result<(), LoadError> {
    match crate::client::raise_open_files() {
        Some(limit) if limit < needed => Err(LoadError::OpenFiles { needed, limit }),
        _ => Ok(()),
    }
}
