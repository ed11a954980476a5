//! The JSON types of the control API. Field names are part of the stable interface.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
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
    #[schema(min_items = 3, max_items = 3)]
    pub position: [f32; 3],
    /// Metres per second.
    #[schema(min_items = 3, max_items = 3)]
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

/// How far a circuit has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// The avatar is not in the region yet.
    #[default]
    Open,
    /// The avatar is in the region.
    InRegion,
    /// The session has ended; only the farewell is still repeated.
    Closing,
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
    /// How far it has come.
    pub state: CircuitState,
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
    /// Whether an ack or the answer to a ping has shown that the address is the client's own; until
    /// then it is sent at most three times the bytes that came from it.
    pub proven: bool,
    /// How often something had to wait because the address was not proven.
    pub held_back: u64,
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
    #[schema(example = "Carol", min_length = 1, max_length = 31)]
    pub first: String,
    /// Last name; `Resident` if empty.
    #[schema(example = "Tester", max_length = 31)]
    pub last: String,
    /// The password as typed, or `$1$` and its MD5 in hex.
    #[schema(example = "test", min_length = 1)]
    pub password: String,
    /// The agent's id; a random one if left out.
    pub uuid: Option<Uuid>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountStatus {
    /// The agent's id.
    pub uuid: Uuid,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Whether it is logged in.
    pub online: bool,
    /// Seconds since 1970 of its creation.
    pub created: u64,
    /// Seconds since 1970 of its last login, if there was one.
    pub last_login: Option<u64>,
}

/// The new password of an account.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct PasswordChange {
    /// The password as typed, or `$1$` and its MD5 in hex.
    #[schema(example = "test", min_length = 1)]
    pub password: String,
}

/// A page of accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// In order of their names.
    pub accounts: Vec<AccountStatus>,
    /// `after` of the next page, if there is one.
    pub next: Option<String>,
}

/// Why an agent is kicked.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct Kick {
    /// Shown to the user; 1,000 bytes at most.
    #[schema(example = "The region is closing.", max_length = 1000)]
    pub reason: Option<String>,
}

/// One word about the server or about what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// The process answers.
    Ok,
    /// The next login would succeed.
    Ready,
    /// The server is starting or stopping, or cannot store anything.
    #[serde(rename = "not ready")]
    NotReady,
    /// The server stops.
    Stopping,
    /// The session ends.
    Kicked,
    /// It is gone.
    Removed,
}

/// How the server is, or what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// The word.
    pub status: StatusWord,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A sentence fragment for a person.
    #[schema(example = "first name is longer than 31 characters")]
    pub error: String,
    /// The field of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// All groups.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupList {
    /// In order of their names.
    pub groups: Vec<GroupStatus>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupStatus {
    /// The group's id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "Holm Residents")]
    pub name: String,
    /// What it is about.
    pub charter: String,
    /// Whether anybody may join.
    pub open: bool,
    /// Who made it.
    pub founder: Uuid,
    /// Its roles, that of everyone first.
    pub roles: Vec<RoleStatus>,
    /// Its members in the order of joining.
    pub members: Vec<MemberStatus>,
}

/// A role of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoleStatus {
    /// The role's id; all zero for that of everyone.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The title that its members can show.
    pub title: String,
    /// What it lets its members do, a 64-bit mask in hex.
    #[schema(example = "0000090018010000")]
    pub powers: String,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberStatus {
    /// Id of the account.
    pub id: Uuid,
    /// Ids of its roles besides that of everyone.
    pub roles: Vec<Uuid>,
    /// Whether it is logged in.
    pub online: bool,
}

/// All open chat sessions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChatSessionList {
    /// In order of their names.
    pub sessions: Vec<ChatSessionStatus>,
}

/// The kinds of chat sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatSessionKind {
    /// A group's session; its id is the group's.
    Group,
    /// A conference.
    Conference,
}

/// A chat session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChatSessionStatus {
    /// The session's id; that of the group for a group's session.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub kind: ChatSessionKind,
    /// Who takes part, was invited or has left.
    pub people: Vec<ParticipantStatus>,
}

/// Whether somebody takes part in a chat session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParticipantState {
    /// Takes part.
    Joined,
    /// Was invited and has not answered.
    Invited,
    /// Has left.
    Left,
}

/// Somebody in a chat session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantStatus {
    /// Id of the account.
    pub id: Uuid,
    /// Whether it takes part.
    pub state: ParticipantState,
    /// Whether it may mute others.
    pub moderator: bool,
    /// Whether its text is muted by a moderator.
    pub muted: bool,
}

/// The friends of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FriendList {
    /// In the order in which they became it.
    pub friends: Vec<FriendStatus>,
    /// Who offered friendship and has no answer yet.
    pub offers: Vec<Uuid>,
}

/// A friend of an agent. Rights are 1 see online, 2 see on the map, 4 change objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FriendStatus {
    /// The friend.
    pub id: Uuid,
    /// What the agent lets the friend do.
    pub given: u32,
    /// What the friend lets the agent do.
    pub has: u32,
    /// Whether the friend is logged in.
    pub online: bool,
}

/// An instant message to send.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct NewMessage {
    /// Id of the recipient's account.
    pub to: Uuid,
    /// The text, at most 1,023 bytes.
    #[schema(example = "The region restarts in five minutes.")]
    pub message: String,
    /// In whose name; left out: the grid's own.
    pub from: Option<Uuid>,
    /// The name that the grid calls itself; `Second Life`, which viewers show as the system's
    /// words, if left out.
    pub from_name: Option<String>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sent {
    /// `queued` (on its way to a recipient who is here), `delivered` (the recipient's client has
    /// acked it), `kept` (for the recipient's next login), `muted`, `mailbox_full`
    /// or `recipient_busy` (the recipient's client does not keep up with this sender).
    #[schema(example = "delivered")]
    pub status: String,
}
