//! What the control API says and hears, as JSON. Field names are part of the stable interface.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far an agent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Logged in by HTTP; no circuit yet.
    LoggedIn,
    /// The circuit is open; the avatar is not in the region yet.
    Connected,
    /// The avatar is in the region.
    InRegion,
}

/// One logged-in agent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgentStatus {
    /// Account and avatar id.
    pub id: Uuid,
    /// First and last name with a space between.
    #[schema(example = "Test User")]
    pub name: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Name of the region.
    #[schema(example = "Holm")]
    pub region: String,
    /// Region-local metres; the arrival point until the avatar is in the region.
    pub position: [f32; 3],
    /// Metres per second.
    pub velocity: [f32; 3],
    /// Whether the avatar flies.
    pub flying: bool,
    /// Whether the avatar sits.
    pub sitting: bool,
    /// How far the agent has come.
    pub state: AgentState,
    /// Milliseconds since the login.
    pub since_ms: u64,
    /// The circuit code of the login.
    pub circuit_code: u32,
}

/// One UDP circuit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CircuitStatus {
    /// Whose circuit it is.
    pub agent_id: Uuid,
    /// Where its datagrams go.
    #[schema(example = "127.0.0.1:50123")]
    pub address: String,
    /// The circuit code.
    pub code: u32,
    /// `open`, `paused` or `closing`.
    #[schema(example = "open")]
    pub state: String,
    /// Datagrams received.
    pub packets_in: u64,
    /// Datagrams sent, resends included.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Reliable datagrams sent again.
    pub resends: u64,
    /// Reliable datagrams received again.
    pub duplicates: u64,
    /// Reliable datagrams that wait for their ack.
    pub unacked: u64,
    /// Smoothed round trip in milliseconds, once measured.
    pub rtt_ms: Option<f64>,
    /// Bytes that wait behind the throttles.
    pub backlog: u64,
    /// Packets that were dropped, by reason.
    pub drops: BTreeMap<String, u64>,
}

/// All logged-in agents.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentList {
    /// In order of their names.
    pub agents: Vec<AgentStatus>,
}

/// All open circuits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CircuitList {
    /// In order of their codes.
    pub circuits: Vec<CircuitStatus>,
}

/// An account to create.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct NewAccount {
    /// First name.
    #[schema(example = "Carol")]
    pub first: String,
    /// Last name.
    #[schema(example = "Tester")]
    pub last: String,
    /// The password as typed, or `$1$` and its MD5 in hex.
    #[schema(example = "test")]
    pub password: String,
    /// The agent's id; a random one if left out.
    pub uuid: Option<Uuid>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// The agent's id.
    pub uuid: Uuid,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
}

/// Why an agent is thrown out.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct Kick {
    /// Shown to the user.
    #[schema(example = "The region is closing.")]
    pub reason: Option<String>,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// `ok`, `ready`, `starting`, `stopping` or `kicked`.
    #[schema(example = "ok")]
    pub status: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A sentence fragment for a person.
    #[schema(example = "first name is longer than 31 characters")]
    pub error: String,
    /// The field of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
