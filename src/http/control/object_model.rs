//! The JSON types of objects in the control API. Field names are part of the stable interface.
//!
//! Types that only requests have exist for the API's description: request bodies are read field by
//! field, so that errors can name the field.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::lsl::Owner;
use crate::message::Vector3;
use crate::objects::{ObjectReport, PrimReport, ScriptReport, Warning};
use crate::region::RegionLink;

/// All objects.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObjectList {
    /// By region, then in order of their names.
    pub objects: Vec<ObjectStatus>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ObjectStatus {
    /// Key of its root prim.
    pub id: Uuid,
    /// Name of the region.
    #[schema(example = "Holm")]
    pub region: String,
    /// Name of its root prim.
    #[schema(example = "Bell")]
    pub name: String,
    /// Whose it is.
    pub owner: OwnerStatus,
    /// Region-local metres.
    #[schema(min_items = 3, max_items = 3)]
    pub position: [f32; 3],
    /// Who wears it.
    pub worn: Option<WornStatus>,
    /// By link number, the root first.
    pub prims: Vec<PrimStatus>,
}

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnerStatus {
    /// Key of the agent or group.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "Test User")]
    pub name: String,
}

/// Who wears an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WornStatus {
    /// The agent.
    pub agent: Uuid,
    /// The attachment point.
    #[schema(minimum = 1, maximum = 55)]
    pub point: u8,
}

/// A prim.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PrimStatus {
    /// Its key.
    pub id: Uuid,
    /// Its place in the object, the root being 1.
    pub link: usize,
    /// Its number for viewers.
    pub local_id: u32,
    /// Its name.
    pub name: String,
    /// From the root, metres.
    #[schema(min_items = 3, max_items = 3)]
    pub offset: [f32; 3],
    /// Metres.
    #[schema(min_items = 3, max_items = 3)]
    pub size: [f32; 3],
    /// Its shape.
    #[schema(value_type = PrimShape)]
    pub shape: String,
    /// Hover text.
    pub text: String,
    /// Its scripts in the order in which they came.
    pub scripts: Vec<ScriptStatus>,
}

/// The shapes of prims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum PrimShape {
    /// A box.
    Box,
    /// A sphere.
    Sphere,
    /// A cylinder.
    Cylinder,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScriptStatus {
    /// Its name.
    #[schema(example = "main")]
    pub name: String,
    /// Who runs it: `host`, `recorder`, or the behaviour's name.
    #[schema(example = "recorder")]
    pub driver: String,
    /// Its listens.
    pub listens: Vec<ListenStatus>,
    /// Events that wait for it.
    pub waiting: usize,
}

/// A listen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListenStatus {
    /// Its handle.
    pub handle: i32,
    /// Its channel.
    pub channel: i32,
}

/// An object to create. The fields of a prim outside of `prims` are those of the root.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct NewObjectRequest {
    /// Name of the region; the first if left out.
    pub region: Option<String>,
    /// Key or name of an account; `Test User`, if there is such an account, if left out.
    #[schema(example = "Test User")]
    pub owner: Option<String>,
    /// Region-local metres; where agents arrive if left out.
    #[schema(min_items = 3, max_items = 3)]
    pub position: Option<[f32; 3]>,
    /// Its name; `Object` if left out.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its key; a new one if left out.
    pub uuid: Option<Uuid>,
    /// Metres, 0.01 to 64 each; 0.5 if left out.
    #[schema(min_items = 3, max_items = 3)]
    pub size: Option<[f32; 3]>,
    /// Its shape; a box if left out.
    pub shape: Option<PrimShape>,
    /// Hover text.
    pub text: Option<String>,
    /// Key or name of the avatar that wears it.
    pub worn_by: Option<String>,
    /// Where it is worn; 1 if left out. Only with `worn_by`.
    #[schema(minimum = 1, maximum = 55)]
    pub attachment_point: Option<u8>,
    /// Its child prims, in the order of their link numbers.
    pub prims: Option<Vec<NewChildPrim>>,
    /// Its scripts; one named `main` in the root if left out.
    pub scripts: Option<Vec<NewScript>>,
    /// The argument of `on_rez`.
    pub start: Option<i32>,
}

/// A child prim of an object to create.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct NewChildPrim {
    /// Its name; `Object` if left out.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its key; a new one if left out.
    pub uuid: Option<Uuid>,
    /// From the root, metres.
    #[schema(min_items = 3, max_items = 3)]
    pub offset: Option<[f32; 3]>,
    /// Metres, 0.01 to 64 each; 0.5 if left out.
    #[schema(min_items = 3, max_items = 3)]
    pub size: Option<[f32; 3]>,
    /// Its shape; a box if left out.
    pub shape: Option<PrimShape>,
    /// Hover text.
    pub text: Option<String>,
}

