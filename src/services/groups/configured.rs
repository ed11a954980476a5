//! The groups of the configuration.

use super::rules::{self, GroupOptions, NewGroup};
use super::{GroupError, GroupRefusal, Groups};
use crate::ids::{AgentId, GroupId, RoleId};
use crate::services::accounts::{AccountName, NameError};
use crate::services::ports::StoreError;

/// A group as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredGroup {
    /// Where it stands there, such as `group.0`; for errors.
    pub key: String,
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub charter: String,
    /// Whether anybody may join.
    pub open: bool,
    /// An account's name: owner and founder.
    pub founder: String,
    /// Accounts' names: members in no other role.
    pub members: Vec<String>,
}

/// Why a group of the configuration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfiguredGroupError {
    /// A value cannot be used.
    #[error("{key} = {value:?}: {problem}")]
    Value {
        /// The key, dotted.
        key: String,
        /// What stands there.
        value: String,
        /// What is wrong, as it follows the value.
        problem: String,
    },
    /// The store failed.
    #[error("{key}: {source}")]
    Failed {
        /// Which group.
        key: String,
        /// The error of the group service.
        source: GroupError,
    },
}

impl Groups {
    /// Makes those of `wanted` whose names and ids do not exist; leaves others as they are. Says
    /// how many it made.
    ///
    /// # Errors
    /// [`ConfiguredGroupError`]; those made before it stay.
    pub async fn ensure(
        &self,
        wanted: Vec<ConfiguredGroup>,
    ) -> Result<usize, ConfiguredGroupError> {
        let mut made = 0;
        for group in wanted {
            made += usize::from(self.ensure_one(group).await?);
        }
        Ok(made)
    }

    async fn ensure_one(&self, wanted: ConfiguredGroup) -> Result<bool, ConfiguredGroupError> {
        let key = wanted.key.clone();
        let failed = move |source: GroupError| ConfiguredGroupError::Failed { key, source };
        let name = rules::group_name(&wanted.name).map_err(|refusal| wanted.refused(refusal))?;
        let id = wanted.id;
        let looked = self.store.call(move |store| {
            let by_name = store.group_by_name(&name)?;
            let by_id = store.group_info(id)?.map(|info| info.name);
            Ok::<_, StoreError>((by_name, by_id))
        });
        let looked = looked.await.map_err(GroupError::from);
        let (by_name, by_id) = looked.and_then(|looked| Ok(looked?)).map_err(failed.clone())?;
        // Who is in it, and what it says, is its members' business once it exists.
        if by_name.is_some() {
            return Ok(false);
        }
        if let Some(other) = by_id {
            let problem = format!("is the id of the group {other:?}");
            return Err(wanted.wrong("uuid", &wanted.id.to_string(), problem));
        }
        let accounts = self.accounts(&wanted).await?;
        let (founder, members) = accounts.split_first().unwrap_or((&AgentId::NIL, &[]));
        let now = self.now();
        let new = NewGroup {
            name: wanted.name.clone(),
            options: GroupOptions {
                charter: wanted.charter.clone(),
                show_in_list: true,
                open_enrollment: wanted.open,
                ..GroupOptions::default()
            },
        };
        let roles = [RoleId::random(), RoleId::random()];
        let mut group = rules::found(new, *founder, wanted.id, roles, now)
            .map_err(|refusal| wanted.refused(refusal))?;
        for &agent in members {
            if group.member(agent).is_none() {
                group.members.push(rules::member(agent, now));
            }
        }
        let kept = self.store.call(move |store| store.create_group(&group));
        let kept = kept.await.map_err(GroupError::from).and_then(|kept| Ok(kept?));
        kept.map_err(failed)?;
        tracing::info!(group = %wanted.id, name = %wanted.name, "group created");
        Ok(true)
    }

    /// The accounts: the founder's first, then the members'.
    async fn accounts(
        &self,
        wanted: &ConfiguredGroup,
    ) -> Result<Vec<AgentId>, ConfiguredGroupError> {
        let mut found: Vec<AgentId> = Vec::new();
        let members = wanted.members.iter().enumerate();
        let members = members.map(|(index, name)| (format!("members.{index}"), name));
        for (key, name) in std::iter::once(("founder".to_owned(), &wanted.founder)).chain(members) {
            let parsed = AccountName::parse(name)
                .map_err(|error: NameError| wanted.wrong(&key, name, error.to_string()))?;
            let looked = self.store.call(move |store| store.account_by_name(&parsed));
            let looked = looked.await.map_err(GroupError::from).and_then(|looked| Ok(looked?));
            let account = looked.map_err(|source| ConfiguredGroupError::Failed {
                key: wanted.key.clone(),
                source,
            })?;
            let Some(account) = account else {
                return Err(wanted.wrong(&key, name, "no account has that name".to_owned()));
            };
            // The founder may be listed among the members.
            if found.iter().skip(1).any(|earlier| *earlier == account.id) {
                return Err(wanted.wrong(&key, name, "is listed twice".to_owned()));
            }
            found.push(account.id);
        }
        Ok(found)
    }
}

impl ConfiguredGroup {
    fn wrong(&self, key: &str, value: &str, problem: String) -> ConfiguredGroupError {
        let key = format!("{}.{key}", self.key);
        ConfiguredGroupError::Value { key, value: value.to_owned(), problem }
    }

    fn refused(&self, refusal: GroupRefusal) -> ConfiguredGroupError {
        let (key, value) = match refusal {
            GroupRefusal::CharterTooLong => ("charter", &self.charter),
            _ => ("name", &self.name),
        };
        self.wrong(key, value, refusal.to_string())
    }
}
