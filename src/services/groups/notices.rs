//! Group notices: written, stored, delivered to the members, and fetched again.

use bytes::Bytes;

use super::{Group, GroupError, GroupRefusal, Groups, Notice, NoticeAttachment, Powers};
use crate::ids::{AgentId, GroupId, ItemId, NoticeId, RegionId};
use crate::llsd::{self, Limits};
use crate::message::{Vector3, cut};
use crate::services::im::InstantMessage;
use crate::services::inventory::{AssetType, Item, Permissions};

/// An item that a notice is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentRef {
    /// The item.
    pub item: ItemId,
    /// Who is said to own it.
    pub owner: AgentId,
}

/// A notice as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// At most 63 bytes.
    pub subject: String,
    /// What of it fits beside the subject.
    pub body: String,
    /// What it is to carry.
    pub attachment: Option<AttachmentRef>,
}

/// A notice that is kept, and the messages to deliver.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// The notice.
    pub notice: Notice,
    /// Dialog 32, for each member that wants it, the author included.
    pub messages: Vec<InstantMessage>,
}

impl Draft {
    /// From a message with dialog 32: `subject|body`, and a bucket with a reference in LLSD or
    /// nothing. Texts are cut between characters.
    ///
    /// # Errors
    /// Nothing to tell, or a bucket that cannot be read.
    pub fn parse(text: &str, bucket: &[u8]) -> Result<Self, GroupRefusal> {
        let (subject, body) = text.split_once('|').unwrap_or((text, ""));
        let subject = cut(subject.trim(), MAX_SUBJECT);
        let body = cut(body, MAX_TEXT - subject.len());
        if subject.is_empty() && body.trim().is_empty() {
            return Err(GroupRefusal::EmptyNotice);
        }
        let attachment = AttachmentRef::parse(bucket)?;
        Ok(Self { subject: subject.to_owned(), body: body.to_owned(), attachment })
    }
}

impl AttachmentRef {
    /// LLSD, in XML with its header from viewers: a map with `item_id` and `owner_id`. A bucket of
    /// zero bytes or none means nothing.
    fn parse(bucket: &[u8]) -> Result<Option<Self>, GroupRefusal> {
        let end = bucket.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let bucket = bucket.get(..end).unwrap_or_default();
        if bucket.is_empty() {
            return Ok(None);
        }
        let read = llsd::parse_by_type_limited(None, bucket, &BUCKET_LIMITS)
            .map_err(|_| GroupRefusal::BadAttachment)?;
        let item = ItemId(read.get("item_id").as_uuid());
        if item == ItemId::NIL {
            return Err(GroupRefusal::BadAttachment);
        }
        Ok(Some(Self { item, owner: AgentId(read.get("owner_id").as_uuid()) }))
    }
}

impl Groups {
    /// Keeps a notice and gives the messages for the members that want it.
    ///
    /// # Errors
    /// [`GroupError`]; refused without the power, with an item that is not the author's or not
    /// free, and after too many notices of a day.
    pub async fn post_notice(
        &self,
        author: AgentId,
        author_name: String,
        id: GroupId,
        draft: Draft,
    ) -> Result<Posted, GroupError> {
        let (now, notice_id) = (self.now(), NoticeId::random());
        self.with_group(id, move |store, group| {
            let powers = group.powers_of(author).ok_or(GroupRefusal::NotMember)?;
            if !powers.contains(Powers::SEND_NOTICES) {
                return Err(GroupRefusal::NotAllowed.into());
            }
            let recent = store.notices(id, MAX_A_DAY)?;
            let oldest = recent.last().filter(|_| recent.len() >= MAX_A_DAY);
            if oldest.is_some_and(|oldest| oldest.at.saturating_add(DAY) > now) {
                return Err(GroupRefusal::TooManyNotices.into());
            }
            let attachment = match &draft.attachment {
                Some(wanted) => {
                    if wanted.owner != author && wanted.owner != AgentId::NIL {
                        return Err(GroupRefusal::NoSuchItem.into());
                    }
                    let item = store.item(author, wanted.item)?.ok_or(GroupRefusal::NoSuchItem)?;
                    Some(attachment(&item)?)
                }
                None => None,
            };
            let notice = Notice {
                id: notice_id,
                group: id,
                from: author,
                from_name: author_name.clone(),
                subject: draft.subject.clone(),
                body: draft.body.clone(),
                attachment,
                at: now,
            };
            store.add_notice(&notice)?;
            let messages = readers(&group).map(|to| notice_message(&notice, to, NOTICE)).collect();
            Ok(Posted { notice, messages })
        })
        .await
    }

