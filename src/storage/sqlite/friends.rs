//! The tables `friendships` and `friend_offers`.

use rusqlite::{Row, params};

use crate::ids::AgentId;
use crate::services::friends::{Friend, FriendOffer, FriendStore, Rights};
use crate::services::ports::StoreError;

use super::row::{blob, id, seconds, time};
use super::{SqliteStore, query};

impl FriendStore for SqliteStore {
    fn friends(&mut self, agent: AgentId) -> Result<Vec<Friend>, StoreError> {
        let text = "SELECT mine.friend, mine.given, theirs.given FROM friendships mine \
                    JOIN friendships theirs \
                    ON theirs.agent = mine.friend AND theirs.friend = mine.agent \
                    WHERE mine.agent = ?1 ORDER BY mine.row";
        query::all(&self.connection, READ, text, params![blob(&agent.0)], friend)
    }

    fn add_friendship(
        &mut self,
        one: AgentId,
        other: AgentId,
        given: Rights,
    ) -> Result<bool, StoreError> {
        query::require_account(&self.connection, one)?;
        query::require_account(&self.connection, other)?;
        if one == other {
            // Nobody is a friend of its own.
            return Ok(false);
        }
        let text = "INSERT INTO friendships (agent, friend, given) \
                    VALUES (?1, ?2, ?3), (?2, ?1, ?3) ON CONFLICT DO NOTHING";
        let parameters = params![blob(&one.0), blob(&other.0), given.bits()];
        Ok(query::change(&self.connection, "keep a friendship", text, parameters)? > 0)
    }

    fn remove_friendship(&mut self, one: AgentId, other: AgentId) -> Result<bool, StoreError> {
        let text = "DELETE FROM friendships \
                    WHERE (agent = ?1 AND friend = ?2) OR (agent = ?2 AND friend = ?1)";
        let parameters = params![blob(&one.0), blob(&other.0)];
        Ok(query::change(&self.connection, "end a friendship", text, parameters)? > 0)
    }

    fn set_friend_rights(
        &mut self,
        from: AgentId,
        to: AgentId,
        rights: Rights,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE friendships SET given = ?3 WHERE agent = ?1 AND friend = ?2";
        let parameters = params![blob(&from.0), blob(&to.0), rights.bits()];
        Ok(query::change(&self.connection, "keep the rights of a friend", text, parameters)? > 0)
    }

    fn put_friend_offer(&mut self, offer: &FriendOffer) -> Result<(), StoreError> {
        query::require_account(&self.connection, offer.from)?;
        query::require_account(&self.connection, offer.to)?;
        // A replaced row gets a new number and so goes to the end.
        let text = "INSERT OR REPLACE INTO friend_offers \
                    (sender, recipient, transaction_id, message, at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let parameters = params![
            blob(&offer.from.0),
            blob(&offer.to.0),
            blob(&offer.transaction),
            offer.message,
            seconds(offer.at),
        ];
        query::change(&self.connection, "keep a friendship offer", text, parameters).map(drop)
    }

    fn friend_offers_to(&mut self, to: AgentId) -> Result<Vec<FriendOffer>, StoreError> {
        let text = "SELECT sender, recipient, transaction_id, message, at FROM friend_offers \
                    WHERE recipient = ?1 ORDER BY row";
        query::all(&self.connection, READ, text, params![blob(&to.0)], offer)
    }

    fn remove_friend_offer(&mut self, from: AgentId, to: AgentId) -> Result<bool, StoreError> {
        let text = "DELETE FROM friend_offers WHERE sender = ?1 AND recipient = ?2";
        let parameters = params![blob(&from.0), blob(&to.0)];
        Ok(query::change(&self.connection, "remove a friendship offer", text, parameters)? > 0)
    }
}

fn friend(row: &Row<'_>) -> rusqlite::Result<Friend> {
    Ok(Friend {
        agent: AgentId(id(row, 0)?),
        given: Rights::from_bits_retain(row.get(1)?),
        has: Rights::from_bits_retain(row.get(2)?),
    })
}

fn offer(row: &Row<'_>) -> rusqlite::Result<FriendOffer> {
    Ok(FriendOffer {
        from: AgentId(id(row, 0)?),
        to: AgentId(id(row, 1)?),
        transaction: id(row, 2)?,
        message: row.get(3)?,
        at: time(row, 4)?,
    })
}

const READ: &str = "read friendships";
