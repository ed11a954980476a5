//! The answer to a login, the same for both formats.
//!
//! The types in it are what the strictest reader of each field expects: `login` and all ids are
//! strings, numbers are integers (an XML-RPC string reads as 0 in one client, and a double makes
//! the login fail in another), directions are notation in a string, and lists that clients index
//! with 0 contain exactly one struct with exactly one field.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::Wire;
use super::document::Document;
use super::options::LoginOptions;
use super::parts::{
    AccountBenefits, Buddy, Category, GlobalTextures, GridUrls, HomeLocation, InitialOutfit,
    Inventory, LoginFlags, Maturity, StartedAt, notation_reals, yes_no,
};
use crate::ids::{AgentId, CircuitCode, RegionHandle, SecureSessionId, SessionId};

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The agent.
    pub agent_id: AgentId,
    /// The session.
    pub session_id: SessionId,
    /// The session's second secret.
    pub secure_session_id: SecureSessionId,
    /// First name; never empty, or one client cannot log in.
    pub first_name: String,
    /// Whether the first name is sent in quotes, as Second Life does.
    pub quotes_first_name: bool,
    /// Last name.
    pub last_name: String,
    /// The name to show, if it is another.
    pub display_name: Option<String>,
    /// What the agent may see now.
    pub agent_access: Maturity,
    /// What the agent could allow itself.
    pub agent_access_max: Maturity,
    /// What the agent prefers to see.
    pub agent_region_access: Maturity,
}

impl Identity {
    fn write(&self, out: &mut Document) {
        out.plain("agent_id", self.agent_id);
        out.plain("session_id", self.session_id);
        out.plain("secure_session_id", self.secure_session_id);
        if self.quotes_first_name {
            out.text("first_name", &format!("\"{}\"", self.first_name));
        } else {
            out.text("first_name", &self.first_name);
        }
        out.text("last_name", &self.last_name);
        out.some_text("display_name", self.display_name.as_deref());
        out.plain("agent_access", self.agent_access.code());
        out.plain("agent_access_max", self.agent_access_max.code());
        out.plain("agent_region_access", self.agent_region_access.code());
    }
}

/// The region that waits for the agent, and the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The number for `UseCircuitCode`; 1 to 0x7FFF_FFFF.
    pub circuit_code: CircuitCode,
    /// The address from which the region's datagrams come.
    pub sim_ip: Ipv4Addr,
    /// The region's UDP port.
    pub sim_port: u16,
    /// The region's HTTP port; viewers do not read it.
    pub http_port: u16,
    /// The region's place.
    pub region: RegionHandle,
    /// The region's size in metres, east and north.
    pub region_size: [u32; 2],
    /// Absolute URL of the seed capability; it is posted to before the answer is read to its end.
    pub seed_capability: String,
    /// Where the agent really arrives.
    pub start_location: StartedAt,
    /// The direction that the agent looks in.
    pub look_at: [f32; 3],
}

impl Arrival {
    fn write(&self, out: &mut Document) {
        let [size_x, size_y] = self.region_size;
        out.integer("circuit_code", self.circuit_code.0 as i32);
        out.plain("sim_ip", self.sim_ip);
        out.integer("sim_port", self.sim_port.into());
        out.integer("http_port", self.http_port.into());
        out.integer("region_x", self.region.x_metres() as i32);
        out.integer("region_y", self.region.y_metres() as i32);
        out.integer("region_size_x", size_x as i32);
        out.integer("region_size_y", size_y as i32);
        out.text("seed_capability", &self.seed_capability);
        out.plain("start_location", self.start_location.code());
        out.plain("look_at", notation_reals(&self.look_at));
    }
}

