//! The tables `mutes`, `messages`, `profiles` and `notes`.

use bytes::Bytes;
use rusqlite::{Row, params};
use uuid::Uuid;

use crate::ids::{AgentId, RegionId};
use crate::message::Vector3;
use crate::services::im::InstantMessage;
use crate::services::mutes::{Mute, MuteExceptions, MuteKind, MuteStore};
use crate::services::offline::{MessageStore, StoredMessage};
use crate::services::ports::StoreError;
use crate::services::profiles::{Profile, ProfileStore};

use super::row::{blob, code, id, seconds, time};
use super::{SqliteStore, query, sql};

impl MuteStore for SqliteStore {
    fn mutes(&mut self, owner: AgentId) -> Result<Vec<Mute>, StoreError> {
        let text = "SELECT id, name, type, exceptions FROM mutes WHERE owner = ?1 ORDER BY row";
        query::all(&self.connection, "read a mute list", text, params![blob(&owner.0)], mute)
    }

    fn put_mute(&mut self, owner: AgentId, mute: &Mute) -> Result<(), StoreError> {
        query::require_account(&self.connection, owner)?;
        let text = "INSERT INTO mutes (owner, id, name, type, exceptions) \
                    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (owner, id, name) DO UPDATE SET \
                    type = excluded.type, exceptions = excluded.exceptions";
        let (kind, exceptions) = (mute.kind.code(), mute.exceptions.bits());
        let parameters = params![blob(&owner.0), blob(&mute.id), mute.name, kind, exceptions];
        query::change(&self.connection, "keep a mute", text, parameters).map(drop)
    }

    fn remove_mute(&mut self, owner: AgentId, id: Uuid, name: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM mutes WHERE owner = ?1 AND id = ?2 AND name = ?3";
        let parameters = params![blob(&owner.0), blob(&id), name];
        Ok(query::change(&self.connection, "remove a mute", text, parameters)? > 0)
    }
}

impl MessageStore for SqliteStore {
    fn messages(&mut self, to: AgentId) -> Result<Vec<StoredMessage>, StoreError> {
        let text =
            format!("SELECT {MESSAGE_COLUMNS} FROM messages WHERE recipient = ?1 ORDER BY row");
        query::all(&self.connection, READ_MESSAGES, &text, params![blob(&to.0)], message)
    }

