//! What people write about themselves.

use uuid::Uuid;

/// A profile; an account that never wrote one has the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The text about the avatar, at most [`MAX_ABOUT`] bytes.
    pub about: String,
    /// The text about the person; like all other texts at most [`MAX_TEXT`] bytes.
    pub first_life: String,
    /// Texture.
    pub image: Uuid,
    /// Texture.
    pub first_life_image: Uuid,
    /// A web page.
    pub url: String,
    /// Whether the web may show it.
    pub allow_publish: bool,
    /// Whether it is for adults.
    pub mature_publish: bool,
    /// `WantToMask` of the interests.
    pub want_to_mask: u32,
    /// `WantToText` of the interests.
    pub want_to_text: String,
    /// `SkillsMask` of the interests.
    pub skills_mask: u32,
    /// `SkillsText` of the interests.
    pub skills_text: String,
    /// `LanguagesText` of the interests.
    pub languages: String,
}

/// What older viewers let people write about themselves, in bytes.
pub const MAX_ABOUT: usize = 511;
/// What goes into a Variable 1 field with its final NUL, in bytes.
pub const MAX_TEXT: usize = 254;

impl Profile {
    /// Cuts what is too long.
    pub(super) fn shorten(&mut self) {
        shorten(&mut self.about, MAX_ABOUT);
        for text in [
            &mut self.first_life,
            &mut self.url,
            &mut self.want_to_text,
            &mut self.skills_text,
            &mut self.languages,
        ] {
            shorten(text, MAX_TEXT);
        }
    }
}

/// Cuts to `most` bytes on a character boundary.
pub(super) fn shorten(text: &mut String, most: usize) {
    text.truncate(crate::message::cut(text, most).len());
}
