//! Capabilities: finds the session and the handler for the path of a request. There is one file for
//! each topic.
//!
//! Handlers read LLSD in any encoding, call services and answer with LLSD; they have no state. To
//! add a capability, add its name to [`NAMES`] and an arm to `answer`.

mod ais;
mod assets;
mod chat_session;
mod environment;
mod events;
mod features;
mod friendship;
mod groups;
mod home;
mod inventory;
mod inventory_parts;
mod materials;
mod messages;
mod names;
mod people;
mod request;
mod seed;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::inventory_parts::Source;
use self::request::{CapError, CapReply, CapRequest};
use crate::llsd;
use crate::services::Services;
use crate::session::AgentSession;
use crate::session::caps::{Cap, CapRegistry, EVENT_QUEUE_GET, SEED};

/// What capabilities work with.
pub struct Caps {
    /// Whose URL it is.
    pub registry: CapRegistry<AgentSession>,
    /// What the grid can do.
    pub services: Services,
    /// What clients are told about the grid.
    pub grid: GridFacts,
    /// Longest request body in bytes.
    pub max_body: usize,
    /// Cancelled when the server stops: open polls are answered.
    pub stop: CancellationToken,
}

/// What clients are told about the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridFacts {
    /// Its full name.
    pub name: String,
    /// Its short name.
    pub nick: String,
    /// Where to log in.
    pub login_uri: String,
}

/// The routes of all capabilities, everything under `/cap/`.
pub fn router(caps: Arc<Caps>) -> Router {
    Router::new().route("/cap/{*rest}", any(handle)).with_state(caps)
}

/// Every capability that a seed grants.
pub const NAMES: [&str; 29] = [
    "AcceptFriendship",
    "AcceptGroupInvite",
    "AgentPreferences",
    "AvatarPickerSearch",
    "ChatSessionRequest",
    "CreateInventoryCategory",
    "DeclineFriendship",
    "DeclineGroupInvite",
    "EnvironmentSettings",
    EVENT_QUEUE_GET,
    "ExtEnvironment",
    "FetchInventory2",
    "FetchInventoryDescendents2",
    "FetchLib2",
    "FetchLibDescendents2",
    "GetDisplayNames",
    "GetMesh",
    "GetMesh2",
    "GetTexture",
    "GroupMemberData",
    "HomeLocation",
    "InventoryAPIv3",
    "LibraryAPIv3",
    "ReadOfflineMsgs",
    "RenderMaterials",
    "SimulatorFeatures",
    "UpdateAgentInformation",
    "UpdateAgentLanguage",
    "ViewerAsset",
];

async fn handle(State(caps): State<Arc<Caps>>, request: Request) -> Response {
    let id = id_of(request.uri().path());
    let request = CapRequest::new(request);
    let format = request.format();
    let result = match id.and_then(|id| caps.registry.resolve(id)) {
        Some(Cap::Open { name, session }) => answer(&caps, name, &session, request).await,
        Some(Cap::Departed) => events::departed(request, &caps.stop).await,
        None => Err(CapError::NotFound("capability")),
    };
    match result {
        Ok(reply) => reply.into_response(format),
        Err(error) => error.into_response(format),
    }
}

async fn answer(
    caps: &Caps,
    name: &str,
    session: &Arc<AgentSession>,
    request: CapRequest,
) -> Result<CapReply, CapError> {
    if name == EVENT_QUEUE_GET {
        return events::poll(session, request, &caps.stop).await;
    }
    let _turn = session.caps.turn().await;
    let agent = session.agent_id;
    match name {
        SEED => seed::exchange(session, request).await,
        "SimulatorFeatures" => {
            request.require(&axum::http::Method::GET)?;
            Ok(CapReply::Value(features::simulator_features(&caps.grid)))
        }
        "RenderMaterials" => {
            request.require(&axum::http::Method::GET)?;
            Ok(CapReply::Value(materials::none()))
        }
        "GetDisplayNames" => names::display_names(caps, request).await,
        "AcceptFriendship" => friendship::accept(caps, session, request).await,
        "DeclineFriendship" => friendship::decline(caps, session, request).await,
        "AcceptGroupInvite" => groups::accept_invite(caps, session, request).await,
        "DeclineGroupInvite" => groups::decline_invite(caps, agent, request).await,
        "ReadOfflineMsgs" => messages::read_offline(caps, session, request).await,
        "AvatarPickerSearch" => people::search(caps, request).await,
        "AgentPreferences" | "UpdateAgentLanguage" => {
            let body = request.post(caps.max_body).await?;
            let preferences = session.caps.change_preferences(|all| all.apply(&body));
            Ok(CapReply::Value(preferences.to_llsd()))
        }
        "UpdateAgentInformation" => {
            let body = request.post(caps.max_body).await?;
            let preferences = session.caps.change_preferences(|all| all.apply(&body));
            let max = llsd::map! { "max" => preferences.max_access.code() };
            Ok(CapReply::Value(llsd::map! { "access_prefs" => max }))
        }
        "ChatSessionRequest" => chat_session::request(caps, session, request).await,
        "FetchInventoryDescendents2" => {
            inventory::descendents(caps, agent, Source::Agent, request).await
        }
        "FetchLibDescendents2" => {
            inventory::descendents(caps, agent, Source::Library, request).await
        }
        "FetchInventory2" => inventory::items(caps, agent, Source::Agent, request).await,
        "FetchLib2" => inventory::items(caps, agent, Source::Library, request).await,
        "CreateInventoryCategory" => inventory::create_category(caps, agent, request).await,
        "HomeLocation" => home::set(caps, session, request).await,
        "InventoryAPIv3" => ais::handle(caps, agent, Source::Agent, request).await,
        "LibraryAPIv3" => ais::handle(caps, agent, Source::Library, request).await,
        "GroupMemberData" => groups::member_data(caps, agent, request).await,
        "ViewerAsset" => assets::download(caps, assets::ANY, &request),
        "GetTexture" => assets::download(caps, assets::TEXTURE, &request),
        "GetMesh" | "GetMesh2" => assets::download(caps, assets::MESH, &request),
        "ExtEnvironment" => environment::extended(&session.region.info, &request),
        "EnvironmentSettings" => environment::windlight(&session.region.info, &request),
        _ => Err(CapError::NotFound("capability")),
    }
}

/// The id in `/cap/<id>`, `/cap/<id>/` and `/cap/<id>/anything`: clients add to the URLs they get.
fn id_of(path: &str) -> Option<Uuid> {
    let id = path.strip_prefix("/cap/")?.split('/').next()?;
    // Other lengths are forms (braces, without hyphens) that no URL of ours has.
    if id.len() == 36 { Uuid::try_parse(id).ok() } else { None }
}