    fn count_messages(&mut self, to: AgentId) -> Result<u64, StoreError> {
        let text = "SELECT COUNT(*) FROM messages WHERE recipient = ?1";
        let count =
            query::one(&self.connection, READ_MESSAGES, text, params![blob(&to.0)], |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn count_messages_from(&mut self, to: AgentId, from: Uuid) -> Result<u64, StoreError> {
        let text = "SELECT COUNT(*) FROM messages WHERE recipient = ?1 AND sender = ?2";
        let parameters = params![blob(&to.0), blob(&from)];
        let count = query::one(&self.connection, READ_MESSAGES, text, parameters, |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn add_message(&mut self, message: &StoredMessage) -> Result<(), StoreError> {
        let (key, message) = (&message.key, &message.message);
        query::require_account(&self.connection, message.to)?;
        let text = format!(
            "INSERT INTO messages ({MESSAGE_COLUMNS}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        );
        let parameters = params![
            blob(key),
            blob(&message.to.0),
            blob(&message.from),
            message.from_name,
            message.from_group,
            message.dialog,
            blob(&message.id),
            blob(&message.region.0),
            message.position.x,
            message.position.y,
            message.position.z,
            seconds(message.at),
            message.text,
            &message.bucket[..],
        ];
        query::execute(&self.connection, &text, parameters)
            .map(drop)
            .map_err(|error| query::taken("keep a message", error, || format!("message {key}")))
    }

    fn remove_messages(&mut self, to: AgentId, keys: &[Uuid]) -> Result<(), StoreError> {
        const REMOVE: &str = "remove messages";
        let text = "DELETE FROM messages WHERE recipient = ?1 AND key = ?2";
        // Undone when it goes out of scope before the commit.
        let transaction = sql(REMOVE, self.connection.savepoint())?;
        for key in keys {
            query::change(&transaction, REMOVE, text, params![blob(&to.0), blob(key)])?;
        }
        sql(REMOVE, transaction.commit())
    }

    fn forget_messages(&mut self, at: u64) -> Result<usize, StoreError> {
        let text = "DELETE FROM messages WHERE at < ?1";
        query::change(&self.connection, "forget old messages", text, params![seconds(at)])
    }
}

impl ProfileStore for SqliteStore {
    fn profile(&mut self, agent: AgentId) -> Result<Option<Profile>, StoreError> {
        let text = format!("SELECT {PROFILE_COLUMNS} FROM profiles WHERE agent = ?1");
        query::one(&self.connection, "read a profile", &text, params![blob(&agent.0)], profile)
    }

    fn set_profile(&mut self, agent: AgentId, profile: &Profile) -> Result<(), StoreError> {
        query::require_account(&self.connection, agent)?;
        // All of the row is given, so nothing is lost with the replaced one.
        let text = format!(
            "INSERT OR REPLACE INTO profiles ({PROFILE_COLUMNS}, agent) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        );
        let parameters = params![
            profile.about,
            profile.first_life,
            blob(&profile.image),
            blob(&profile.first_life_image),
            profile.url,
            profile.allow_publish,
            profile.mature_publish,
            profile.want_to_mask,
            profile.want_to_text,
            profile.skills_mask,
            profile.skills_text,
            profile.languages,
            blob(&agent.0),
        ];
        query::change(&self.connection, "keep a profile", &text, parameters).map(drop)
    }

    fn note(&mut self, agent: AgentId, about: AgentId) -> Result<String, StoreError> {
        let text = "SELECT text FROM notes WHERE agent = ?1 AND about = ?2";
        let parameters = params![blob(&agent.0), blob(&about.0)];
        let note = query::one(&self.connection, "read a note", text, parameters, |row| row.get(0))?;
        Ok(note.unwrap_or_default())
    }

    fn set_note(&mut self, agent: AgentId, about: AgentId, text: &str) -> Result<(), StoreError> {
        query::require_account(&self.connection, agent)?;
        let (agent, about) = (blob(&agent.0), blob(&about.0));
        if text.is_empty() {
            let statement = "DELETE FROM notes WHERE agent = ?1 AND about = ?2";
            let parameters = params![agent, about];
            return query::change(&self.connection, "remove a note", statement, parameters)
                .map(drop);
        }
        let statement = "INSERT OR REPLACE INTO notes (agent, about, text) VALUES (?1, ?2, ?3)";
        let parameters = params![agent, about, text];
        query::change(&self.connection, "keep a note", statement, parameters).map(drop)
    }
}

fn mute(row: &Row<'_>) -> rusqlite::Result<Mute> {
    Ok(Mute {
        id: id(row, 0)?,
        name: row.get(1)?,
        kind: code(row, 2, MuteKind::from_code(row.get(2)?))?,
        exceptions: MuteExceptions::from_bits_retain(row.get(3)?),
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    Ok(StoredMessage {
        key: id(row, 0)?,
        message: InstantMessage {
            to: AgentId(id(row, 1)?),
            from: id(row, 2)?,
            from_name: row.get(3)?,
            from_group: row.get(4)?,
            dialog: row.get(5)?,
            id: id(row, 6)?,
            region: RegionId(id(row, 7)?),
            position: Vector3::new(row.get(8)?, row.get(9)?, row.get(10)?),
            at: time(row, 11)?,
            text: row.get(12)?,
            bucket: Bytes::from(row.get::<_, Vec<u8>>(13)?),
        },
    })
}

fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        about: row.get(0)?,
        first_life: row.get(1)?,
        image: id(row, 2)?,
        first_life_image: id(row, 3)?,
        url: row.get(4)?,
        allow_publish: row.get(5)?,
        mature_publish: row.get(6)?,
        want_to_mask: row.get(7)?,
        want_to_text: row.get(8)?,
        skills_mask: row.get(9)?,
        skills_text: row.get(10)?,
        languages: row.get(11)?,
    })
}

/// The columns that [`message`] reads.
const MESSAGE_COLUMNS: &str = "key, recipient, sender, sender_name, from_group, dialog, id, \
     region, x, y, z, at, text, bucket";

/// The columns that [`profile`] reads.
const PROFILE_COLUMNS: &str = "about, first_life, image, first_life_image, url, allow_publish, \
     mature_publish, want_to_mask, want_to_text, skills_mask, skills_text, languages";

const READ_MESSAGES: &str = "read messages";