    /// The notices that a group has, the newest first.
    ///
    /// # Errors
    /// [`GroupError`]; refused for who is no member.
    pub async fn notices(&self, reader: AgentId, id: GroupId) -> Result<Vec<Notice>, GroupError> {
        self.with_group(id, move |store, group| {
            group.member(reader).ok_or(GroupRefusal::NotMember)?;
            Ok(store.notices(id, MAX_LISTED)?)
        })
        .await
    }

    /// One notice again, as dialog 37.
    ///
    /// # Errors
    /// [`GroupError`]; refused for who is no member of its group.
    pub async fn requested_notice(
        &self,
        reader: AgentId,
        id: NoticeId,
    ) -> Result<InstantMessage, GroupError> {
        self.store
            .call(move |store| {
                let notice = store.notice(id)?.ok_or(GroupRefusal::NoSuchNotice)?;
                // What groups a stranger cannot read has notices that do not exist for him.
                let inside = store.groups_of(reader)?.contains(&notice.group);
                if !inside {
                    return Err(GroupRefusal::NoSuchNotice.into());
                }
                Ok(notice_message(&notice, reader, NOTICE_REQUESTED))
            })
            .await?
    }
}

/// Who is told: members that want notices and may have them.
fn readers(group: &Group) -> impl Iterator<Item = AgentId> {
    let wants = |member: &&super::Member| {
        member.accept_notices && group.powers_of_member(member).contains(Powers::RECEIVE_NOTICES)
    };
    group.members.iter().filter(wants).map(|member| member.agent)
}

fn attachment(item: &Item) -> Result<NoticeAttachment, GroupRefusal> {
    let free = Permissions::COPY | Permissions::TRANSFER;
    let link = matches!(item.asset_type, AssetType::Link | AssetType::FolderLink);
    if link || item.permissions.owner & free != free {
        return Err(GroupRefusal::ItemNotFree);
    }
    Ok(NoticeAttachment {
        item: item.id,
        owner: item.owner,
        asset_type: item.asset_type.code(),
        name: item.name.clone(),
    })
}

/// The message that carries a notice. Its bucket: whether something is attached, the asset type,
/// the group, and the item's name with a zero byte, which viewers insist on.
pub fn notice_message(notice: &Notice, to: AgentId, dialog: u8) -> InstantMessage {
    let mut bucket = Vec::with_capacity(64);
    let (kind, name) = notice
        .attachment
        .as_ref()
        .map_or((0, ""), |attached| (attached.asset_type, attached.name.as_str()));
    bucket.push(u8::from(notice.attachment.is_some()));
    bucket.extend_from_slice(&kind.to_be_bytes());
    bucket.extend_from_slice(notice.group.0.as_bytes());
    bucket.extend(cut(name, MAX_ITEM_NAME).bytes().filter(|byte| *byte != 0));
    bucket.push(0);
    InstantMessage {
        to,
        from: notice.group.0,
        from_name: notice.from_name.clone(),
        from_group: true,
        dialog,
        id: notice.id.0,
        region: RegionId::NIL,
        position: Vector3::default(),
        at: notice.at,
        // Viewers look for the bar without checking that there is one.
        text: format!("{}|{}", notice.subject, notice.body),
        bucket: Bytes::from(bucket),
    }
}

/// `ImprovedInstantMessage.Dialog` of a notice.
const NOTICE: u8 = 32;
/// The same of one that was asked for.
const NOTICE_REQUESTED: u8 = 37;
/// Bytes.
const MAX_SUBJECT: usize = 63;
/// Bytes of subject and body together, without the bar between.
const MAX_TEXT: usize = 1022;
/// Bytes of an item's name in a bucket.
const MAX_ITEM_NAME: usize = 254;
/// Notices that one list tells.
const MAX_LISTED: usize = 200;
/// Notices that a group may have in a day, so that nobody fills the disk.
const MAX_A_DAY: usize = 200;
/// Seconds.
const DAY: u64 = 24 * 3600;
/// A reference has two short entries.
const BUCKET_LIMITS: Limits = Limits { depth: 4, nodes: 16, ..Limits::SMALL };