/// A login that was let in.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginSuccess {
    /// Ids and name of the agent and its session.
    pub identity: Identity,
    /// The simulator, and where the agent appears in its region.
    pub arrival: Arrival,
    /// Folders of the agent and of the library.
    pub inventory: Inventory,
    /// The agent's home.
    pub home: Option<HomeLocation>,
    /// Welcome text.
    pub message: String,
    /// Seconds since 1970, UTC.
    pub seconds_since_epoch: u64,
    /// What the viewer should know of the account's past.
    pub login_flags: LoginFlags,
    /// Textures of the sky.
    pub global_textures: Option<GlobalTextures>,
    /// Whether profiles have a first-life page.
    pub allow_first_life: bool,
    /// Kinds of events.
    pub event_categories: Vec<Category>,
    /// Kinds of classifieds.
    pub classified_categories: Vec<Category>,
    /// Active gestures: item and asset.
    pub gestures: Vec<(Uuid, Uuid)>,
    /// What to wear at the first login.
    pub initial_outfit: Option<InitialOutfit>,
    /// Version of the Current Outfit folder.
    pub cof_version: Option<i32>,
    /// Friends.
    pub buddies: Vec<Buddy>,
    /// `vivox` or `webrtc`.
    pub voice_server_type: Option<String>,
    /// How many groups an agent may be in.
    pub max_agent_groups: i32,
    /// Addresses of web services.
    pub urls: GridUrls,
    /// Name of the currency, such as `OS$`.
    pub currency: Option<String>,
    /// What a classified costs at least.
    pub classified_fee: Option<i32>,
    /// What showing a place in search costs.
    pub directory_fee: Option<i32>,
    /// Messages that must not come by UDP, separated by commas. Best left out: one client ends its
    /// reading of datagrams at the first such packet.
    pub udp_blacklist: Option<String>,
    /// What the client may send in place of a second factor next time.
    pub mfa_hash: Option<String>,
    /// What the account may do; the viewer complains without it.
    pub benefits: Option<AccountBenefits>,
}

impl LoginSuccess {
    /// An answer with nothing but what every client needs; the other fields are there to be set.
    pub fn new(identity: Identity, arrival: Arrival, inventory: Inventory) -> Self {
        Self {
            identity,
            arrival,
            inventory,
            home: None,
            message: String::new(),
            seconds_since_epoch: 0,
            login_flags: LoginFlags::default(),
            global_textures: None,
            allow_first_life: true,
            event_categories: Vec::new(),
            classified_categories: Category::classifieds(),
            gestures: Vec::new(),
            initial_outfit: None,
            cof_version: None,
            buddies: Vec::new(),
            voice_server_type: None,
            max_agent_groups: 42,
            urls: GridUrls::default(),
            currency: None,
            classified_fee: None,
            directory_fee: None,
            udp_blacklist: None,
            mfa_hash: None,
            benefits: None,
        }
    }

    /// The answer. Parts that only some want are left out when `options` names others.
    pub fn write(&self, wire: Wire, options: &LoginOptions) -> String {
        Document::write(wire, |out| {
            out.plain("login", "true");
            self.identity.write(out);
            self.arrival.write(out);
            out.some_text("home", self.home.map(HomeLocation::to_notation).as_deref());
            out.text("message", &self.message);
            let now = i32::try_from(self.seconds_since_epoch).unwrap_or(i32::MAX);
            out.integer("seconds_since_epoch", now);
            self.inventory.write(out, options);
            self.write_parts(out, options);
            self.write_services(out);
        })
    }

    fn write_parts(&self, out: &mut Document, options: &LoginOptions) {
        out.only("login-flags", |out| self.login_flags.write(out));
        if let Some(textures) = &self.global_textures
            && options.wants("global-textures")
        {
            out.only("global-textures", |out| textures.write(out));
        }
        if options.wants("ui-config") {
            let allowed = yes_no(self.allow_first_life);
            out.only("ui-config", |out| out.plain("allow_first_life", allowed));
        }
        let lists = [
            ("event_categories", self.event_categories.as_slice()),
            ("event_notifications", &[]),
            ("classified_categories", &self.classified_categories),
        ];
        for (name, categories) in lists {
            if options.wants(name) {
                out.groups(name, categories, |out, category| category.write(out));
            }
        }
        if options.wants("gestures") {
            out.groups("gestures", &self.gestures, |out, (item, asset)| {
                out.plain("item_id", item);
                out.plain("asset_id", asset);
            });
        }
        if let Some(outfit) = &self.initial_outfit
            && options.wants("initial-outfit")
        {
            out.only("initial-outfit", |out| outfit.write(out));
        }
        out.some_integer("cof_version", self.cof_version);
        if options.wants("buddy-list") {
            out.groups("buddy-list", &self.buddies, |out, buddy| buddy.write(out));
        }
        if let Some(kind) = &self.voice_server_type
            && options.wants("voice-config")
        {
            out.group("voice-config", |out| out.text("VoiceServerType", kind));
        }
    }

    fn write_services(&self, out: &mut Document) {
        out.integer("max-agent-groups", self.max_agent_groups);
        self.urls.write(out);
        out.some_text("currency", self.currency.as_deref());
        out.some_integer("classified_fee", self.classified_fee);
        out.some_integer("directory_fee", self.directory_fee);
        out.some_text("udp_blacklist", self.udp_blacklist.as_deref());
        out.some_text("mfa_hash", self.mfa_hash.as_deref());
        if let Some(benefits) = &self.benefits {
            benefits.write(out);
        }
    }
}
