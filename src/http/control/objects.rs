//! Routes for objects: create, look up, remove, and call their scripts' functions by name.
//!
//! Scripts created here record their events. The rules are those of the region.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde_json::Value;
use uuid::Uuid;

use super::model::{Problem, Status, StatusWord};
use super::object_model::{
    CallRequest, CallResult, HeardList, NewObjectRequest, ObjectList, ObjectStatus, ScriptCallName,
    TouchRequest, Touched,
};
use super::path::Segments;
use super::query::{Parameters, RawParameters};
use super::{Backend, ControlError, fields, status};
use crate::clep::Stamp;
use crate::ids::PrimId;
use crate::lsl::{ScriptId, Volume};
use crate::objects::{Driver, HeardEvent, ObjectReport, ScriptCall};
use crate::scripts::render::{self, Returns};
use crate::scripts::{FieldError, Fields, ObjectPlan, protocol};

/// Lists the objects of all regions, or of one.
#[utoipa::path(get, path = "/v1/objects", operation_id = "list_objects",
    params(("region" = Option<String>, Query, description = "only of this region")),
    responses(
        (status = 200, description = "the objects, by region and name", body = ObjectList),
        (status = 400, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn list(
    State(backend): Backend,
    query: RawParameters,
) -> Result<Json<ObjectList>, ControlError> {
    let access = backend.objects();
    let mut query = Parameters::new(query)?;
    let name = query.text("region");
    query.finish()?;
    let regions = match &name {
        Some(name) => std::slice::from_ref(access.region(Some(name))?),
        None => access.regions(),
    };
    let mut objects = Vec::new();
    for region in regions {
        let reports = access.list(region).await?;
        objects.extend(reports.into_iter().map(|report| ObjectStatus::new(region, report)));
    }
    Ok(Json(ObjectList { objects }))
}

/// Creates an object. Its scripts only record their events.
#[utoipa::path(post, path = "/v1/objects", operation_id = "create_object",
    request_body(content = NewObjectRequest, description = "may be empty"), responses(
    (status = 201, description = "the new object", body = ObjectStatus),
    (status = 409, description = "a key is taken, or a limit is reached", body = Problem),
    (status = 503, description = "the region is too busy", body = Problem),
))]
pub(super) async fn create(
    State(backend): Backend,
    body: Body,
) -> Result<(StatusCode, Json<ObjectStatus>), ControlError> {
    let plan = ObjectPlan::read(fields(body).await?)?;
    let access = backend.objects();
    let (region, object) = plan.resolve(access, &Driver::Recorder).await?;
    let report = access.create(region, object).await?;
    Ok((StatusCode::CREATED, Json(ObjectStatus::new(region, report))))
}

