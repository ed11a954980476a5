//! `GroupMemberData` and the answers to invitations.

use super::*;
use crate::services::groups::{GroupOptions, Invitee, NewGroup};

struct Founded {
    grid: Grid,
    founder: AgentId,
    group: crate::ids::GroupId,
}

/// A closed group of somebody who is not the one that is logged in.
async fn founded() -> Founded {
    let grid = Grid::new().await;
    let services = &grid.caps.services;
    let name = AccountName::new("Zoe", "Founder").unwrap();
    let password = NewPassword::parse("test").unwrap();
    let founder = services.accounts.create(name, password, None).await.unwrap().id;
    let new = NewGroup { name: "Gardeners".to_owned(), options: GroupOptions::default() };
    let group = services.groups.create(founder, new).await.unwrap().info.id;
    Founded { grid, founder, group }
}

impl Founded {
    async fn invite(&self) {
        let invitee = Invitee { agent: self.grid.agent(), role: crate::ids::RoleId::NIL };
        let groups = &self.grid.caps.services.groups;
        let name = "Zoe Founder".to_owned();
        groups.invite(self.founder, name, self.group, vec![invitee]).await.unwrap();
    }

    async fn ask(&self, cap: &'static str, body: Llsd) -> Llsd {
        let url = self.grid.url(cap);
        let answer = self.grid.post(&url, &body).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.llsd()
    }

    async fn answered(&self, cap: &'static str) -> bool {
        self.ask(cap, llsd::map! { "group" => self.group.0 }).await.get("success").as_bool()
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_by_its_group_alone() {
    let founded = founded().await;
    assert!(!founded.answered("AcceptGroupInvite").await, "not invited");
    founded.invite().await;
    assert!(founded.answered("AcceptGroupInvite").await);
    assert!(!founded.answered("AcceptGroupInvite").await, "twice");
    let group = founded.grid.caps.services.groups.group(founded.group).await.unwrap().unwrap();
    assert!(group.member(founded.grid.agent()).is_some());
}

#[tokio::test]
async fn a_declined_invitation_cannot_be_accepted() {
    let founded = founded().await;
    founded.invite().await;
    assert!(founded.answered("DeclineGroupInvite").await);
    assert!(!founded.answered("DeclineGroupInvite").await, "twice");
    assert!(!founded.answered("AcceptGroupInvite").await);
}

#[tokio::test]
async fn members_come_sorted_and_in_pages() {
    let founded = founded().await;
    founded.invite().await;
    assert!(founded.answered("AcceptGroupInvite").await);
    let (zoe, test) = (founded.founder.to_string(), founded.grid.agent().to_string());
    let page = async |column: i32, descending: i32, start: i32| {
        let body = llsd::map! {
            "group_id" => founded.group.0,
            "page_size" => 1,
            "page_start" => start,
            "sort_column" => column,
            "sort_descending" => descending,
        };
        let answer = founded.ask("GroupMemberData", body).await;
        assert_eq!(answer.get("member_count").as_i32(), 2, "the total, not the page");
        let members = answer.get("members").as_map();
        members.iter().map(|(agent, _)| agent.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(1, 0, 0).await, [test.as_str()], "Test comes before Zoe");
    assert_eq!(page(1, 0, 1).await, [zoe.as_str()]);
    assert_eq!(page(1, 1, 0).await, [zoe.as_str()]);
    assert_eq!(page(4, 1, 0).await, [zoe.as_str()], "Owner comes after Member");
    assert!(page(1, 0, 2).await.is_empty());
}

#[tokio::test]
async fn strangers_and_nonsense_get_a_list_of_nobody() {
    let founded = founded().await;
    for body in [
        llsd::map! { "group_id" => founded.group.0 },
        llsd::map! { "group_id" => "nonsense", "page_size" => -5 },
        Llsd::Array(Vec::new()),
    ] {
        let answer = founded.ask("GroupMemberData", body).await;
        assert_eq!(answer.get("member_count"), &Llsd::Integer(0));
        assert!(answer.get("members").as_map().is_empty());
        assert_eq!(answer.get("defaults").get("default_powers").as_str(), Some("0"));
        assert!(matches!(answer.get("titles"), Llsd::Array(titles) if titles.is_empty()));
    }
}