/// A script of an object to create.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct NewScript {
    /// Its name; `main` if left out.
    pub name: Option<String>,
    /// Link number of its prim; 1, the root, if left out.
    #[schema(minimum = 1)]
    pub link: Option<u32>,
    /// Names of the events that its state handles; all of them if left out.
    pub handlers: Option<Vec<String>>,
}

/// The calls that a script can be made to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScriptCallName {
    Listen,
    ListenControl,
    ListenRemove,
    Say,
    Shout,
    Whisper,
    RegionSay,
    RegionSayTo,
    OwnerSay,
    InstantMessage,
    Dialog,
    TextBox,
    MessageLinked,
    Clep,
    ClepListen,
    ClepForget,
    LepListen,
    LepSend,
}

/// A call of a script. The call decides which fields there are: `docs/control-api.md` lists them,
/// `docs/script-host.md` those of CLEP and LEP.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct CallRequest {
    /// Name of the script; the object's first if left out.
    pub script: Option<String>,
    /// Link number of the script's prim; any if left out.
    pub link: Option<u32>,
    /// The channel.
    #[schema(example = 0)]
    pub channel: Option<i32>,
    /// What is said or asked.
    #[schema(example = "hello")]
    pub text: Option<String>,
    /// Key of a prim or an avatar.
    pub target: Option<String>,
    /// Of `listen`: filter by the speaker's name.
    pub name: Option<String>,
    /// Of `listen`: filter by the speaker's key.
    pub key: Option<String>,
    /// Of `listen`: filter by the text. Of `clep` and `lep_send`: the message, an object.
    #[schema(value_type = Value, required = false)]
    pub message: Option<Value>,
    /// Of `listen_control` and `listen_remove`: which listen.
    pub handle: Option<i32>,
    /// Of `listen_control`: on or off.
    pub active: Option<bool>,
    /// Of `dialog`: labels.
    pub buttons: Option<Vec<String>>,
    /// Of `message_linked`: link number, or one of LSL's `LINK_…` numbers.
    pub to: Option<i32>,
    /// Of `message_linked`.
    pub number: Option<i32>,
    /// Of `message_linked`: any text.
    pub id: Option<String>,
}

/// What a call that speaks did.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct SaidStatus {
    /// Events that it queued.
    pub queued: u64,
    /// Listens that were considered.
    pub considered: u64,
    /// Whether its text was cut.
    pub truncated: bool,
    /// How long the script sleeps for it, milliseconds.
    pub sleep_ms: u64,
    /// Why nothing was said.
    pub refused: Option<String>,
}

/// The result of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CallResult {
    /// What it returned: a handle for `listen`, channels for `clep_listen`, how the message went
    /// out for `clep`, else null.
    pub result: Value,
    /// What was said, if the call speaks.
    #[schema(value_type = Option<SaidStatus>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Value>,
}

/// A touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct TouchRequest {
    /// Key or name of an avatar in the region.
    #[schema(example = "Test User")]
    pub by: String,
}

/// The result of a touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Touched {
    /// How many scripts were told: those of the prim, or else of the root prim.
    pub scripts: usize,
}

/// An event that a recorded script heard. Those of CLEP and LEP have further fields.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct HeardEntry {
    /// Counts from 1 for each object.
    #[schema(minimum = 1)]
    pub number: u64,
    /// When, milliseconds since 1970.
    pub unix_ms: u64,
    /// Key of the script's prim.
    pub prim: Uuid,
    /// Name of the script.
    pub script: String,
    /// Name of the event.
    #[schema(example = "listen")]
    pub event: String,
    /// LSL's arguments, for events of LSL.
    pub args: Option<Vec<Value>>,
}

/// What the recorded scripts of an object heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct HeardList {
    /// Oldest first.
    #[schema(value_type = Vec<HeardEntry>)]
    pub events: Vec<Value>,
    /// The number of the last; to be given as `after` next time.
    pub last: u64,
    /// How many later than `after` were forgotten because there were too many.
    pub forgotten: u64,
}

