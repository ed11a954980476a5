//! The parts of a login answer: inventory, friends, prices and so on, each with its own structure.

use uuid::Uuid;

use super::document::Document;
use super::options::LoginOptions;
use crate::ids::{AgentId, RegionHandle};

/// A content rating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maturity {
    /// `PG`.
    General,
    /// `M`.
    Mature,
    /// `A`.
    #[default]
    Adult,
}

impl Maturity {
    /// The letters on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::General => "PG",
            Self::Mature => "M",
            Self::Adult => "A",
        }
    }
}

/// Where a login really arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartedAt {
    /// The last place.
    #[default]
    Last,
    /// Home.
    Home,
    /// The place asked for by name.
    Url,
    /// A place of the grid's choice.
    Safe,
}

impl StartedAt {
    /// The word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Home => "home",
            Self::Url => "url",
            Self::Safe => "safe",
        }
    }
}

/// An agent's home.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomeLocation {
    /// The region's place.
    pub region: RegionHandle,
    /// Metres from the region's corner.
    pub position: [f32; 3],
    /// The direction to look in.
    pub look_at: [f32; 3],
}

impl HomeLocation {
    /// Notation with single quotes. One client turns it to JSON by replacing brackets and quotes, so
    /// nothing but reals may stand in the arrays.
    pub(super) fn to_notation(self) -> String {
        format!(
            "{{'region_handle':[r{},r{}], 'position':{}, 'look_at':{}}}",
            self.region.x_metres(),
            self.region.y_metres(),
            notation_reals(&self.position),
            notation_reals(&self.look_at)
        )
    }
}

/// What the viewer should know of an account's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFlags {
    /// A stipend was paid since the last login.
    pub stipend_since_login: bool,
    /// The account was in the world before; if not, the viewer shows its first-login pages.
    pub ever_logged_in: bool,
    /// The avatar's shape was chosen.
    pub gendered: bool,
    /// Daylight saving time is on in California.
    pub daylight_savings: bool,
}

impl LoginFlags {
    pub(super) fn write(self, out: &mut Document) {
        out.plain("stipend_since_login", yes_no(self.stipend_since_login));
        out.plain("ever_logged_in", yes_no(self.ever_logged_in));
        out.plain("gendered", yes_no(self.gendered));
        out.plain("daylight_savings", yes_no(self.daylight_savings));
    }
}

impl Default for LoginFlags {
    /// An account that has been in the world.
    fn default() -> Self {
        Self {
            stipend_since_login: false,
            ever_logged_in: true,
            gendered: true,
            daylight_savings: false,
        }
    }
}

/// Textures of the sky.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalTextures {
    /// The sun.
    pub sun: Uuid,
    /// The clouds.
    pub cloud: Uuid,
    /// The moon.
    pub moon: Uuid,
}

impl GlobalTextures {
    pub(super) fn write(self, out: &mut Document) {
        out.plain("sun_texture_id", self.sun);
        out.plain("cloud_texture_id", self.cloud);
        out.plain("moon_texture_id", self.moon);
    }
}

/// A kind of event or classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
}

impl Category {
    /// The nine kinds of classifieds that OpenSim and Second Life share.
    pub fn classifieds() -> Vec<Self> {
        (1..).zip(CLASSIFIEDS).map(|(id, name)| Self { id, name: name.to_owned() }).collect()
    }

    pub(super) fn write(&self, out: &mut Document) {
        out.integer("category_id", self.id);
        out.text("category_name", &self.name);
    }
}

/// The folders of a login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The agent's root folder.
    pub root: Uuid,
    /// All folders of the agent, the root included with a nil parent, the Current Outfit folder
    /// among them.
    pub folders: Vec<Folder>,
    /// The library's root folder.
    pub library_root: Uuid,
    /// The library's owner.
    pub library_owner: Uuid,
    /// All folders of the library.
    pub library_folders: Vec<Folder>,
}

impl Inventory {
    pub(super) fn write(&self, out: &mut Document, options: &LoginOptions) {
        // These three always: clients need them that never ask, and they must hold one struct of one
        // member.
        out.only("inventory-root", |out| out.plain("folder_id", self.root));
        out.only("inventory-lib-root", |out| out.plain("folder_id", self.library_root));
        out.only("inventory-lib-owner", |out| out.plain("agent_id", self.library_owner));

        let skeletons =
            [("inventory-skeleton", &self.folders), ("inventory-skel-lib", &self.library_folders)];
        for (name, folders) in skeletons {
            if options.wants(name) {
                out.groups(name, folders, |out, folder| folder.write(out));
            }
        }
    }
}

/// One folder of a skeleton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The folder.
    pub id: Uuid,
    /// The folder around it; nil for a root.
    pub parent: Uuid,
    /// Its name.
    pub name: String,
    /// Its version, which changes with its contents.
    pub version: i32,
    /// Folder type, −1 for none. One client stops at numbers that it does not know.
    pub type_default: i32,
}

impl Folder {
    pub(super) fn write(&self, out: &mut Document) {
        out.plain("folder_id", self.id);
        out.plain("parent_id", self.parent);
        out.text("name", &self.name);
        out.integer("type_default", self.type_default);
        out.integer("version", self.version);
    }
}

/// What a new avatar wears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialOutfit {
    /// Folder of the library.
    pub folder_name: String,
    /// `female` or `male`.
    pub gender: String,
}

impl InitialOutfit {
    pub(super) fn write(&self, out: &mut Document) {
        out.text("folder_name", &self.folder_name);
        out.text("gender", &self.gender);
    }
}

/// A friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buddy {
    /// The friend's agent.
    pub id: AgentId,
    /// What the friend lets us do: 1 see online, 2 see on the map, 4 edit objects.
    pub rights_has: i32,
    /// What we let the friend do.
    pub rights_given: i32,
}

