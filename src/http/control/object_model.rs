//! Objects as the control API shows and takes them, as JSON. Field names are part of the stable
//! interface.
//!
//! Types that only requests have are for the API's description: their bodies are read field by
//! field, so that errors can name the one at fault.

use serde::Serialize;
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
    pub offset: [f32; 3],
    /// Metres.
    pub size: [f32; 3],
    /// `box`, `sphere` or `cylinder`.
    #[schema(example = "box")]
    pub shape: String,
    /// Hover text.
    pub text: String,
    /// Its scripts in the order in which they came.
    pub scripts: Vec<ScriptStatus>,
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

/// An object to make. The fields of a prim without `prims` are its root's.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct NewObjectRequest {
    /// Name of the region; the first if left out.
    pub region: Option<String>,
    /// Key or name of an account; `Test User`, if there is such an account, if left out.
    #[schema(example = "Test User")]
    pub owner: Option<String>,
    /// Region-local metres; where agents arrive if left out.
    pub position: Option<[f32; 3]>,
    /// Its name; `Object` if left out.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its key; a new one if left out.
    pub uuid: Option<Uuid>,
    /// Metres, 0.01 to 64 each.
    pub size: Option<[f32; 3]>,
    /// `box`, `sphere` or `cylinder`.
    pub shape: Option<String>,
    /// Hover text.
    pub text: Option<String>,
    /// Key or name of who wears it.
    pub worn_by: Option<String>,
    /// Where it is worn, 1 to 55.
    pub attachment_point: Option<u8>,
    /// Its child prims, with `name`, `description`, `uuid`, `offset`, `size`, `shape`, `text`.
    #[schema(value_type = Option<Vec<Object>>)]
    pub prims: Option<Vec<Value>>,
    /// Its scripts, with `name`, `link`, `handlers`; one named `main` in the root if left out.
    #[schema(value_type = Option<Vec<Object>>)]
    pub scripts: Option<Vec<Value>>,
    /// The argument of `on_rez`.
    pub start: Option<i32>,
}

/// A call of a script. Which fields it has follows from the call; see `docs/control-api.md`.
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
    #[schema(value_type = Value)]
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

/// What a call came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CallResult {
    /// What it returned: a handle for `listen`, channels for `clep_listen`, how the message went
    /// out for `clep`, else null.
    pub result: Value,
    /// What became of what was said: `queued`, `considered`, `truncated`, `sleep_ms`, `refused`.
    #[schema(value_type = Option<Object>)]
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

/// What a touch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Touched {
    /// How many scripts were told: those of the prim, or else of the root prim.
    pub scripts: usize,
}

/// What the recorded scripts of an object heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct HeardList {
    /// In order: `number`, `unix_ms`, `prim`, `script`, `event`, `args`.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Value>,
    /// The number of the last; to be given as `after` next time.
    pub last: u64,
    /// How many later than `after` were forgotten because there were too many.
    pub forgotten: u64,
}

/// What the observer wrote down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct TrafficList {
    /// In order; see `docs/clep.md`.
    #[schema(value_type = Vec<Object>)]
    pub traffic: Vec<Value>,
    /// The number of the last; to be given as `after` next time.
    pub last: u64,
}

/// A name whose traffic is to be written down.
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
    /// What is worth a look about it, as in the traffic: see `docs/clep.md`.
    #[schema(value_type = Vec<Object>)]
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