/// A line that the CLEP observer recorded; see `docs/clep.md`.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct TrafficEntry {
    /// Counts from 1 in the region.
    #[schema(minimum = 1)]
    pub number: u64,
    /// When, milliseconds since 1970.
    pub unix_ms: u64,
    /// Name of the region.
    pub region: String,
    /// The channel.
    pub channel: i32,
    /// LSL's name of the call; `chat` for an avatar, `direct` within one script.
    #[schema(example = "llRegionSay")]
    pub call: String,
    /// The speaker's key.
    pub sender: Uuid,
    /// The speaker's name.
    pub sender_name: String,
    /// Key of the speaker's owner.
    pub owner: Uuid,
    /// The dialect.
    #[schema(example = "clep-json")]
    pub dialect: String,
    /// The service, where there is one.
    pub service: Option<String>,
    /// The domain, if it is known.
    pub domain: Option<String>,
    /// The text as it was said.
    pub text: String,
    /// The message, if the text could be read.
    #[schema(value_type = Option<Object>)]
    pub message: Option<Value>,
    /// Why it could not be read or was not said.
    pub problem: Option<String>,
    /// Who might have heard it, and what happened there.
    pub receivers: Vec<TrafficReceiver>,
    /// Receivers that are not listed.
    pub receivers_left_out: u64,
    /// What to look at.
    pub warnings: Vec<TrafficWarning>,
}

/// A listen, or a script that a link message was for, and what happened to a line there.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct TrafficReceiver {
    /// Key of the prim.
    pub prim: Uuid,
    /// Name of the prim.
    pub prim_name: String,
    /// Name of the script.
    pub script: String,
    /// Whether the script listens with CLEP, or to the plain channel.
    pub clep: bool,
    /// `delivered`, or the reason why not.
    #[schema(example = "delivered")]
    pub outcome: String,
    /// An explanation.
    pub detail: Option<String>,
}

/// Something about a line or a name to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct TrafficWarning {
    /// `typeable`, `interference` or `truncated`.
    #[schema(example = "typeable")]
    pub kind: String,
    /// Of `interference`: the other names on the channel.
    #[schema(nullable = false)]
    pub others: Option<Vec<String>>,
    /// Of `truncated`: the bytes that are left.
    #[schema(nullable = false)]
    pub bytes: Option<u64>,
}

/// What the CLEP observer recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TrafficList {
    /// Oldest first.
    #[schema(value_type = Vec<TrafficEntry>)]
    pub traffic: Vec<Value>,
    /// The number of the last; to be given as `after` next time.
    pub last: u64,
}

/// A name whose traffic is to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct WatchRequest {
    /// The dialect.
    #[schema(example = "clep-json")]
    pub dialect: String,
    /// The service, where the dialect has services.
    pub service: Option<String>,
    /// The domain.
    #[schema(example = "test")]
    pub domain: String,
    /// Name of the region; the first if left out.
    pub region: Option<String>,
}

/// What is watched now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Watched {
    /// The channel of the name.
    pub channel: i32,
    /// What to look at, as in the traffic.
    #[schema(value_type = Vec<TrafficWarning>)]
    pub warnings: Vec<Warning>,
}

impl ObjectStatus {
    /// An object of a region.
    pub(super) fn new(region: &RegionLink, report: ObjectReport) -> Self {
        let (first, last) = report.owner.names();
        let name = if first.is_empty() { last.to_owned() } else { format!("{first} {last}") };
        let prims = report.prims.into_iter().enumerate();
        Self {
            id: report.id.0,
            region: region.info.name.clone(),
            name: report.name,
            owner: OwnerStatus { id: Owner::key(&report.owner), name },
            position: parts(report.position),
            worn: report.worn.map(|(agent, point)| WornStatus { agent: agent.0, point }),
            prims: prims.map(|(at, prim)| PrimStatus::new(at + 1, prim)).collect(),
        }
    }
}

impl PrimStatus {
    fn new(link: usize, report: PrimReport) -> Self {
        Self {
            id: report.id.0,
            link,
            local_id: report.local_id,
            name: report.name,
            offset: parts(report.offset),
            size: parts(report.size),
            shape: report.shape.name().to_owned(),
            text: report.text,
            scripts: report.scripts.into_iter().map(ScriptStatus::new).collect(),
        }
    }
}

impl ScriptStatus {
    fn new(report: ScriptReport) -> Self {
        let listens = report.listens.into_iter();
        Self {
            name: report.name,
            driver: report.driver.to_owned(),
            listens: listens.map(|(handle, channel)| ListenStatus { handle, channel }).collect(),
            waiting: report.waiting,
        }
    }
}

fn parts(vector: Vector3) -> [f32; 3] {
    [vector.x, vector.y, vector.z]
}