impl Buddy {
    pub(super) fn write(self, out: &mut Document) {
        out.plain("buddy_id", self.id);
        out.integer("buddy_rights_has", self.rights_has);
        out.integer("buddy_rights_given", self.rights_given);
    }
}

/// Addresses of web services; each is left out if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridUrls {
    /// Base of the map tiles.
    pub map_server: Option<String>,
    /// Base of the baked textures, with a slash at the end.
    pub agent_appearance_service: Option<String>,
    /// Profiles by OpenSim's name.
    pub profile_server: Option<String>,
    /// Profiles by Firestorm's name.
    pub web_profile: Option<String>,
    /// Search.
    pub search: Option<String>,
    /// Destination guide.
    pub destination_guide: Option<String>,
    /// Avatar picker.
    pub avatar_picker: Option<String>,
    /// Help, with place holders.
    pub help_format: Option<String>,
    /// Settings of snapshots.
    pub snapshot_config: Option<String>,
    /// Tutorial.
    pub tutorial: Option<String>,
    /// OpenID, with its token.
    pub openid: Option<(String, String)>,
}

impl GridUrls {
    pub(super) fn write(&self, out: &mut Document) {
        out.some_text("map-server-url", self.map_server.as_deref());
        out.some_text("agent_appearance_service", self.agent_appearance_service.as_deref());
        out.some_text("profile-server-url", self.profile_server.as_deref());
        out.some_text("web_profile_url", self.web_profile.as_deref());
        out.some_text("search", self.search.as_deref());
        out.some_text("destination_guide_url", self.destination_guide.as_deref());
        out.some_text("avatar_picker_url", self.avatar_picker.as_deref());
        out.some_text("help_url_format", self.help_format.as_deref());
        out.some_text("snapshot_config_url", self.snapshot_config.as_deref());
        if let Some(url) = &self.tutorial {
            out.only("tutorial_setting", |out| {
                out.text("tutorial_url", url);
                out.plain("use_tutorial", yes_no(true));
            });
        }
        if let Some((url, token)) = &self.openid {
            out.text("openid_url", url);
            out.text("openid_token", token);
        }
    }
}

/// What an account may do, and what the kinds of accounts of the grid may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBenefits {
    /// Name of the account's kind.
    pub account_type: String,
    /// This account's.
    pub own: Benefits,
    /// Those of a basic account.
    pub base: Benefits,
    /// Those of a premium account.
    pub premium: Benefits,
}

impl AccountBenefits {
    /// The same for everybody.
    pub fn uniform(benefits: &Benefits) -> Self {
        let [own, base, premium] = [(); 3].map(|()| benefits.clone());
        Self { account_type: "Base".to_owned(), own, base, premium }
    }

    pub(super) fn write(&self, out: &mut Document) {
        out.text("account_type", &self.account_type);
        out.group("account_level_benefits", |out| self.own.write(out));
        out.group("premium_packages", |out| {
            for (name, benefits) in [("Base", &self.base), ("Premium", &self.premium)] {
                out.group(name, |out| out.group("benefits", |out| benefits.write(out)));
            }
        });
    }
}

/// Limits and prices in the currency of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Benefits {
    /// Animated objects worn at once.
    pub animated_object_limit: i32,
    /// Price of an animation.
    pub animation_upload_cost: i32,
    /// Attachments worn at once.
    pub attachment_limit: i32,
    /// Price of a group.
    pub create_group_cost: i32,
    /// Memberships.
    pub group_membership_limit: i32,
    /// Picks in a profile.
    pub picks_limit: i32,
    /// Price of a sound.
    pub sound_upload_cost: i32,
    /// Price of a texture.
    pub texture_upload_cost: i32,
    /// Prices of textures above 1024 pixels, by size; may be empty.
    pub large_texture_upload_cost: Vec<i32>,
}

impl Benefits {
    pub(super) fn write(&self, out: &mut Document) {
        out.integer("animated_object_limit", self.animated_object_limit);
        out.integer("animation_upload_cost", self.animation_upload_cost);
        out.integer("attachment_limit", self.attachment_limit);
        out.integer("create_group_cost", self.create_group_cost);
        out.integer("group_membership_limit", self.group_membership_limit);
        out.integer("picks_limit", self.picks_limit);
        out.integer("sound_upload_cost", self.sound_upload_cost);
        out.integer("texture_upload_cost", self.texture_upload_cost);
        if !self.large_texture_upload_cost.is_empty() {
            out.integers("large_texture_upload_cost", &self.large_texture_upload_cost);
        }
    }
}

impl Default for Benefits {
    /// Everything for free, within the limits of a Second Life account.
    fn default() -> Self {
        Self {
            animated_object_limit: 1,
            animation_upload_cost: 0,
            attachment_limit: 38,
            create_group_cost: 0,
            group_membership_limit: 42,
            picks_limit: 20,
            sound_upload_cost: 0,
            texture_upload_cost: 0,
            large_texture_upload_cost: vec![0, 0],
        }
    }
}

/// An array of reals in notation.
pub(super) fn notation_reals(values: &[f32]) -> String {
    let reals = values.iter().map(|value| {
        let value = if value.is_finite() { *value } else { 0.0 };
        format!("r{value}")
    });
    format!("[{}]", reals.collect::<Vec<_>>().join(","))
}

pub(super) const fn yes_no(value: bool) -> &'static str {
    if value { "Y" } else { "N" }
}

const CLASSIFIEDS: [&str; 9] = [
    "Shopping",
    "Land Rental",
    "Property Rental",
    "Special Attraction",
    "New Products",
    "Employment",
    "Wanted",
    "Service",
    "Personal",
];