/// Looks up an object by the key of any of its prims.
#[utoipa::path(get, path = "/v1/objects/{id}", operation_id = "get_object",
    params(("id" = Uuid, Path, description = "key of any of its prims")),
    responses(
        (status = 200, description = "the object", body = ObjectStatus),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn show(
    State(backend): Backend,
    Segments(id): Segments<String>,
) -> Result<Json<ObjectStatus>, ControlError> {
    let (region, report) = backend.objects().find(prim(&id)?).await?;
    Ok(Json(ObjectStatus::new(region, report)))
}

/// Removes an object.
#[utoipa::path(delete, path = "/v1/objects/{id}", operation_id = "delete_object",
    params(("id" = Uuid, Path, description = "key of any of its prims")),
    responses(
        (status = 200, description = "the object is gone", body = Status),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn remove(
    State(backend): Backend,
    Segments(id): Segments<String>,
) -> Result<Json<Status>, ControlError> {
    backend.objects().remove(prim(&id)?).await?;
    Ok(status(StatusWord::Removed))
}

/// Has an avatar touch a prim.
#[utoipa::path(post, path = "/v1/objects/{id}/touch", operation_id = "touch_object",
    request_body = TouchRequest,
    params(("id" = Uuid, Path, description = "key of the prim")),
    responses(
        (status = 200, description = "the scripts were told", body = Touched),
        (status = 400, description = "also if the avatar is not in the region", body = Problem),
        (status = 404, body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn touch(
    State(backend): Backend,
    Segments(id): Segments<String>,
    body: Body,
) -> Result<Json<Touched>, ControlError> {
    let id = prim(&id)?;
    let mut fields = fields(body).await?;
    let by = fields.string("by")?;
    fields.finish()?;
    Ok(Json(Touched { scripts: backend.objects().touch(id, &by).await? }))
}

/// Lists what the recorded scripts of an object heard, at most the latest 256 events.
///
/// With `wait` the answer comes with the next event, or empty when the time is over.
#[utoipa::path(get, path = "/v1/objects/{id}/events", operation_id = "list_object_events",
    params(
        ("id" = Uuid, Path, description = "key of any of its prims"),
        ("after" = Option<u64>, Query, description = "only events with a higher number"),
        ("wait" = Option<u64>, Query, maximum = 60, description = "seconds; 0 by default"),
    ),
    responses(
        (status = 200, description = "the events, oldest first", body = HeardList),
        (status = 400, body = Problem),
        (status = 404, description = "also if it is removed meanwhile", body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn events(
    State(backend): Backend,
    Segments(id): Segments<String>,
    query: RawParameters,
) -> Result<Json<HeardList>, ControlError> {
    let id = prim(&id)?;
    let mut query = Parameters::new(query)?;
    let after = query.count("after")?.unwrap_or_default();
    let wait = query.count_within("wait", 0, LONGEST_WAIT)?.unwrap_or_default();
    query.finish()?;
    let page = backend.objects().heard(id, after, Duration::from_secs(wait)).await?;
    Ok(Json(HeardList {
        last: page.events.last().map_or(after, |event| event.number),
        events: page.events.iter().map(heard).collect(),
        forgotten: page.forgotten,
    }))
}

/// How many seconds a request may wait for an event.
const LONGEST_WAIT: u64 = 60;

fn heard(heard: &HeardEvent) -> Value {
    let mut event = render::event(&heard.event);
    event.insert("number".to_owned(), Value::from(heard.number));
    event.insert("unix_ms".to_owned(), Value::from(heard.unix_ms));
    event.insert("prim".to_owned(), Value::from(heard.prim.to_string()));
    event.insert("script".to_owned(), Value::from(heard.script.as_str()));
    Value::Object(event)
}

/// Has a script of the object make a call.
///
/// `clep` sends a message; the other names are those of LSL and of script hosts.
#[utoipa::path(post, path = "/v1/objects/{id}/{call}", operation_id = "call_script",
    request_body = CallRequest,
    params(
        ("id" = Uuid, Path, description = "key of any of its prims"),
        ("call" = ScriptCallName, Path, description = "the call"),
    ),
    responses(
        (status = 200, description = "what the call returned", body = CallResult),
        (status = 404, description = "no such object, script or call", body = Problem),
        (status = 503, description = "the region is too busy", body = Problem),
    ))]
pub(super) async fn call(
    State(backend): Backend,
    Segments((id, name)): Segments<(String, String)>,
    body: Body,
) -> Result<Json<CallResult>, ControlError> {
    let shown: String = name.chars().take(40).collect();
    let name = ScriptCallName::deserialize(name.as_str().into_deserializer()).map_err(
        // The error lists the known names.
        |error: serde::de::value::Error| {
            ControlError::Missing(format!("no such call: {shown:?}: {error}"))
        },
    )?;
    let id = prim(&id)?;
    let mut fields = fields(body).await?;
    let access = backend.objects();
    let script = fields.optional_string("script")?;
    // Where link messages go to is said elsewhere; LEP's own field is that of the message.
    let link = match name {
        ScriptCallName::LepSend => None,
        _ => fields.optional_count("link")?,
    };
    let call = read_call(name, &mut fields, &access.stamp())?;
    fields.finish()?;
    let (region, report) = access.find(id).await?;
    let script = choose(&report, script.as_deref(), link)?;
    let returns = Returns::of(&call);
    let outcome = access.call(region, script, call).await?;
    let mut outcome = render::outcome(&returns, &outcome);
    let result = outcome.remove("result").unwrap_or_default();
    Ok(Json(CallResult { result, said: outcome.remove("said") }))
}

/// The fields of a literal are read in their order.
fn read_call(
    name: ScriptCallName,
    fields: &mut Fields,
    stamp: &Stamp,
) -> Result<ScriptCall, FieldError> {
    let say = |volume, fields: &mut Fields| {
        let channel = fields.optional_integer("channel")?.unwrap_or_default();
        Ok(ScriptCall::Say { volume, channel, text: text(fields)? })
    };
    Ok(match name {
        ScriptCallName::Listen => ScriptCall::Listen {
            channel: fields.integer("channel")?,
            name: fields.optional_string("name")?.unwrap_or_default(),
            key: fields.optional_string("key")?.unwrap_or_default(),
            message: fields.optional_string("message")?.unwrap_or_default(),
        },
        ScriptCallName::ListenControl => ScriptCall::ListenControl {
            handle: fields.integer("handle")?,
            active: fields
                .optional_bool("active")?
                .ok_or_else(|| fields.wrong("active", "is missing"))?,
        },
        ScriptCallName::ListenRemove => {
            ScriptCall::ListenRemove { handle: fields.integer("handle")? }
        }
        ScriptCallName::Say => say(Volume::Say, fields)?,
        ScriptCallName::Shout => say(Volume::Shout, fields)?,
        ScriptCallName::Whisper => say(Volume::Whisper, fields)?,
        ScriptCallName::RegionSay => {
            ScriptCall::RegionSay { channel: fields.integer("channel")?, text: text(fields)? }
        }
        ScriptCallName::RegionSayTo => ScriptCall::RegionSayTo {
            target: fields.string("target")?,
            channel: fields.optional_integer("channel")?.unwrap_or_default(),
            text: text(fields)?,
        },
        ScriptCallName::OwnerSay => ScriptCall::OwnerSay { text: text(fields)? },
        ScriptCallName::InstantMessage => {
            ScriptCall::InstantMessage { to: fields.string("target")?, text: text(fields)? }
        }
        ScriptCallName::Dialog => ScriptCall::Dialog {
            avatar: fields.string("target")?,
            message: text(fields)?,
            buttons: fields.optional_strings("buttons")?.unwrap_or_default(),
            channel: fields.integer("channel")?,
        },
        ScriptCallName::TextBox => ScriptCall::TextBox {
            avatar: fields.string("target")?,
            message: text(fields)?,
            channel: fields.integer("channel")?,
        },
        ScriptCallName::MessageLinked => ScriptCall::MessageLinked {
            link: fields.integer("to")?,
            number: fields.optional_integer("number")?.unwrap_or_default(),
            text: fields.optional_string("text")?.unwrap_or_default(),
            id: fields.optional_string("id")?.unwrap_or_default(),
        },
        ScriptCallName::Clep => protocol::library_call("clep_send", fields, stamp)?,
        ScriptCallName::ClepListen => protocol::library_call("clep_listen", fields, stamp)?,
        ScriptCallName::ClepForget => protocol::library_call("clep_forget", fields, stamp)?,
        ScriptCallName::LepListen => protocol::library_call("lep_listen", fields, stamp)?,
        ScriptCallName::LepSend => protocol::library_call("lep_send", fields, stamp)?,
    })
}

/// What is said: `text`, or `message` as some of LSL's own parameters are called.
fn text(fields: &mut Fields) -> Result<String, FieldError> {
    match fields.optional_string("text")? {
        Some(text) => Ok(text),
        None => match fields.optional_string("message")? {
            Some(message) => Ok(message),
            None => Err(fields.wrong("text", "is missing")),
        },
    }
}

/// The script of that name in that prim; the first that fits.
fn choose(
    report: &ObjectReport,
    name: Option<&str>,
    link: Option<u64>,
) -> Result<ScriptId, ControlError> {
    let prims = report.prims.iter().zip(1_u64..);
    let mut scripts = prims
        .filter(|(_, number)| link.is_none_or(|link| link == *number))
        .flat_map(|(prim, _)| &prim.scripts)
        .filter(|script| name.is_none_or(|name| name == script.name));
    scripts.next().map(|script| script.id).ok_or_else(|| {
        let name = name.map(|name| name.chars().take(60).collect::<String>());
        let name = name.map(|name| format!(" {name:?}")).unwrap_or_default();
        let link = link.map(|link| format!(" in link {link}")).unwrap_or_default();
        ControlError::Missing(format!("no such script: the object has none{name}{link}"))
    })
}

fn prim(id: &str) -> Result<PrimId, ControlError> {
    Uuid::try_parse(id).map(PrimId).map_err(|_| {
        let shown: String = id.chars().take(60).collect();
        ControlError::invalid("id", format!("id is not a UUID: {shown:?}"))
    })
}
